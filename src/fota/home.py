"""What lies where in a home folder, opened.

DIR/slots.json            the geometry, written once
DIR/slot-N.img            the image of slot N
DIR/slot-N.seal-0, -1     the digests that it proved to have
DIR/record-0, -1          the boot record
DIR/journal-0, -1         the update under way
DIR/keyring-0, -1         whose signatures are trusted; none: what is not signed is taken
DIR/floor-0, -1           what the device will not go back behind
DIR/slot-N.release-0, -1  the signed release that slot N holds
DIR/lock                  held while a boot chooser, or its image, runs

Leaves to others: making one (`provisioning`).
"""

from fota import machine
from fota.floor import FloorStore
from fota.journal import Journal
from fota.keyring import KeyringStore
from fota.record import RecordStore
from fota.releases import RELEASE_BYTES, Releases
from fota.slots.files import FileSlots
from fota.storage import cell_pair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.slots import Slots


class Home:
    """What a device remembers, in one folder, images and all."""

    def __init__(self, path: str) -> None:
        """*Raises* NotProvisioned."""
        self.path = path
        self.slots = FileSlots.open(path)
        self.records = RecordStore(*cell_pair(path + "/record"))
        self.journal = Journal(*cell_pair(path + "/journal"))
        self.releases = releases_in(path, self.slots, machine.IMAGE_KIND)


def releases_in(path: str, slots: "Slots", image_kind: str) -> Releases:
    """What the folder keeps of trust; `image_kind` is the kind of image that can be started."""
    return Releases(
        slots,
        KeyringStore(*cell_pair(path + "/keyring"), *cell_pair(path + "/floor")),
        FloorStore(*cell_pair(path + "/floor")),
        lambda slot: cell_pair(f"{path}/slot-{slot}.release", RELEASE_BYTES),
        image_kind=image_kind,
    )
