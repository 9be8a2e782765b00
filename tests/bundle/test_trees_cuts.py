"""The power is cut at each change of the disk while a tree is made, and replaced: a tree that counts is whole.

`fota_testing.posix` plays the disk: what was not flushed may be lost, kept, torn or mixed.
"""

import hashlib

import pytest

from fota import _storage_cpython, storage
from fota.bundle import byte_code_cpython as byte_code
from fota.bundle import folders_cpython as folders
from fota.bundle import trees_cpython as trees
from fota.digests import Digests
from fota.slots.files import FileSlots
from fota_testing.flash.cells import PowerCut
from fota_testing.posix.model import PosixModel, installed
from tests.labs.bundles import bundle

HOME = "/home"
OLD = bundle({"app/__main__.py": "old = 1\n", "lib/a.py": "x = 1\n"})
NEW = bundle({"app/__main__.py": "new = 2\n", "lib/a.py": "x = 2\n", "lib/b/c.so": bytes(range(256)) * 3})
MIXTURES = ["lost", "kept", "names", "contents", "sizes", *(f"mixed-{number}" for number in range(6))]


class CompilesHere:
    """Byte code without a process, which would see another disk."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def byte_code(self, path, source):
        return b"code of " + path.encode() + source


@pytest.fixture(autouse=True)
def no_process(monkeypatch):
    monkeypatch.setattr(byte_code, "Compiler", CompilesHere)


def digests_of(content):
    return Digests(len(content), hashlib.md5(content).digest(), hashlib.sha256(content).digest())


def on(model):
    return installed(model, _storage_cpython, storage, folders, trees)


def slots():
    return FileSlots(HOME, 2, 1 << 20)


def update(content):
    """What an update does with a slot: write, unpack, seal."""
    own = slots()
    writer = own.writer(1, len(content))
    writer.write(memoryview(content))
    writer.close()
    trees.Tree(HOME, 1).make(digests_of(content), lambda _runtime, _boot: "", lambda: None)
    own.seal(1, digests_of(content))


def disk_with(content):
    model = PosixModel()
    with on(model):
        model.mkdir(HOME)
        if content is not None:
            update(content)
    return model.disk.after_cut("kept")


def left_by_cuts(before, content):
    """The disk after each cut of an update."""
    number = 0
    while True:
        number += 1
        model = PosixModel(before)
        model.cut_at = number
        with on(model):
            try:
                update(content)
            except PowerCut:
                pass
            else:
                return
        known = model.disk.shapes()
        for shape in (shape for shape in MIXTURES if shape in known):
            yield f"{number}:{shape}", model.disk.after_cut(shape)


def violations(before, content):
    """What is wrong after some cut, and how many cuts there were."""
    found, count = [], 0
    for name, disk in left_by_cuts(before, content):
        count += 1
        with on(PosixModel(disk)):
            tree, sealed = trees.Tree(HOME, 1), slots().seal_of(1)
            for image in (OLD, NEW):
                # Read here, without the code under test.
                made_of = (tree._value.load() or b"")[32:]
                if sealed is not None and sealed.matches(digests_of(image)) and made_of != sealed.sha256:
                    found.append(f"{name}: sealed, and there is no tree of it")
                if made_of == digests_of(image).sha256 and not tree.is_whole():
                    found.append(f"{name}: a tree counts, and is not whole")
            update(content)
            if not trees.Tree(HOME, 1).is_whole():
                found.append(f"{name}: the tree was not made again")
    return found, count


@pytest.mark.slow
@pytest.mark.parametrize("before", [None, OLD], ids=["first", "replaced"])
def test_a_cut_at_any_change_leaves_a_whole_tree_or_none(before):
    found, count = violations(disk_with(before), NEW)
    assert found == []
    assert count > 300


def not_flushed(monkeypatch):
    monkeypatch.setattr(folders, "flush", lambda _paths: None)


def without_the_files(monkeypatch):
    original = folders.flush
    monkeypatch.setattr(folders, "flush", lambda paths: original([path for path in paths if "." not in path[-5:]]))


def without_the_folders(monkeypatch):
    original = folders.flush
    monkeypatch.setattr(folders, "flush", lambda paths: original([path for path in paths if "." in path[-5:]]))


def value_of_the_former_image_stays(monkeypatch):
    monkeypatch.setattr(trees.Tree, "is_of", lambda tree, _image: bool(tree._value.load()))
    monkeypatch.setattr(trees.Tree, "forget", lambda _tree: None)


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeded", [not_flushed, without_the_files, without_the_folders, value_of_the_former_image_stays]
)
def test_a_bug_in_the_order_of_flushes_is_found(monkeypatch, seeded):
    seeded(monkeypatch)
    assert violations(disk_with(OLD), NEW)[0] != []
