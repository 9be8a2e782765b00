"""`fota-boot --doctor` on the trees of bundles: whole, changed, not fitting, left over, of another owner."""

import os
from pathlib import Path

import pytest

from fota.bundle import folders_cpython as folders
from fota.bundle import tags_cpython
from fota.bundle.trees_cpython import Tree
from fota.digests import Hasher
from fota_boot.doctor.findings import ERROR, OK, WARNING
from tests.labs.boot_lab import WAITS
from tests.labs.bundles import bundle
from tests.labs.doctor_home import complaints, found, home, one_complaint, spoil

__all__ = ("home",)

FILES: dict[str, str | bytes] = {
    "app/__main__.py": "x = 1\n",
    "app/run": "#!/bin/sh\n",
    "lib/a/core.so": bytes(20_000),
}


@pytest.fixture
def filled(home):
    """Slot 1, the spare one, has a bundle."""
    content = bundle(FILES, modes={"app/run": 0o755}, runtime="cp27-any")
    hasher = Hasher()
    hasher.update(memoryview(content))
    writer = home.slots.writer(1, len(content))
    writer.write(memoryview(content))
    writer.close()
    Tree(home.path, 1).make(hasher.digests(), lambda _runtime, _boot: "", lambda: None)
    home.slots.seal(1, hasher.digests())
    return home


@pytest.fixture
def fitting(filled, monkeypatch):
    """And the device has the Python for it."""
    monkeypatch.setattr(tags_cpython, "fits", lambda runtime: runtime == "cp27-any")
    return filled


def tree(home):
    for folder, _, _ in os.walk(f"{home.path}/slot-1.tree"):
        Path(folder).chmod(0o755)
    return Path(f"{home.path}/slot-1.tree")


def test_a_tree_that_is_whole_is_fine(fitting):
    assert complaints(fitting) == []
    assert found(fitting, "slot 1")[0][0] == OK
    assert found(fitting, "slot-1.tree") == [(OK, "both copies are whole")]


def test_a_bundle_for_another_python_is_told_with_both_names(filled):
    here = tags_cpython.runtime_here()
    one_complaint(filled, "slot 1", WARNING, "does not fit", "needs cp27-any", f"this device is {here}")


def test_what_was_changed_in_a_tree_is_named(fitting):
    top = tree(fitting)
    (top / "app/run").chmod(0o444)
    (top / "lib/a/core.so").unlink()
    (top / "lib/data").mkdir()
    (top / "app/x").write_text("x")
    one_complaint(
        fitting,
        "slot 1",
        WARNING,
        "its tree was changed",
        "lib/a/core.so (missing)",
        "app/x, lib/data (added)",
        "app/run (changed, in its bytes or its mode)",
    )


def test_a_list_that_is_gone_is_told(fitting):
    (Path(fitting.path) / "slot-1.files").unlink()
    one_complaint(fitting, "slot 1", WARNING, "the list of its files is missing or was changed")


def test_a_bundle_that_is_not_unpacked_is_told(fitting):
    for copy in (0, 1):
        Path(fitting.path, f"slot-1.tree-{copy}").write_bytes(bytes(4096))
    one_complaint(fitting, "slot 1", WARNING, "whole and not unpacked")


def test_a_copy_that_is_damaged_is_told(fitting):
    spoil(fitting, "slot-1.tree", 0)
    one_complaint(fitting, "slot-1.tree", WARNING, "slot-1.tree-0 is damaged; the other copy serves")


def test_a_tree_of_no_bundle_is_told(lab, home):
    lab.put_on_trial("new", WAITS)
    Path(home.path, "slot-1.tree/app").mkdir(parents=True)
    Path(home.path, "slot-1.files").touch()
    subjects = {one.subject: one for one in complaints(home)}
    assert "slot-1.tree, slot-1.files: of no bundle" in subjects["slot 1 tree"].text
    assert subjects["slot 1 tree"].level == WARNING


def test_files_of_another_owner_are_told(fitting, monkeypatch):
    original = os.lstat

    def of_another(path):
        status = original(path)
        if not str(path).endswith("/core.so"):
            return status
        return os.stat_result((*status[:4], 4_711, *status[5:]), {"st_blocks": status.st_blocks})

    monkeypatch.setattr(os, "lstat", of_another)
    one_complaint(fitting, "slot 1 tree", ERROR, "lib/a/core.so: of another owner")


def test_the_room_for_the_next_bundle_counts_a_tree_such_as_the_present_one(fitting, monkeypatch):
    record = fitting.records.load()
    fitting.records.save_in_both(type(record)(1))
    taken_bytes = folders.taken_bytes(f"{fitting.path}/slot-1.tree")
    free_bytes = fitting.slots.capacity_bytes(0) + taken_bytes - folders.taken_bytes(fitting.slots.image_path(0))
    disk = os.statvfs(fitting.path)
    for blocks, expected in ((0, []), (1, ["space"])):
        few = os.statvfs_result((*disk[:4], -(-free_bytes // disk.f_frsize) - blocks, *disk[5:]))
        monkeypatch.setattr(os, "statvfs", lambda _path, few=few: few)
        assert [one.subject for one in complaints(fitting)] == expected
