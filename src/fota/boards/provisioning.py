"""Make an empty folder a home, and give a home its keyring: before a device leaves the bench."""

import json

from fota import image
from fota.boards.files import FilesBoard
from fota.digests import Hasher
from fota.errors import AlreadyProvisioned, ImageTooLarge, NotProvisioned, StorageFailed
from fota.log import log
from fota.record import MAX_SLOTS, Record
from fota.slots.files import GEOMETRY, FileSlots
from fota.storage import cell_pair, make_folder, write_whole_file
from fota.trust.errors import BadKeyring
from fota.trust.keyring import Keyring, KeyringStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.digests import Digests
    from fota.slots import Reader

_BUFFER_BYTES = 65_536
FACTORY_SLOT = 0


def provision(
    path: str,
    factory: "Reader",
    *,
    image_size_bytes: int,
    slot_count: int,
    slot_size_bytes: int,
    keyring: "Keyring | None" = None,
    unpack: "Callable[[str, int, Digests], object] | None" = None,
) -> FilesBoard:
    """Make an empty folder a home, with the factory image in slot 0, confirmed.

    `unpack(path, slot, digests)` makes what starts of the image, where that is not the image itself.
    With a keyring the device takes signed releases only, from its first boot on.

    A provisioning that was cut short can be made again, until slot 0 is sealed: then the device boots. No slot
    that was ever sealed is overwritten, readable record or not.
    *Raises* AlreadyProvisioned, ImageTooLarge, StorageFailed, ValueError for an odd geometry.
    """
    make_folder(path)
    if _is_provisioned(path):
        raise AlreadyProvisioned(f"{path}: holds slots already; provision an empty folder")
    if image_size_bytes > slot_size_bytes:
        # Refused before anything is made: a folder of empty slots would only be in the way.
        raise ImageTooLarge(f"slot size: {slot_size_bytes} bytes do not hold the image, which has {image_size_bytes}")
    slots = create_slots(path, slot_count, slot_size_bytes)
    for cell in cell_pair(path + "/record") + cell_pair(path + "/journal"):
        cell.create()
    if keyring is not None:
        _trust(path, KeyringStore(*cell_pair(path + "/keyring")), keyring)
    _fill(slots, factory, image_size_bytes, lambda digests: unpack and unpack(path, FACTORY_SLOT, digests))
    home = FilesBoard(path)
    home.records.save_in_both(Record(FACTORY_SLOT))
    log("provisioned", home=path, slots=slot_count, slot_size_bytes=slot_size_bytes)
    return home


def create_slots(path: str, count: int, capacity_bytes: int) -> FileSlots:
    """Make the slots of an empty home. *Raises* StorageFailed, ValueError for an odd geometry."""
    if not 2 <= count <= MAX_SLOTS:
        raise ValueError(f"slots: expected 2 to {MAX_SLOTS}, got {count}")
    if capacity_bytes <= 0:
        raise ValueError(f"slot size: expected a positive number of bytes, got {capacity_bytes}")
    for slot in range(count):
        for cell in cell_pair(f"{path}/slot-{slot}.seal"):
            cell.create()
    geometry = {"slots": count, "slot_size_bytes": capacity_bytes}
    write_whole_file(path + "/" + GEOMETRY, json.dumps(geometry).encode())
    return FileSlots(path, count, capacity_bytes)


def put_keyring(home: FilesBoard, keyring: Keyring) -> None:
    """Give a device its first keyring, or one in the place of a keyring that cannot be read any more.

    *Raises* AlreadyProvisioned when it has one: that is replaced by a job only, which its keys have signed.
    """
    try:
        current = home.releases.keyrings.load()
    except BadKeyring:
        current = None
    if current is not None:
        raise AlreadyProvisioned(f"{home.path}: has a keyring, version {current.version}; send the next one by a job")
    _trust(home.path, home.releases.keyrings, keyring)
    log("keyring-put", version=keyring.version, product=keyring.product)


def _trust(path: str, keyrings: KeyringStore, keyring: Keyring) -> None:
    """The floor is made first: it shows later that a keyring is lost. Cut after it: the device takes nothing yet."""
    for cell in cell_pair(path + "/floor"):
        if not cell.is_made():
            cell.create()
    keyrings.save(keyring)


def _is_provisioned(path: str) -> bool:
    try:
        home = FilesBoard(path)
    except NotProvisioned:
        return False
    sealed = [slot for slot in range(home.slots.count) if home.slots.seal_of(slot) is not None]
    return bool(sealed) or home.records.load() is not None


def _fill(slots: FileSlots, factory: "Reader", size_bytes: int, make: "Callable[[Digests], object]") -> None:
    """Copy the factory image into its slot, make what starts of it, verify it and seal it."""
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    hasher = Hasher()
    writer = slots.writer(FACTORY_SLOT, size_bytes)
    try:
        count = factory.readinto(buffer)
        while count:
            hasher.update(buffer[:count])
            writer.write(buffer[:count])
            count = factory.readinto(buffer)
    finally:
        writer.close()
    digests = hasher.digests()
    make(digests)
    slots.seal(FACTORY_SLOT, digests)
    if not image.proves_itself(slots, FACTORY_SLOT, buffer):
        raise StorageFailed("the factory image does not read back as written")
