"""The tree of a slot: unpacked of a proven image, whole or not there, and noticed when anything in it changes."""

import errno
import os
import shutil
import subprocess

import pytest

from fota.bundle import byte_code_cpython as byte_code
from fota.bundle import folders_cpython as folders
from fota.digests import Hasher
from tests.labs.bundles import bundle, zipped
from tests.labs.tree_bench import FILES


def test_a_bundle_is_unpacked_with_byte_code_and_is_whole(made):
    assert made.is_whole()
    assert (made.folder / "lib/core.so").read_bytes() == FILES["lib/core.so"]
    assert (made.folder / "app/pump/water.txt").read_text() == "wet"
    sources = [path for path in FILES if path.endswith(".py")]
    assert all((made.folder / byte_code.place_of(path)).is_file() for path in sources)
    assert made.kept == [True]
    assert made.tree.entry() == "__main__"


def test_folders_and_files_of_a_tree_are_closed_for_writing(bench):
    bench.put(bundle(FILES, modes={"lib/core.so": 0o755})).unpack()
    modes = {
        path.relative_to(bench.folder).as_posix(): path.stat().st_mode & 0o777 for path in bench.folder.rglob("*")
    }
    assert (modes["app"], modes["app/pump/water.py"], modes["lib/core.so"]) == (0o555, 0o444, 0o555)
    assert {mode & 0o222 for mode in modes.values()} == {0}


def test_a_tree_that_is_whole_is_not_made_again(made):
    before = (made.folder / "app").stat().st_ino
    made.unpack()
    assert ((made.folder / "app").stat().st_ino, made.kept) == (before, [True])


def test_a_zipapp_has_no_tree(bench):
    bench.put(zipped([("__main__.py", b"pass")])).unpack()
    assert not bench.folder.exists()
    assert bench.kept == []


def test_what_overwrites_an_image_removes_its_tree(made):
    made.put(zipped([("__main__.py", b"pass")]))
    assert not made.folder.exists()
    assert not (made.home / "slot-1.files").exists()
    assert not made.is_whole()


def test_the_tree_of_another_image_does_not_count(made):
    hasher = Hasher()
    hasher.update(memoryview(b"another image"))
    made.digests = hasher.digests()
    assert not made.is_whole()


def write_own_data(tree):
    (tree / "app/data.db").write_text("x")


def add_byte_code(tree):
    (tree / "app/pump/__pycache__/more.cpython-311.pyc").write_bytes(b"x")


def add_an_empty_folder(tree):
    (tree / "lib/empty").mkdir()


def add_a_third_folder(tree):
    (tree / "site").mkdir()


def change_byte_code(tree):
    path = next((tree / "app/pump/__pycache__").glob("water.*"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def change_one_bit(tree):
    (tree / "lib/core.so").chmod(0o644)
    with (tree / "lib/core.so").open("r+b") as file:
        file.seek(100_000)
        file.write(b"\x01")


def cut_short(tree):
    (tree / "lib/core.so").chmod(0o644)
    os.truncate(tree / "lib/core.so", 5)


def remove_a_file(tree):
    (tree / "app/pump/water.txt").unlink()


def remove_a_folder(tree):
    shutil.rmtree(tree / "lib")


def remove_all(tree):
    shutil.rmtree(tree)


def link_in_place_of_a_file(tree):
    (tree / "app/pump/water.txt").unlink()
    outside = tree.parent / "water.txt"
    outside.write_text("wet")
    (tree / "app/pump/water.txt").symlink_to(outside)


def link_in_place_of_a_folder(tree):
    (tree / "lib").rename(tree.parent / "lib")
    (tree / "lib").symlink_to(tree.parent / "lib")


def link_in_place_of_all(tree):
    tree.rename(tree.parent / "tree")
    tree.symlink_to(tree.parent / "tree")


def pipe_in_place_of_a_file(tree):
    (tree / "app/pump/water.txt").unlink()
    os.mkfifo(tree / "app/pump/water.txt")


def folder_in_place_of_a_file(tree):
    (tree / "app/pump/water.txt").unlink()
    (tree / "app/pump/water.txt").mkdir()


def change_the_list(tree):
    path = tree.parent / "slot-1.files"
    path.write_bytes(path.read_bytes().replace(b"__main__", b"__mean__"))


def remove_the_list(tree):
    (tree.parent / "slot-1.files").unlink()


def pipe_in_place_of_the_list(tree):
    (tree.parent / "slot-1.files").unlink()
    os.mkfifo(tree.parent / "slot-1.files")


def lose_an_executable_bit(tree):
    (tree / "app/pump/run").chmod(0o444)


def gain_an_executable_bit(tree):
    (tree / "app/pump/water.txt").chmod(0o544)


def set_the_user(tree):
    (tree / "app/pump/run").chmod(0o4555)


def set_the_group(tree):
    (tree / "lib/core.so").chmod(0o2444)


HARMS = (
    lose_an_executable_bit, gain_an_executable_bit, set_the_user, set_the_group,
    write_own_data, add_byte_code, add_an_empty_folder, add_a_third_folder, change_byte_code, change_one_bit,
    cut_short, remove_a_file, remove_a_folder, remove_all, link_in_place_of_a_file, link_in_place_of_a_folder,
    link_in_place_of_all, pipe_in_place_of_a_file, folder_in_place_of_a_file, change_the_list, remove_the_list,
    pipe_in_place_of_the_list,
)  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_a_tree_that_was_changed_is_not_whole_and_is_made_again(made, harm):
    harm(made.opened())
    assert made.is_whole() is False
    made.unpack()
    assert made.is_whole()


def test_who_may_write_to_a_file_or_a_folder_is_no_change(made):
    # Its bytes are compared.
    for path in made.opened().rglob("*"):
        path.chmod(path.stat().st_mode | 0o666)
    assert made.is_whole()


def test_a_tree_is_made_where_the_file_system_keeps_no_modes(bench, monkeypatch):
    def refuse(path, _mode):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), path)

    monkeypatch.setattr(os, "chmod", refuse)
    assert bench.put(bundle(FILES)).unpack().is_whole()


def test_a_file_that_cannot_be_read_now_is_no_changed_one(made, monkeypatch):
    def refuse(*_words, **_named):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(folders, "measured", refuse)
    assert made.tree.is_whole() is None


def test_a_source_that_cannot_be_compiled_stays_without_byte_code(bench):
    bench.put(
        bundle({**FILES, "lib/old.py": "print 'two'\n", "lib/nul.py": b"\x00", "lib/latin.py": b"\xff"})
    ).unpack()
    assert bench.is_whole()
    assert not list(bench.folder.glob("lib/__pycache__/old*"))
    assert list(bench.folder.glob("lib/__pycache__/é*"))


def test_a_tree_is_made_where_no_process_can_be(bench, monkeypatch):
    def refuse(*_words, **_named):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert bench.put(bundle(FILES)).unpack().is_whole()
    assert not list(bench.folder.rglob("*.pyc"))
