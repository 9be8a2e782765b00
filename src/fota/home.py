"""What lies where in a home folder, opened or provisioned.

DIR/slots.json            the geometry, written once
DIR/slot-N.img            the image of slot N
DIR/slot-N.seal-0, -1     the digests that it proved to have
DIR/record-0, -1          the boot record
DIR/journal-0, -1         the update under way
DIR/lock                  held while a boot chooser, or its image, runs
"""

from fota import image
from fota.durable import CELL_BYTES
from fota.errors import AlreadyProvisioned, NotProvisioned, StorageFailed
from fota.image import Hasher
from fota.journal import Journal
from fota.log import log
from fota.record import Record, RecordStore
from fota.slots.files import FileSlots
from fota.storage import FileCell, make_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.slots import Reader

_BUFFER_BYTES = 65_536
FACTORY_SLOT = 0


class Home:
    """The three things a device remembers, in one folder."""

    def __init__(self, path: str) -> None:
        """*Raises* NotProvisioned."""
        self.path = path
        self.slots = FileSlots.open(path)
        self.records = RecordStore(*_cells(path, "record"))
        self.journal = Journal(*_cells(path, "journal"))


def lock_path(path: str) -> str:
    """The file that whoever boots from this home holds locked."""
    return path + "/lock"


def provision(path: str, factory: "Reader", *, image_size_bytes: int, slot_count: int, slot_size_bytes: int) -> Home:
    """Make a home of an empty folder, with the factory image in slot 0, confirmed.

    The record is written last: a provisioning that was cut short can be made again, a finished one is never
    overwritten. *Raises* AlreadyProvisioned, ImageTooLarge, StorageFailed, ValueError for an odd geometry.
    """
    make_folder(path)
    if _is_provisioned(path):
        raise AlreadyProvisioned(f"{path}: holds slots already; provision an empty folder")
    slots = FileSlots.create(path, slot_count, slot_size_bytes)
    for cell in _cells(path, "record") + _cells(path, "journal"):
        cell.create()
    _fill(slots, factory, image_size_bytes)
    home = Home(path)
    home.records.save(Record(FACTORY_SLOT))
    log("provisioned", home=path, slots=slot_count, slot_size_bytes=slot_size_bytes)
    return home


def _is_provisioned(path: str) -> bool:
    try:
        return Home(path).records.load() is not None
    except NotProvisioned:
        return False


def _fill(slots: FileSlots, factory: "Reader", size_bytes: int) -> None:
    """Copy the factory image into its slot and seal it, proven."""
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
    slots.seal(FACTORY_SLOT, hasher.digests())
    if not image.proves_itself(slots, FACTORY_SLOT, buffer):
        raise StorageFailed("the factory image does not read back as written")


def _cells(path: str, name: str) -> "tuple[FileCell, FileCell]":
    return FileCell(f"{path}/{name}-0", CELL_BYTES), FileCell(f"{path}/{name}-1", CELL_BYTES)
