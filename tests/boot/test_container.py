"""The start script of a container, as process 1 in namespaces of its own; and what can be said of the Dockerfile.

A read-only root, no capabilities, and a home on a mount of its own, as `docker run --read-only --cap-drop ALL` makes
them. No engine for containers is needed; where the kernel allows no namespaces, the tests say so and are left out.
"""

import json
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from fota_boot.options import make_parser
from tests.labs.boot_lab import CONFIRMS, CRASHES, WAITS, until
from tests.labs.container_lab import BIN, EXAMPLE, NAMESPACES, Container, in_namespaces
from tests.labs.docs_pages import blocks, read

pytestmark = pytest.mark.slow


@pytest.fixture
def start(lab):
    started = []

    def make(script=WAITS, *arguments):
        if script is not None:
            lab.image("factory", script)
        started.append(Container(lab, *arguments))
        return started[-1]

    yield make
    for one in started:
        one.end()


@in_namespaces
def test_the_first_start_provisions_the_home_and_starts_the_factory_image(lab, start):
    start(WAITS, "/etc/fota-device")
    started = lab.wait_for_start(1)
    assert (started["image"], started["arguments"]) == ("factory", ["/etc/fota-device"])
    assert "provisioned" in lab.log()


@in_namespaces
def test_fota_boot_itself_is_process_1(lab, start):
    container = start("tell('parent', parent=os.getppid())\n" + WAITS)
    assert lab.wait_for("parent")["parent"] == 1
    assert "fota-boot" in Path(f"/proc/{container.process_1()}/cmdline").read_text()


@in_namespaces
def test_sigterm_ends_the_image_and_the_container_with_status_0(lab, start):
    container = start("signal.signal(signal.SIGTERM, lambda *_: (tell('asked'), os._exit(0)))\n" + WAITS)
    lab.wait_for_start(1)
    container.signal(signal.SIGTERM)
    assert container.process.wait(20) == 0
    assert len(lab.events("asked")) == 1


@in_namespaces
def test_another_signal_is_passed_on_to_the_image(lab, start):
    container = start("signal.signal(signal.SIGHUP, lambda *_: tell('hung-up'))\ntell('ready')\n" + WAITS)
    lab.wait_for("ready")
    container.signal(signal.SIGHUP)
    lab.wait_for("hung-up")


ORPHANS = """
for number in range(5):
    subprocess.run(["sh", "-c", "setsid sleep 0.1 & exit 0"])
tell("orphaned")
"""


@in_namespaces
def test_orphans_leave_no_zombies(lab, start):
    container = start(ORPHANS + WAITS)
    lab.wait_for("orphaned")
    until(lambda: not [line for _, line in container.processes() if "sleep" in line], "the end of the orphans")
    until(lambda: "Z" not in [state for state, _ in container.processes()], "the burial of the orphans")


COUNTS_HELPERS = """
running = [open(f"/proc/{pid}/cmdline", "rb").read() for pid in os.listdir("/proc") if pid.isdigit()]
tell("helpers", count=sum(b"sleep" in line for line in running))
"""
HELPER = 'subprocess.run(["sh", "-c", "setsid sleep 1000 & exit 0"])\n'


@in_namespaces
def test_what_an_image_leaves_running_is_gone_before_the_next_one_starts(lab, start):
    start(COUNTS_HELPERS + HELPER + CRASHES)
    lab.wait_for("helpers", 2)
    assert [one["count"] for one in lab.events("helpers")] == [0, 0]


@in_namespaces
def test_the_next_container_goes_on_with_the_volume(lab, start):
    container = start()
    lab.wait_for_start(1)
    container.signal(signal.SIGTERM)
    assert container.process.wait(20) == 0
    lab.put_on_trial("new", CONFIRMS)

    container = start(None)
    lab.wait_for("confirmed")
    container.signal(signal.SIGTERM)
    assert container.process.wait(20) == 0
    start(None)
    lab.wait_for_start(3)

    assert lab.started() == ["factory", "new", "new"]
    assert "holds slots already" not in lab.log()


@in_namespaces
def test_an_image_that_crashes_is_rolled_back(lab, start):
    container = start()
    lab.wait_for_start(1)
    container.signal(signal.SIGTERM)
    container.process.wait(20)
    lab.put_on_trial("bad", CRASHES)
    start(None)
    until(lambda: lab.started()[-1] == "factory" and len(lab.started()) > 2, "the old image")
    assert lab.started() == ["factory", "bad", "bad", "factory"]


@in_namespaces
def test_a_container_that_was_killed_takes_its_image_with_it_and_the_next_one_starts(lab, start):
    container = start()
    first = lab.wait_for_start(1)
    container.signal(signal.SIGKILL)
    container.process.wait(20)
    start(None)
    assert lab.wait_for_start(2)["image"] == first["image"]


@in_namespaces
def test_a_second_container_on_the_same_volume_is_refused(lab, start):
    start()
    lab.wait_for_start(1)
    second = start(None)
    assert second.process.wait(20) == 1
    assert "another program runs in this home" in lab.log()
    assert lab.started() == ["factory"]


IN_MEMORY = 'mount -t tmpfs none "$FOTA_DATA"'
OVER_MEMORY = """
mount -t tmpfs none "$LAB_UPPER" && mkdir "$LAB_UPPER/upper" "$LAB_UPPER/work"
mount -t overlay overlay -o "lowerdir=$FOTA_DATA,upperdir=$LAB_UPPER/upper,workdir=$LAB_UPPER/work" "$FOTA_DATA"
"""
OUT_OF_SIGHT = OVER_MEMORY + 'umount --lazy "$LAB_UPPER"\n'
"""As the root of a container: where the overlay keeps its changes is in another namespace of mounts."""


def start_on(lab, mounts):
    """The script with its data on what the commands mount; the process, whose stderr is the lab's log."""
    folders = {"FOTA_DATA": lab.folder / "data", "LAB_UPPER": lab.folder / "upper"}
    for folder in folders.values():
        folder.mkdir()
    environment = {name: str(folder) for name, folder in folders.items()}
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", "FOTA_FACTORY": str(lab.image("factory", WAITS))}
    with (lab.folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*NAMESPACES, "sh", "-c", f'set -e\n{mounts}\nexec sh "$0"', EXAMPLE / "start-device"],
            env=lab._environment(environment),
            stderr=log,
        )


@in_namespaces
@pytest.mark.parametrize(
    ("mounts", "told"),
    [(IN_MEMORY, "tmpfs forgets all"), (OVER_MEMORY, "overlay keeps changes on tmpfs, which forgets all")],
    ids=["tmpfs", "overlay-over-tmpfs"],
)
def test_a_home_in_memory_is_refused_and_the_reason_is_told(lab, mounts, told):
    assert start_on(lab, mounts).wait(20) == 1
    assert told in lab.log()


@in_namespaces
def test_a_home_on_an_overlay_that_nobody_can_see_into_is_in_doubt_and_starts(lab):
    process = start_on(lab, OUT_OF_SIGHT)
    try:
        lab.wait_for_start(1)
        assert "home-in-doubt" in lab.log()
        assert "overlay keeps changes where nobody can see" in lab.log()
    finally:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in children:
            os.kill(int(pid), signal.SIGTERM)
        process.wait(20)


def instructions():
    """The instructions of the Dockerfile: word and rest, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (EXAMPLE / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def test_the_dockerfile_ends_as_an_unprivileged_user_with_a_volume_and_without_a_shell_before_process_1():
    words = [word for word, _ in instructions()]
    named = dict(instructions())
    assert words[0] == "FROM"
    assert set(words) <= {"FROM", "RUN", "COPY", "USER", "VOLUME", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
    assert words.index("USER") > max(index for index, word in enumerate(words) if word in {"RUN", "COPY"})
    assert f"useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin {named['USER']}" in " ".join(
        rest for _, rest in instructions()
    )
    assert (named["VOLUME"], named["STOPSIGNAL"]) == ("/data", "SIGTERM")
    assert json.loads(named["ENTRYPOINT"]) == ["/usr/local/bin/start-device"]
    assert isinstance(json.loads(named["CMD"]), list)


def test_what_the_dockerfile_copies_is_what_the_page_puts_beside_it():
    page = "".join(block.content for block in blocks(read("docs/how-to/container.md")))
    copied = [shlex.split(rest)[-2] for word, rest in instructions() if word == "COPY"]
    assert sorted(copied) == ["aws-iot-fota", "factory.pyz", "start-device"]
    for name in ("aws-iot-fota", "factory.pyz"):
        assert f"device-container/{name}" in page
    assert "examples/container/start-device device-container/" in page


def test_fota_boot_understands_what_the_script_says():
    script = (EXAMPLE / "start-device").read_text()
    commands = re.findall(r"fota-boot (--home [^\n]*?)(?: 2>&1\)|$)", script, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        make_parser().parse_args(shlex.split(command))
    assert script.rstrip().splitlines()[-1].startswith("exec fota-boot ")


def test_the_script_looks_where_the_dockerfile_puts_things():
    script = (EXAMPLE / "start-device").read_text()
    named = dict(instructions())
    targets = [shlex.split(rest)[-1] for word, rest in instructions() if word == "COPY"]
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]+)\}", script))
    assert defaults["FOTA_DATA"] == named["VOLUME"]
    assert defaults["FOTA_FACTORY"] in targets
    assert json.loads(named["ENTRYPOINT"])[0] in targets
