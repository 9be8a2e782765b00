"""Files that must be durable: whatever the file system refuses is told in our own words, and no state is lost."""

import errno
import os
import subprocess
import sys

import pytest

from fota.durable import CELL_BYTES
from fota.errors import Busy, ImageTooLarge, NoSpace, StorageFailed
from fota.record import Record, RecordStore
from fota.storage import FileCell, HomeLock, SlotReader, SlotWriter, make_folder, write_whole_file


@pytest.fixture
def cell(tmp_path):
    made = FileCell(str(tmp_path / "cell"), 64)
    made.create()
    return made


def open_descriptors():
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, not paths


def test_a_cell_begins_as_zeros_that_only_its_owner_may_read(cell, tmp_path):
    assert cell.read() == bytes(64)
    assert (tmp_path / "cell").stat().st_mode & 0o777 == 0o600


def test_a_cell_keeps_its_size_whatever_is_written(cell):
    cell.write(b"abc")
    cell.write(b"z")
    assert cell.read() == b"zbc" + bytes(61)


def test_a_cell_takes_no_more_than_fits(cell):
    with pytest.raises(StorageFailed, match="65 bytes do not fit into 64"):
        cell.write(bytes(65))


def test_a_cell_that_is_gone_reads_as_nothing_and_is_made_again_by_a_write(cell, tmp_path):
    (tmp_path / "cell").unlink()
    assert cell.read() == b""
    cell.write(b"abc")
    assert cell.read() == b"abc" + bytes(61)


def test_a_cell_that_lost_its_end_is_whole_after_a_write(cell, tmp_path):
    (tmp_path / "cell").write_bytes(b"")
    cell.write(b"abc")
    assert cell.read() == b"abc"


def test_a_link_in_the_place_of_a_cell_is_neither_read_nor_written_through(cell, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "cell").unlink()
    (tmp_path / "cell").symlink_to(victim)
    assert cell.read() == b""
    with pytest.raises(StorageFailed):
        cell.write(b"abc")
    assert victim.read_bytes() == b"precious"


def test_a_folder_in_the_place_of_a_cell_is_a_failure_of_the_storage(tmp_path):
    (tmp_path / "cell").mkdir()
    cell = FileCell(str(tmp_path / "cell"), 64)
    assert cell.read() == b""
    with pytest.raises(StorageFailed):
        cell.write(b"abc")


def test_a_full_disk_is_told_as_no_space(tmp_path, monkeypatch):
    def is_full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "pwrite", is_full)
    with pytest.raises(NoSpace):
        FileCell(str(tmp_path / "cell"), 64).write(b"abc")


def test_a_cell_whose_bytes_do_not_read_back_is_not_believed():
    with pytest.raises(StorageFailed):
        FileCell("/dev/null", 64).write(b"abc")


@pytest.mark.parametrize("refuse", ["create", "write"])
def test_a_folder_that_is_gone_is_a_failure_of_the_storage(tmp_path, refuse):
    cell = FileCell(str(tmp_path / "gone" / "cell"), 64)
    with pytest.raises(StorageFailed):
        cell.create() if refuse == "create" else cell.write(b"x")


def test_no_descriptor_is_left_open_by_cells_that_fail(cell):
    before = open_descriptors()
    for path in ("/dev/full", "/dev/null"):
        with pytest.raises(StorageFailed):
            FileCell(path, 64).write(b"abc")
    cell.write(b"abc")
    cell.read()
    assert open_descriptors() == before


# The record, in files.


@pytest.fixture
def record_files(tmp_path):
    paths = (tmp_path / "record-0", tmp_path / "record-1")
    store = RecordStore(*(FileCell(str(path), CELL_BYTES) for path in paths))
    for path in paths:
        FileCell(str(path), CELL_BYTES).create()
    store.save(Record(0))
    store.save(Record(0, boot_slot=1, trial_slot=1))
    return store, paths


RUIN = {
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(CELL_BYTES)),
    "ones": lambda path: path.write_bytes(b"\xff" * CELL_BYTES),
    "text": lambda path: path.write_text("not a record\n"),
}


@pytest.mark.parametrize("how", RUIN)
@pytest.mark.parametrize(("copy", "left"), [(0, Record(0, boot_slot=1, trial_slot=1)), (1, Record(0))])
def test_a_record_with_one_ruined_file_is_read_and_written_on(record_files, copy, left, how):
    store, paths = record_files
    RUIN[how](paths[copy])
    assert store.load() == left
    store.save(Record(1))
    assert store.load() == Record(1)
    store.save(Record(2))
    assert store.load() == Record(2)


@pytest.mark.parametrize("how", RUIN)
def test_a_record_with_two_ruined_files_is_none_and_can_be_saved_again(record_files, how):
    store, paths = record_files
    for path in paths:
        RUIN[how](path)
    assert store.load() is None
    store.save(Record(1))
    assert store.load() == Record(1)


# Images.


def test_an_image_is_given_its_room_before_its_first_byte(tmp_path):
    writer = SlotWriter(str(tmp_path / "image"), 100_000)
    assert (tmp_path / "image").stat().st_blocks * 512 >= 100_000
    writer.close()


def test_an_image_that_is_closed_early_has_only_what_was_written(tmp_path):
    writer = SlotWriter(str(tmp_path / "image"), 100_000)
    writer.write(memoryview(b"abc"))
    writer.close()
    assert (tmp_path / "image").read_bytes() == b"abc"


def test_a_writer_takes_no_more_than_it_was_made_for(tmp_path):
    writer = SlotWriter(str(tmp_path / "image"), 3)
    writer.write(memoryview(b"abc"))
    with pytest.raises(ImageTooLarge):
        writer.write(memoryview(b"d"))
    writer.close()


def test_an_image_that_is_not_there_reads_as_empty(tmp_path):
    assert SlotReader(str(tmp_path / "image")).readinto(memoryview(bytearray(8))) == 0


def test_an_image_that_cannot_be_read_is_a_failure_of_the_storage(tmp_path):
    with pytest.raises(StorageFailed):
        SlotReader(str(tmp_path))


WITHOUT_ROOM = """
import os, resource, sys
from fota.errors import NoSpace
from fota.boards.provisioning import create_slots
slots = create_slots(sys.argv[1], 2, 100_000)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
before = len(os.listdir("/proc/self/fd"))
for _ in range(3):
    try:
        slots.writer(1, 50_000)
    except NoSpace:
        print("no space")
print(len(os.listdir("/proc/self/fd")) - before, slots.seal_of(1))
"""


def test_an_image_for_which_there_is_no_room_is_told_at_once_and_leaves_nothing_open(tmp_path):
    done = subprocess.run([sys.executable, "-c", WITHOUT_ROOM, str(tmp_path)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("no space\n" * 3 + "0 None\n", "")


@pytest.mark.parametrize("proven_bytes", [0, 5])
def test_an_image_for_which_there_is_no_room_leaves_the_disk_as_free_as_it_was(tmp_path, monkeypatch, proven_bytes):
    path = tmp_path / "image"
    path.write_bytes(b"01234567")

    def until_it_is_full(descriptor, _offset, _size):
        # As ext4 does it; a disk that is full takes the rights to mount one.
        os.truncate(descriptor, 1_000_000)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", until_it_is_full)
    with pytest.raises(NoSpace):
        SlotWriter(str(path), 2_000_000, proven_bytes)
    assert path.read_bytes() == b"01234567"[:proven_bytes]


# Small files, folders, the lock.


def test_a_whole_file_that_cannot_be_put_in_place_leaves_nothing_beside(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(StorageFailed):
        write_whole_file(str(tmp_path / "file"), b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_whole_file_replaces_the_one_before_and_leaves_no_other(tmp_path):
    for content in (b"first and longer", b"second"):
        write_whole_file(str(tmp_path / "file"), content)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"second"}


def test_a_whole_file_that_cannot_be_put_in_place_is_a_failure_of_the_storage(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(StorageFailed):
        write_whole_file(str(tmp_path / "file"), b"content")


def test_a_folder_is_made_for_its_owner_alone_and_kept_if_it_is_there(tmp_path):
    path = tmp_path / "one" / "two"
    make_folder(str(path))
    make_folder(str(path))
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_place_of_a_folder_is_a_failure_of_the_storage(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed):
        make_folder(str(tmp_path / "file"))


def test_a_lock_that_is_held_is_busy_and_free_again_when_its_holder_ends(tmp_path):
    path = str(tmp_path / "lock")
    first = HomeLock(path)
    first.take()
    with pytest.raises(Busy, match="another program"):
        HomeLock(path).take()
    os.close(first.descriptor)
    again = HomeLock(path)
    again.take()
    os.close(again.descriptor)


def test_a_lock_that_cannot_be_made_is_a_failure_of_the_storage(tmp_path):
    with pytest.raises(StorageFailed):
        HomeLock(str(tmp_path / "gone" / "lock")).take()
