"""Disks that reserve no room, and what may lie where a file is expected: links, pipes, files of another user."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fota._storage_cpython import FileCell, HomeLock, SlotReader, SlotWriter
from fota.errors import Busy, NoSpace, StorageFailed

CONTENT = memoryview(b"new")


@pytest.fixture(params=[errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF])
def cannot_reserve(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _offset: int, _size_bytes: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(os, "posix_fallocate", refuse)


@pytest.mark.usefixtures("cannot_reserve")
def test_a_slot_is_filled_where_no_room_can_be_reserved(tmp_path: Path) -> None:
    path = tmp_path / "slot-0.img"
    writer = SlotWriter(str(path), 3)
    writer.write(CONTENT)
    writer.close()
    assert path.read_bytes() == b"new"


@pytest.mark.usefixtures("cannot_reserve")
def test_a_download_goes_on_after_a_reset_where_no_room_can_be_reserved(tmp_path: Path) -> None:
    path = tmp_path / "slot-0.img"
    path.write_bytes(b"half")
    writer = SlotWriter(str(path), 7, 4)
    writer.write(CONTENT)
    writer.close()
    assert path.read_bytes() == b"halfnew"


@pytest.mark.usefixtures("cannot_reserve")
def test_an_image_that_the_disk_has_no_room_for_is_refused_before_a_byte_comes(tmp_path: Path) -> None:
    path = tmp_path / "slot-0.img"
    with pytest.raises(NoSpace):
        SlotWriter(str(path), 1 << 60)
    assert path.stat().st_size == 0


def test_a_full_disk_is_no_disk_that_cannot_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _offset: int, _size_bytes: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(NoSpace):
        SlotWriter(str(tmp_path / "slot-0.img"), 3)


def symbolic_link(path: Path, elsewhere: Path) -> None:
    path.symlink_to(elsewhere)


def hard_link(path: Path, elsewhere: Path) -> None:
    path.hardlink_to(elsewhere)


def pipe(path: Path, _elsewhere: Path) -> None:
    os.mkfifo(path)


ODD = pytest.mark.parametrize(
    ("make", "words"), [(symbolic_link, "symbolic link"), (hard_link, "hard link"), (pipe, "slot-0.img|record-0")]
)


@ODD
def test_nothing_is_written_into_a_slot_through_it(
    make: Callable[[Path, Path], None], words: str, tmp_path: Path
) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "slot-0.img"
    elsewhere.write_bytes(b"precious")
    make(path, elsewhere)
    with pytest.raises(StorageFailed, match=words):
        SlotWriter(str(path), 3)
    assert elsewhere.read_bytes() == b"precious"


@ODD
def test_nothing_is_written_into_a_value_through_it(
    make: Callable[[Path, Path], None], words: str, tmp_path: Path
) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "record-0"
    elsewhere.write_bytes(b"precious")
    make(path, elsewhere)
    with pytest.raises(StorageFailed, match=words):
        FileCell(str(path), 100).write(b"new")
    assert elsewhere.read_bytes() == b"precious"


def test_a_pipe_in_the_place_of_an_image_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slot-0.img")
    with pytest.raises(StorageFailed, match="is no file"):
        SlotReader(str(tmp_path / "slot-0.img"))


def test_a_pipe_in_the_place_of_a_value_holds_nothing_and_nobody_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "record-0")
    assert FileCell(str(tmp_path / "record-0"), 100).read() == b""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_written_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "record-0"
    path.write_bytes(b"theirs")
    os.chown(path, 12345, -1)
    with pytest.raises(StorageFailed, match="belongs to another user, 12345"):
        FileCell(str(path), 100).write(b"new")
    assert path.read_bytes() == b"theirs"


def test_a_home_on_a_disk_that_turned_read_only_is_locked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_ACCMODE != os.O_RDONLY:
            raise OSError(errno.EROFS, "Read-only file system")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    first, second = HomeLock(str(tmp_path / "lock")), HomeLock(str(tmp_path / "lock"))
    first.take()
    with pytest.raises(Busy):
        second.take()
    os.close(first.descriptor)
