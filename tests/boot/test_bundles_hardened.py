"""A bundle under what examples/systemd/fota-device.service forbids, as far as that can be had without systemd.

No capability and no way to a new one, every file system read-only but the home, umask 077: provisioned, updated twice
and examined. Needs `unshare` and `setpriv`, and leave to make a namespace of mounts.
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labs.boot_lab import BootLab
from tests.labs.bundle_boot import packed

_RESTRICTED = "setpriv --no-new-privs --bounding-set=-all --inh-caps=-all"

_UPDATE = """
import sys
from fota import trial
from fota.boards.files import FilesBoard
from fota.digests import Hasher
from fota_boot import start_images

home, content, hasher = FilesBoard(sys.argv[1]), open(sys.argv[2], "rb").read(), Hasher()
hasher.update(memoryview(content))
record = home.records.load()
slot = 1 - record.confirmed_slot
writer = home.slots.writer(slot, len(content))
writer.write(memoryview(content))
writer.close()
start_images.unpack_now(home.path, slot, hasher.digests())
home.slots.seal(slot, hasher.digests())
home.records.save(trial.begun(record, slot))
"""

_CONFIRMS = """
from fota import device
device.current().confirm()
caps = [line for line in open("/proc/self/status") if line.startswith(("CapEff", "NoNewPrivs"))]
try:
    open(os.path.join(os.environ["LAB_OUTSIDE"], "x"), "w")
    outside = "written"
except OSError as error:
    outside = error.strerror
tell("confirmed", caps=[line.split()[1] for line in caps], outside=outside)
"""


def restricted(lab: BootLab, script: str) -> str:
    """What a shell script writes that runs with the restrictions; the lab's folder alone can be written to."""
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("unshare and setpriv are needed: Debian's util-linux has both")
    place = shlex.quote(str(lab.folder))
    mounts = f"mount --bind {place} {place} && mount -o remount,bind,ro / && cd {place} && umask 077"
    whole = f'{mounts} || exit 77\nrun() {{ {_RESTRICTED} "$@"; }}\n{script}'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", whole],
        capture_output=True,
        text=True,
        timeout=60,
        env=lab._environment({"LAB_OUTSIDE": "/"}),
    )
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip(f"no namespace of mounts can be made here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_bundle_is_provisioned_updated_and_started_with_all_that_the_unit_forbids(lab: BootLab) -> None:
    files = {}
    for name in ("factory", "second", "third"):
        files[name] = lab.folder / f"{name}.bundle"
        files[name].write_bytes(packed(name, _CONFIRMS))
    (lab.folder / "update.py").write_text(_UPDATE)
    python, home = shlex.quote(sys.executable), shlex.quote(str(lab.home_path))
    boot = f"run {python} -m fota_boot.command --home {home}"
    # The program of a bundle ends here after its confirm, so fota-boot is stopped after a moment.
    start = f"run timeout --signal=TERM 4 {python} -m fota_boot.command --home {home} || true"
    script = [f"{boot} --factory factory.bundle --slot-size 2000000 || exit 1"]
    for name in ("second", "third"):
        script += [f"run {python} update.py {home} {name}.bundle || exit 1", start]
    told = restricted(lab, "\n".join([*script, f"{boot} --doctor || true"]))
    confirmed = {event["image"]: event for event in lab.events("confirmed")}
    assert set(confirmed) == {"second", "third"}
    for event in confirmed.values():
        assert sorted(event["caps"]) == ["0000000000000000", "1"]
        assert event["outside"] == "Read-only file system"
    assert "ok      slot 0: confirmed: " in told
    tree = lab.home_path / "slot-0.tree"
    assert list(tree.rglob("*.pyc"))
    assert {path.stat().st_mode & 0o7777 for path in tree.rglob("*")} == {0o555, 0o444}
    assert {Path(path).stat().st_mode & 0o077 for path in lab.home_path.glob("*-[01]")} == {0}
