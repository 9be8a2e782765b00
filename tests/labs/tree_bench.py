"""One slot of a home, the bundle that is in it, and its tree."""

import os
from pathlib import Path

from fota.boards.provisioning import create_slots
from fota.bundle.trees_cpython import Tree
from fota.digests import Hasher

FILES = {
    "app/__main__.py": "import pump.water\n",
    "app/pump/__init__.py": "",
    "app/pump/run": "#!/bin/sh\n",
    "app/pump/water.py": "LITRES = 7\n",
    "app/pump/water.txt": "wet",
    "lib/core.so": b"\x7fELF" + bytes(200_000),
    "lib/é.py": "x = 1\n",
}


class TreeBench:
    """One slot, the image that is in it, and its tree."""

    def __init__(self, home):
        home.mkdir()
        self.home = home
        self.slots = create_slots(str(home), 2, 1 << 24)
        self.tree = Tree(str(home), 1)
        self.folder = home / "slot-1.tree"
        self.kept = []

    def put(self, content):
        hasher = Hasher()
        hasher.update(memoryview(content))
        self.digests = hasher.digests()
        writer = self.slots.writer(1, len(content))
        writer.write(memoryview(content))
        writer.close()
        return self

    def unpack(self, problem=""):
        self.tree.make(self.digests, lambda _runtime, _boot: problem, lambda: self.kept.append(True))
        return self

    def is_whole(self):
        fresh = Tree(str(self.home), 1)
        return fresh.is_of(self.digests) and fresh.is_whole()

    def opened(self):
        """The tree, as somebody who may write there leaves it."""
        for folder, _, _ in os.walk(self.folder):
            Path(folder).chmod(0o755)
        return self.folder
