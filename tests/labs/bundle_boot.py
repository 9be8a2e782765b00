"""Bundles of a lab of `fota-boot`: programs that tell what they see, put into a home as a maker or an update does."""

import os
import shutil
from pathlib import Path

from fota import trial
from fota.boards.files import FilesBoard
from fota.digests import Hasher
from fota_boot import start_images
from tests.labs.bundles import bundle
from tests.labs.present import present

PROGRAM = """
import json, os, sys
def tell(event, **facts):
    with open(os.environ["LAB_EVENTS"], "a") as events:
        line = json.dumps({"event": event, "image": NAME, "pid": os.getpid(), "argv": sys.argv, **facts})
        events.write(line + "\\n")
def wait_to_be_stopped():
    import signal
    while True:
        signal.pause()
tell("started", slot=int(os.environ["FOTA_SLOT"]), path=sys.path, protocol=os.environ["FOTA_BOOT_PROTOCOL"],
     file=__file__, main=sys.modules["__main__"].__file__)
"""
LIBRARY = Path(start_images.__file__).parents[1] / "fota"


def packed(name, script, more=None, entry="__main__", **given):
    files: dict[str, str | bytes] = {
        "app/__main__.py": f"NAME = {name!r}\n{PROGRAM}\n{script}\n",
        "app/own/__init__.py": "x = 1\n",
    }
    # The image carries this library, as a maker's does.
    files |= {"lib/fota/" + path.relative_to(LIBRARY).as_posix(): path.read_bytes() for path in LIBRARY.rglob("*.py")}
    return bundle({**files, **(more or {})}, entry=entry, **given)


def put_on_trial(lab, content, slot=1):
    home = FilesBoard(str(lab.home_path))
    hasher = Hasher()
    hasher.update(memoryview(content))
    writer = home.slots.writer(slot, len(content))
    writer.write(memoryview(content))
    writer.close()
    digests = hasher.digests()
    start_images.unpack_now(home.path, slot, digests)
    home.slots.seal(slot, digests)
    home.records.save(trial.begun(present(home.records.load()), slot))


def provision(lab, content):
    path = lab.folder / "factory.bundle"
    path.write_bytes(content)
    return lab.run("--factory", str(path))


def opened(tree):
    for folder, _, _ in os.walk(tree):
        Path(folder).chmod(0o755)
    return tree


def tree_of(lab, slot):
    return lab.home_path / f"slot-{slot}.tree"


def no_tree(tree):
    shutil.rmtree(tree)
