"""The functions of `os` on a model: as the system's where a program is careful, Misuse where it is not."""

import errno
import os

import pytest

from fota import _storage_cpython as storage
from fota.errors import StorageFailed
from fota_testing.flash.cells import PowerCut
from fota_testing.misuse import Misuse
from fota_testing.posix.changes import FOLDER
from fota_testing.posix.disk import Disk
from fota_testing.posix.model import PosixModel, installed

HOME = "/home"
CONTENT = bytes(range(256)) * 5


@pytest.fixture
def model() -> PosixModel:
    return PosixModel(Disk({HOME: FOLDER}, {}))


def use(module, home):
    """What the storage of a device does, from one end to the other; what each file holds afterwards."""
    cell = module.FileCell(home + "/cell", 600)
    cell.create()
    cell.write(b"a" * 100)
    cell.write(b"bc")
    writer = module.SlotWriter(home + "/slot", 2_000)
    writer.write(memoryview(CONTENT)[:700])
    writer.restart()
    writer.write(memoryview(CONTENT))
    writer.close()
    module.write_whole_file(home + "/whole", b"one")
    module.write_whole_file(home + "/whole", b"another")
    reader = module.SlotReader(home + "/slot")
    buffer = memoryview(bytearray(5_000))
    count = reader.readinto(buffer)
    reader.close()
    return cell.read(), bytes(buffer[:count])


def test_a_program_finds_on_the_model_what_it_finds_on_a_real_disk(model, tmp_path):
    expected = use(storage, str(tmp_path))
    with installed(model, storage):
        assert use(storage, HOME) == expected
    names = sorted(path.name for path in tmp_path.iterdir())
    assert sorted(model.listdir(HOME)) == names
    assert [model.content(f"{HOME}/{name}") for name in names] == [(tmp_path / name).read_bytes() for name in names]


def test_nothing_of_that_reaches_the_real_disk(model, tmp_path):
    with installed(model, storage):
        use(storage, HOME)
    assert vars(storage)["os"] is os
    assert "open" not in vars(storage)
    assert not os.path.lexists(HOME + "/cell")


def test_the_power_fails_at_the_operation_asked_for_and_nothing_runs_after(model):
    model.cut_at = 2
    with installed(model, storage):
        cell = storage.FileCell(HOME + "/cell", 600)
        with pytest.raises(PowerCut, match="operation 2: pwrite"):
            cell.create()
        with pytest.raises(PowerCut):
            cell.read()
    assert model.operations == 2


def test_what_is_left_of_a_cut_write_is_found_by_the_next_machine(model):
    with installed(model, storage):
        storage.FileCell(HOME + "/cell", 8).create()
        model.cut_at = model.operations + 1
        with pytest.raises(PowerCut):
            storage.FileCell(HOME + "/cell", 8).write(b"abcdefgh")
    machine = PosixModel(model.disk.after_cut("torn-3"))
    with installed(machine, storage):
        assert storage.FileCell(HOME + "/cell", 8).read() == b"abc" + bytes(5)


def test_every_operation_is_told_by_name_and_path(model):
    told = []
    model.watch = lambda number, function, path: told.append((number, function, path))
    with installed(model, storage):
        storage.write_whole_file(HOME + "/f", b"x")
    assert told == [
        (1, "open", "/home/f.new"),
        (2, "pwrite", "/home/f.new"),
        (3, "fsync", "/home/f.new"),
        (4, "rename", "/home/f"),
        (5, "fsync", "/home"),
    ]


def test_what_the_system_refuses_is_refused_with_its_number(model):
    for refused, number in (
        (lambda: model.open(HOME + "/none", os.O_RDONLY), errno.ENOENT),
        (lambda: model.open("/none/f", os.O_WRONLY | os.O_CREAT), errno.ENOENT),
        (lambda: model.open(HOME, os.O_WRONLY), errno.EISDIR),
        (lambda: model.mkdir(HOME), errno.EEXIST),
        (lambda: model.stat(HOME + "/none"), errno.ENOENT),
        (lambda: model.unlink(HOME + "/none"), errno.ENOENT),
    ):
        with pytest.raises(OSError, match=os.strerror(number)) as caught:
            refused()
        assert caught.value.errno == number


def test_a_device_that_is_refused_says_so_in_its_own_words(model):
    with installed(model, storage), pytest.raises(StorageFailed, match="No such file"):
        storage.FileCell("/none/cell", 8).create()


def closed(model, descriptor):
    model.close(descriptor)
    model.pwrite(descriptor, b"x", 0)


@pytest.mark.parametrize(
    "misuse",
    [
        closed,
        lambda model, descriptor: model.pwrite(descriptor, b"x", 1),
        lambda model, descriptor: model.pwrite(descriptor, bytes(1 << 25), 0),
        lambda model, descriptor: (model.posix_fallocate(descriptor, 0, 10), model.pread(descriptor, 10, 0)),
        lambda model, descriptor: model.rename(HOME + "/f", "/g"),
    ],
    ids=["a closed descriptor", "past the end", "without end", "what nobody wrote", "into another folder"],
)
def test_what_no_careful_program_does_is_misuse(model, misuse):
    descriptor = model.open(HOME + "/f", os.O_RDWR | os.O_CREAT)
    with pytest.raises(Misuse):
        misuse(model, descriptor)
