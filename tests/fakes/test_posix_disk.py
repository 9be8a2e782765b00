"""What a power cut leaves of a disk: everything that was synced, and any part of what was not."""

import pytest

from fota_testing.posix.changes import FOLDER, Name, Resize, Write
from fota_testing.posix.disk import Disk
from fota_testing.posix.model import PosixModel

HOME, FILE, PATH = "/home", 1, "/home/file"
SYNCED = Disk({HOME: FOLDER, PATH: FILE}, {FILE: b"0123456789"})
BIG = Disk({HOME: FOLDER, PATH: FILE}, {FILE: bytes(2048)})


def content_after(disk: Disk, shape: str) -> bytes | None:
    return disk.after_cut(shape).content(PATH)


def test_what_was_not_synced_may_be_lost_or_kept() -> None:
    disk = SYNCED.with_change(Write(FILE, 2, b"ab"))
    assert [content_after(disk, shape) for shape in ("lost", "kept")] == [b"0123456789", b"01ab456789"]


def test_what_was_synced_is_never_lost() -> None:
    disk = SYNCED.with_change(Write(FILE, 2, b"ab")).file_synced(FILE).with_change(Write(FILE, 0, b"X"))
    assert {content_after(disk, shape) for shape in disk.shapes()} == {b"01ab456789", b"X1ab456789"}


def test_a_sync_of_one_file_does_nothing_for_another() -> None:
    disk = Disk({HOME: FOLDER, PATH: 1, "/home/other": 2}, {1: b"a", 2: b"a"})
    disk = disk.with_change(Write(1, 0, b"b")).with_change(Write(2, 0, b"b")).file_synced(2)
    left = disk.after_cut("lost")
    assert (left.content(PATH), left.content("/home/other")) == (b"a", b"b")


def test_a_later_write_may_be_kept_without_an_earlier_one() -> None:
    disk = SYNCED.with_change(Write(FILE, 0, b"a")).with_change(Write(FILE, 5, b"b"))
    assert content_after(disk, "last-1") == b"01234b6789"


def test_a_write_is_torn_at_the_bounds_of_sectors_and_between_them() -> None:
    disk = BIG.with_change(Write(FILE, 100, b"x" * 1000))
    torn = [int(shape.removeprefix("torn-")) for shape in disk.shapes() if shape.startswith("torn-")]
    assert {412, 924} < set(torn)
    assert content_after(disk, "torn-412") == bytes(100) + b"x" * 412 + bytes(1536)
    assert content_after(disk, "tail-412") == bytes(512) + b"x" * 588 + bytes(948)


def test_a_short_write_is_torn_at_every_byte() -> None:
    disk = SYNCED.with_change(Write(FILE, 0, b"abcdefgh"))
    assert {f"torn-{n}" for n in range(1, 8)} < set(disk.shapes())


def test_a_size_may_be_durable_without_the_bytes_below_it() -> None:
    disk = SYNCED.with_change(Resize(FILE, 20, at_least=True)).with_change(Write(FILE, 10, b"abcdefghij"))
    assert content_after(disk, "sizes") == b"0123456789" + b"\xa5" * 10


def test_bytes_may_be_durable_without_the_size_that_holds_them() -> None:
    disk = SYNCED.with_change(Write(FILE, 8, b"abcd"))
    assert content_after(disk, "data") == b"01234567ab"


def test_a_new_file_is_gone_unless_its_directory_was_synced() -> None:
    disk = Disk({HOME: FOLDER}, {}).with_change(Name(HOME, PATH, FILE)).with_change(Write(FILE, 0, b"new"))
    assert disk.file_synced(FILE).after_cut("lost").content(PATH) is None
    assert disk.file_synced(FILE).folder_synced(HOME).after_cut("lost").content(PATH) == b"new"


def test_a_name_may_be_durable_and_its_file_empty() -> None:
    disk = Disk({HOME: FOLDER}, {}).with_change(Name(HOME, PATH, FILE)).with_change(Write(FILE, 0, b"new"))
    assert content_after(disk, "names") == b""


def test_a_rename_that_was_not_synced_may_leave_the_former_file() -> None:
    disk = Disk({HOME: FOLDER, PATH: 1, "/home/new": 2}, {1: b"old", 2: b"new"})
    disk = disk.with_change(Name(HOME, PATH, 2, "/home/new"))
    lost, kept = disk.after_cut("lost"), disk.after_cut("kept")
    assert (lost.content(PATH), kept.content(PATH), kept.content("/home/new")) == (b"old", b"new", None)


def test_what_lies_in_a_folder_that_is_gone_is_gone() -> None:
    disk = Disk({}, {}).with_change(Name("", HOME, FOLDER)).with_change(Name(HOME, PATH, FILE)).folder_synced(HOME)
    assert disk.after_cut("lost").names == {}


def test_a_mixture_is_the_same_for_the_same_number() -> None:
    disk = BIG.with_change(Write(FILE, 0, b"x" * 2048)).with_change(Write(FILE, 7, b"y" * 500))
    mixtures = [content_after(disk, f"mixed-{n}") for n in range(20)]
    assert mixtures == [content_after(disk, f"mixed-{n}") for n in range(20)]
    assert len(set(mixtures)) > 15


def test_every_shape_keeps_bytes_outside_the_write_as_they_were() -> None:
    disk = BIG.with_change(Write(FILE, 100, b"x" * 1000))
    for shape in disk.shapes():
        left = content_after(disk, shape)
        assert left is not None
        assert (left[:100], left[1100:]) == (bytes(100), bytes(948))


def test_equal_bytes_under_equal_names_have_one_fingerprint_whatever_happened_before() -> None:
    rewritten = SYNCED.with_change(Write(FILE, 0, b"X")).with_change(Write(FILE, 0, b"0")).after_cut("kept")
    other = SYNCED.with_change(Write(FILE, 0, b"X")).after_cut("kept")
    assert rewritten.fingerprint() == SYNCED.fingerprint() != other.fingerprint()


@pytest.mark.parametrize("shape", ["", "half", "torn-2"])
def test_a_shape_that_is_none_is_refused(shape: str) -> None:
    disk = SYNCED.with_change(Resize(FILE, 3, at_least=False))
    with pytest.raises(ValueError, match=r"shape|write"):
        disk.after_cut(shape)


def replaced_folder() -> PosixModel:
    """A machine whose folder was replaced by another of the same path, in which a file was written and synced."""
    model = PosixModel(Disk({HOME: FOLDER, f"{HOME}/tree": FOLDER - 1, f"{HOME}/tree/old": 1}, {1: b"old"}))
    model.unlink(f"{HOME}/tree/old")
    model.rmdir(f"{HOME}/tree")
    model.mkdir(f"{HOME}/tree")
    descriptor = model.open(f"{HOME}/tree/new", model.O_WRONLY | model.O_CREAT)
    model.pwrite(descriptor, b"new", 0)
    model.fsync(descriptor)
    model.fsync(model.open(f"{HOME}/tree", model.O_RDONLY))
    return model


def test_what_was_synced_in_a_folder_is_lost_with_the_folder_and_the_former_folder_comes_back() -> None:
    disk = replaced_folder().disk
    assert {path: disk.after_cut("lost").content(path) for path in disk.after_cut("lost").names} == {
        HOME: None,
        f"{HOME}/tree": None,
        f"{HOME}/tree/old": b"old",
    }


def test_what_was_synced_in_a_folder_is_durable_once_the_name_of_the_folder_is() -> None:
    model = replaced_folder()
    assert model.disk.after_cut("kept").content(f"{HOME}/tree/new") == b"new"
    model.fsync(model.open(HOME, model.O_RDONLY))
    assert model.disk.pending == ()
    assert sorted(model.disk.names) == [HOME, f"{HOME}/tree", f"{HOME}/tree/new"]


def test_a_new_folder_never_holds_what_a_former_one_of_its_path_held() -> None:
    disk = replaced_folder().disk
    for shape in disk.shapes():
        names = disk.after_cut(shape).names
        assert not {f"{HOME}/tree/old", f"{HOME}/tree/new"} <= set(names), shape
