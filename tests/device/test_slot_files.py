"""Slots in files: the geometry, the damage and the links that only a folder can have."""

import pytest

from fota import image
from fota.boards.provisioning import create_slots
from fota.digests import Digests
from fota.errors import ImageTooLarge, NotProvisioned, StorageFailed
from fota.slots.files import FileSlots
from fota_testing.memory_slots import measured


def test_the_geometry_is_found_again(homes):
    slots = homes.make(3)
    found = FileSlots.open(str(homes.path(slots)))
    assert (found.count, found.capacity_bytes(0), found.capacity_bytes(2)) == (3, 9_000, 9_000)


@pytest.mark.parametrize("slot", [-1, 3, 99])
def test_a_slot_that_is_not_there_has_no_room(homes, slot):
    slots = homes.make(3)
    assert slots.capacity_bytes(slot) == 0
    with pytest.raises(ImageTooLarge):
        slots.writer(slot, 1)


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"7",
        b"null",
        b"{}",
        b'{"slots": 3}',
        b'{"slots": "3", "slot_size_bytes": 9000}',
        b'{"slots": true, "slot_size_bytes": 9000}',
        b'{"slots": 3, "slot_size_bytes": "9000"}',
        b'{"slots": 3, "slot_size_bytes": 9000.0}',
        b'{"slots": 1, "slot_size_bytes": 9000}',
        b'{"slots": 17, "slot_size_bytes": 9000}',
        b'{"slots": -3, "slot_size_bytes": 9000}',
        b'{"slots": 3, "slot_size_bytes": -1}',
        b"[" * 100_000,
    ],
    ids=lambda geometry: "gone" if geometry is None else repr(geometry[:40]),
)
def test_an_unreadable_geometry_leaves_a_device_that_boots_and_takes_no_update(homes, geometry):
    slots = homes.make(3)
    path = homes.path(slots) / "slots.json"
    if geometry is None:
        path.unlink()
    else:
        path.write_bytes(geometry)
    found = FileSlots.open(str(homes.path(slots)))
    assert found.count == 3
    with pytest.raises(ImageTooLarge):
        found.writer(1, 1)


@pytest.mark.parametrize(("count", "capacity_bytes"), [(1, 10), (0, 10), (17, 10), (2, 0), (2, -1)])
def test_an_odd_geometry_is_not_made(tmp_path, count, capacity_bytes):
    with pytest.raises(ValueError, match="expected"):
        create_slots(str(tmp_path), count, capacity_bytes)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_slots_is_not_provisioned(tmp_path):
    with pytest.raises(NotProvisioned, match="--factory"):
        FileSlots.open(str(tmp_path))


@pytest.mark.parametrize("copy", [0, 1])
def test_any_damage_to_one_copy_of_a_seal_never_gives_a_seal_of_other_bytes(homes, copy):
    slots = homes.make(2)
    path = homes.path(slots) / f"slot-1.seal-{copy}"
    for content in (b"first", b"second"):
        writer = slots.writer(1, len(content))
        writer.write(memoryview(content))
        writer.close()
        slots.seal(1, Digests(len(content), content.ljust(16)[:16], bytes(32)))
    whole = path.read_bytes()
    for bit in range(80 * 8):
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        path.write_bytes(spoilt)
        found = slots.seal_of(1)
        assert found is None or found.md5.startswith(b"second"), bit


def test_an_image_that_is_a_link_to_elsewhere_is_not_written_through(homes, tmp_path):
    slots = homes.make(2)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (homes.path(slots) / "slot-1.img").symlink_to(victim)
    with pytest.raises(StorageFailed):
        slots.writer(1, 4)
    assert victim.read_bytes() == b"precious"


def sealed(homes):
    """Slots of which the first holds an image, and a buffer to read it by."""
    slots = homes.make()
    writer = slots.writer(0, 3)
    writer.write(memoryview(b"new"))
    writer.close()
    buffer = memoryview(bytearray(100))
    slots.seal(0, measured(slots, 0, buffer))
    return slots, buffer


@pytest.mark.parametrize("copy", [0, 1])
def test_a_seal_outlives_the_loss_of_either_copy(homes, copy):
    slots, buffer = sealed(homes)
    (homes.path(slots) / f"slot-0.seal-{copy}").write_bytes(b"\xff" * 4096)
    assert image.proves_itself(slots, 0, buffer)


@pytest.mark.parametrize("spoilt", [b"new!", b"ne", b"odd"], ids=["a byte more", "a byte fewer", "other bytes"])
def test_an_image_that_is_not_the_one_that_was_sealed_does_not_prove_itself(homes, spoilt):
    slots, buffer = sealed(homes)
    (homes.path(slots) / "slot-0.img").write_bytes(spoilt)
    assert not image.proves_itself(slots, 0, buffer)


@pytest.mark.parametrize("name", ["seal-0", "seal-1", "img"])
def test_without_its_geometry_a_slot_is_known_by_any_of_its_files(tmp_path, name):
    create_slots(str(tmp_path), 2, 10)
    for path in tmp_path.iterdir():
        if path.name not in ("slot-0.img", "slot-0.seal-0", f"slot-1.{name}"):
            path.unlink()
    (tmp_path / f"slot-1.{name}").touch()
    assert FileSlots.open(str(tmp_path)).count == 2
