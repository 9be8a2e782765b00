"""`fota-boot` as a real process: nothing that an image has started runs beside the next image, or without a guard."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from fota.record import Record
from tests.labs.boot_lab import CRASHES, QUICK, WAITS, alive, until

pytestmark = pytest.mark.slow

HELPER = """
import socket
port = socket.socket()
port.bind(("127.0.0.1", int(os.environ["LAB_PORT"])))
port.listen()
port.set_inheritable(True)
HOW
"""

# Each row: how an image leaves a process behind, which holds a port.
TOLD = "tell('left', child=left.pid)\n"
SESSION = "left = subprocess.Popen(['sleep', '1000'], start_new_session=True, close_fds=False)\n" + TOLD
TWICE = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        tell('left', child=os.getpid())
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(100)
    os._exit(0)
os.wait()
while not any('"left"' in line for line in open(os.environ["LAB_EVENTS"])):
    time.sleep(0.01)
"""
NO_ENVIRONMENT = (
    "left = subprocess.Popen(['setsid', 'sleep', '1000'], env={}, close_fds=False)\ntell('left', child=left.pid)\n"
)

every_way = pytest.mark.parametrize(
    "how", [SESSION, TWICE, NO_ENVIRONMENT], ids=["session", "forked twice", "without environment"]
)


@pytest.fixture
def port():
    """A port that is free."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


@every_way
def test_what_an_image_leaves_in_a_session_of_its_own_ends_before_the_next_image(lab, port, how):
    lab.provision(HELPER.replace("HOW", "tell('has the port')\n" + WAITS))
    lab.put_on_trial("new", HELPER.replace("HOW", how) + "os._exit(3)")
    process = lab.start(LAB_PORT=port)
    lab.wait_for("has the port")
    assert not alive(lab.events("left")[0]["child"])
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=1, cause="crashed")
    assert lab.stop(process) == 0


@every_way
def test_a_stop_ends_it_too(lab, port, how):
    lab.provision(HELPER.replace("HOW", how) + WAITS)
    process = lab.start(LAB_PORT=port)
    child = lab.wait_for("left")["child"]
    assert lab.stop(process) == 0
    assert not alive(child)
    lab.start(LAB_PORT=port)
    lab.wait_for("left", 2)


def test_an_image_inherits_no_file_of_the_supervisor(lab):
    lab.provision("tell('files', names=sorted(os.listdir('/proc/self/fd')))\n" + WAITS)
    lab.start()
    # The fourth is that of the listing itself.
    assert lab.wait_for("files")["names"] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("how", [SESSION, TWICE], ids=["session", "forked twice"])
def test_when_the_supervisor_is_killed_nothing_runs_on(lab, port, how):
    lab.provision(HELPER.replace("HOW", how) + WAITS)
    process = lab.start(LAB_PORT=port)
    child = lab.wait_for("left")["child"]
    image = lab.events()[0]["pid"]
    lab.kill(process)
    until(lambda: not alive(image), "the end of the image")
    until(lambda: not alive(child), "the end of what it had started")


def test_the_next_supervisor_ends_what_is_left_before_it_starts_an_image(lab, port):
    lab.provision(HELPER.replace("HOW", SESSION) + WAITS)
    process = lab.start(LAB_PORT=port, shortened={"leftovers.Guard.__init__": _NO_GUARD})
    child = lab.wait_for("left")["child"]
    lab.kill(process)
    assert alive(child)
    again = lab.start(LAB_PORT=port)
    lab.wait_for("left", 2)
    assert not alive(child)
    assert "leftovers-killed" in lab.log()
    assert lab.stop(again) == 0


_NO_GUARD = "lambda self, home: self.__dict__.update(pids=(), _writer=s.os.open('/dev/null', 1))"


def test_orphans_that_end_while_an_image_runs_are_buried(lab):
    orphan = "subprocess.run(['sh', '-c', 'sleep 0.2 & echo $! > ' + os.environ['LAB_EVENTS'] + '.pid'])\n"
    lab.provision(orphan + "tell('orphan', child=int(open(os.environ['LAB_EVENTS'] + '.pid').read()))\n" + WAITS)
    lab.start()
    child = lab.wait_for("orphan")["child"]
    until(lambda: not Path(f"/proc/{child}").exists(), "the burial")


@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux is not installed")
def test_as_process_1_it_stops_when_asked_and_starts_images_again(lab):
    namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespace of processes may be made here")
    lab.provision(SESSION + CRASHES)
    with (lab.folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*namespace, *lab.command(shortened=QUICK)], stderr=log, env=lab._environment({}), start_new_session=True
        )
    try:
        lab.wait_for_start(3)
        inside = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout
        os.kill(int(inside), signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_what_debugs_the_supervisor_is_not_for_the_image(lab):
    lab.provision("tell('environment', names=sorted(os.environ))\n" + WAITS)
    lab.start(SSLKEYLOGFILE=str(lab.folder / "keys"), FOTA_NOTE="/elsewhere")
    names = lab.wait_for("environment")["names"]
    assert not {"SSLKEYLOGFILE", "FOTA_NOTE"} & set(names)


def test_stderr_of_an_image_on_trial_is_passed_on(lab):
    lab.provision()
    lab.put_on_trial("new", "print('x' * 200_000 + 'the end', file=sys.stderr)\n" + CRASHES)
    lab.start()
    lab.wait_for_start(2)
    assert "x" * 200_000 + "the end" in lab.log()


def test_a_supervisor_without_descriptors_for_its_guard_boots(lab):
    lab.provision()
    process = lab.start(shortened={"leftovers.os": _NO_PIPE})
    lab.wait_for_start(1)
    assert "image-unguarded problem=[Errno 24] Too many open files" in lab.log()
    assert lab.stop(process) == 0


# The module `os` with another `pipe`, for this one module.
_NO_PIPE = (
    "type('os', (), {**s.os.__dict__, 'pipe': staticmethod("
    "lambda: (_ for _ in ()).throw(OSError(24, 'Too many open files')))})"
)
