"""A home folder: made once, made again if it was cut short, and never over one that is finished."""

import contextlib
import json

import pytest

from fota import boot, image
from fota._storage_cpython import FileCell
from fota.boards import provisioning
from fota.boards.files import FilesBoard
from fota.boards.provisioning import provision
from fota.errors import AlreadyProvisioned, ImageTooLarge, NotProvisioned, StorageFailed
from fota.record import Record, RecordStore
from fota.slots.files import FileSlots
from fota.storage import SlotReader
from tests.labs.present import present

FACTORY = b"the factory image " * 1000
BUFFER_BYTES = 4096
OWNERS = {"": provisioning, "FileSlots": FileSlots, "RecordStore": RecordStore}


@pytest.fixture
def make(tmp_path):
    """Provisions the folder `home` with an image; what is not said is as usual."""

    def made(content=FACTORY, *, slots=2, slot_size=50_000):
        source = tmp_path / "factory"
        source.write_bytes(content)
        reader = SlotReader(str(source))
        try:
            return provision(
                str(tmp_path / "home"),
                reader,
                image_size_bytes=len(content),
                slot_count=slots,
                slot_size_bytes=slot_size,
            )
        finally:
            reader.close()

    return made


def proves(home, slot):
    return image.proves_itself(home.slots, slot, memoryview(bytearray(BUFFER_BYTES)))


@pytest.mark.parametrize("slots", [2, 3, 16])
def test_a_home_holds_the_factory_image_confirmed_and_nothing_else(make, slots):
    home = make(slots=slots)
    assert [proves(home, slot) for slot in range(slots)] == [True, *[False] * (slots - 1)]
    assert home.records.load() == Record(0)
    assert home.journal.load() is None
    assert home.slots.count == slots


def test_a_home_is_found_again_as_it_was_made(make, tmp_path):
    make(slots=3)
    found = FilesBoard(str(tmp_path / "home"))
    assert (found.slots.count, found.slots.capacity_bytes(1), found.records.load()) == (3, 50_000, Record(0))
    assert (tmp_path / "home" / "slot-0.img").read_bytes() == FACTORY


def test_a_home_belongs_to_its_owner_alone(make, tmp_path):
    make()
    modes = {path.stat().st_mode & 0o077 for path in [tmp_path / "home", *(tmp_path / "home").iterdir()]}
    assert modes == {0}


def test_a_finished_home_is_never_made_again(make, tmp_path):
    make()
    before = {path.name: path.read_bytes() for path in (tmp_path / "home").iterdir()}
    with pytest.raises(AlreadyProvisioned):
        make(b"another image")
    assert {path.name: path.read_bytes() for path in (tmp_path / "home").iterdir()} == before


class Cut(BaseException):
    """The power is gone."""


@pytest.fixture
def cut_at(monkeypatch):
    """The power fails where `provision` takes the named step; it is back afterwards."""

    def cut(*_arguments, **_how):
        raise Cut

    @contextlib.contextmanager
    def power_fails(step):
        with monkeypatch.context() as patched:
            owner, _, name = step.rpartition(".")
            # Between two steps inside `provision`, where no fake can be handed in.
            patched.setattr(OWNERS[owner], name, cut)
            with pytest.raises(Cut):
                yield

    return power_fails


@pytest.mark.parametrize("step", ["create_slots", "_fill", "FileSlots.seal"])
def test_a_provisioning_that_was_cut_short_can_be_made_again(make, cut_at, step):
    with cut_at(step):
        make()
    home = make(b"a later image", slots=3)
    assert proves(home, 0)
    assert home.records.load() == Record(0)
    assert home.slots.count == 3


def test_a_provisioning_that_lacks_only_the_record_boots(make, cut_at, tmp_path):
    with cut_at("RecordStore.save_in_both"):
        make()
    home = FilesBoard(str(tmp_path / "home"))
    assert boot.choose(home.records, home.slots.count, lambda slot: proves(home, slot)) == 0
    assert home.records.load() == Record(0)


def test_a_home_whose_record_is_lost_is_not_made_again_over_its_images(make, tmp_path):
    make()
    for copy in (0, 1):
        (tmp_path / "home" / f"record-{copy}").unlink()
    with pytest.raises(AlreadyProvisioned):
        make(b"another image")
    assert (tmp_path / "home" / "slot-0.img").read_bytes() == FACTORY


def test_a_factory_image_that_fits_no_slot_leaves_no_half_made_home(make, tmp_path):
    with pytest.raises(ImageTooLarge):
        make(slot_size=len(FACTORY) - 1)
    assert not (tmp_path / "home" / "slots.json").exists()
    assert make(slot_size=len(FACTORY)).records.load() == Record(0)


@pytest.mark.parametrize(("slots", "slot_size"), [(1, 50_000), (17, 50_000), (0, 50_000), (2, 0), (2, -5)])
def test_an_odd_geometry_is_refused_with_what_was_expected(make, slots, slot_size):
    with pytest.raises((ValueError, ImageTooLarge)):
        make(slots=slots, slot_size=slot_size)


class Fickle:
    """A factory image that is not as long as was said."""

    def __init__(self, *chunks):
        self.chunks = list(chunks)

    def readinto(self, buffer):
        chunk = self.chunks.pop(0) if self.chunks else b""
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self):
        pass


def test_a_factory_image_that_grows_while_it_is_read_is_refused(tmp_path):
    with pytest.raises(ImageTooLarge):
        provision(str(tmp_path / "home"), Fickle(b"abc", b"d"), image_size_bytes=3, slot_count=2, slot_size_bytes=100)
    assert FilesBoard(str(tmp_path / "home")).records.load() is None


def test_a_folder_that_cannot_be_made_is_a_failure_of_the_storage(tmp_path):
    (tmp_path / "home").write_bytes(b"a file")
    with pytest.raises(StorageFailed):
        provision(str(tmp_path / "home"), Fickle(b"abc"), image_size_bytes=3, slot_count=2, slot_size_bytes=100)


def test_an_empty_folder_is_no_home(tmp_path):
    with pytest.raises(NotProvisioned):
        FilesBoard(str(tmp_path))


def test_a_folder_that_is_not_there_is_no_home(tmp_path):
    with pytest.raises(NotProvisioned):
        FilesBoard(str(tmp_path / "gone"))


def test_a_home_without_its_geometry_still_has_its_record(make, tmp_path):
    make(slots=3)
    (tmp_path / "home" / "slots.json").unlink()
    home = FilesBoard(str(tmp_path / "home"))
    assert (home.slots.count, home.records.load()) == (3, Record(0))


def test_the_geometry_is_for_people_to_read(make, tmp_path):
    make(slots=3)
    geometry = json.loads((tmp_path / "home" / "slots.json").read_text())
    assert geometry == {"slots": 3, "slot_size_bytes": 50_000}


def test_the_first_save_in_both_of_each_process_writes_both_copies_of_the_record(make, monkeypatch):
    path = make().path
    written = []
    write = FileCell.write

    def counted(cell, content):
        written.append(cell)
        write(cell, content)

    monkeypatch.setattr(FileCell, "write", counted)
    records = FilesBoard(path).records
    counts = []
    for _ in range(3):
        records.save_in_both(present(records.load()))
        counts.append(len(written))
    assert counts == [2, 2, 2]
