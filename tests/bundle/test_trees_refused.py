"""A tree that cannot be made: of a bundle that is wrong, or on a disk that fails. Nothing is left of it."""

import errno
import io
import os
import zipfile

import pytest

from fota.bundle import folders_cpython as folders
from fota.errors import NoSpace, StorageFailed
from fota.progress import Progress
from fota.trust.errors import WrongFormat, WrongRuntime
from fota.waiting import Listening
from tests.labs.bundles import bundle, zipped
from tests.labs.tree_bench import FILES


def escape(fields):
    fields["files"][0][0] = "app/../../escaped.py"


def other_sum(fields):
    fields["files"][0][3] = "0" * 64


def other_size(fields):
    fields["files"][0][2] += 1


def no_such_file(fields):
    fields["files"][0][0] = "app/__another__.py"


@pytest.mark.parametrize("wrong", [escape, other_sum, other_size, no_such_file])
def test_a_list_that_is_not_of_its_files_makes_no_tree_and_writes_nothing_beside_it(bench, wrong):
    bench.put(bundle(FILES, listed=wrong))
    before = sorted(path.name for path in bench.home.rglob("*"))
    with pytest.raises(WrongFormat, match=r"slot 1: (path|tree)"):
        bench.unpack()
    assert not bench.is_whole()
    assert sorted(path.name for path in bench.home.rglob("*")) == before
    assert not (bench.home.parent / "escaped.py").exists()


@pytest.mark.parametrize("lost_bytes", [1, 100_000, 200_020])
def test_an_archive_that_ends_too_early_makes_no_tree(bench, lost_bytes):
    content = bundle({"app/__main__.py": "pass\n", "lib/core.so": bytes(200_000)})
    end = content.index(b"PK\x01\x02")
    bench.put(content[: end - lost_bytes])
    with pytest.raises(WrongFormat, match="too early"):
        bench.unpack()
    assert not bench.folder.exists()


def test_members_that_are_compressed_are_refused(bench):
    fields = bundle(FILES)
    with zipfile.ZipFile(io.BytesIO(fields)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    bench.put(zipped(members, method=zipfile.ZIP_DEFLATED))
    with pytest.raises(WrongFormat, match="stored"):
        bench.unpack()


def test_an_image_for_another_python_is_not_unpacked(bench):
    with pytest.raises(WrongRuntime, match="needs another"):
        bench.put(bundle(FILES)).unpack("runtime: needs another")
    assert not bench.folder.exists()


def test_a_full_disk_leaves_its_room_to_others_and_the_image_in_its_slot(bench, monkeypatch):
    original = os.pwrite

    def refuse(descriptor, content, offset):
        if offset:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(descriptor, content, offset)

    bench.put(bundle(FILES))
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", refuse)
        with pytest.raises(NoSpace):
            bench.unpack()
    assert not bench.folder.exists()
    assert (bench.home / "slot-1.img").stat().st_size == bench.digests.size_bytes
    assert bench.unpack().is_whole()


def test_room_for_image_and_tree_is_asked_for_and_what_the_slot_gives_up_counts(made, monkeypatch):
    monkeypatch.setattr(folders, "free_bytes", lambda _path: 1_000)
    given_up = sum(folders.taken_bytes(f"{made.home}/slot-1.{kind}") for kind in ("img", "tree", "files"))
    made.slots.require_room(1, 500, given_up + 500)
    with pytest.raises(NoSpace, match=f"{given_up + 1_001} bytes are needed"):
        made.slots.require_room(1, 501, given_up + 500)


def test_a_flush_that_fails_makes_no_tree(bench, monkeypatch):
    def refuse(_descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    bench.put(bundle(FILES))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(StorageFailed):
            bench.unpack()
    assert not bench.is_whole()


def test_a_watchdog_is_served_while_a_tree_is_made(bench):
    class Fed(Progress):
        times = 0

        def waiting(self):
            self.times += 1

    fed = Fed()
    bench.put(bundle(FILES))
    with Listening(fed):
        bench.unpack()
    assert fed.times > len(FILES)


def test_a_tree_that_is_removed_may_be_deep(made):
    deep = made.opened() / "app"
    for _ in range(300):
        deep = deep / "d"
    deep.mkdir(parents=True)
    made.tree.forget()
    assert not made.folder.exists()
