"""The last resort of a device whose seals are all lost: an image that proves itself by other means is sealed again.

Where a keyring says whom to trust, only the signed release that is kept beside the slot proves an image, by its
digests. Without a keyring a whole zip archive does, by its own checksums: such a device starts what a job names, and
a download that was cut has no directory at its end.
"""

from fota import strict_json
from fota.boards.files import FilesBoard
from fota.digests import Hasher
from fota.durable import DurableValue
from fota.errors import StorageFailed
from fota.image import pass_on
from fota.log import log
from fota.storage import cell_pair
from fota.trust.errors import NotTrusted
from fota.trust.releases import MAGIC, RELEASE_BYTES, opened
from fota_boot import start_images, zip_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.digests import Digests

_BUFFER_BYTES = 1 << 16


def seal_again(home: FilesBoard) -> bool:
    """Seal every slot whose image proves itself, none of them being sealed. Returns whether there was one.

    *Raises* StorageFailed while a seal cannot be read: it is not lost.
    """
    if any(home.slots.seal_of(slot) is not None for slot in range(home.slots.count)):
        # The image of that slot was damaged, not its seal; what else lies here was never whole.
        return False
    sealed = [_seal_again(home, slot) for slot in range(home.slots.count)]
    return any(sealed)


def _seal_again(home: FilesBoard, slot: int) -> bool:
    try:
        digests = _digests(home, slot)
        if not digests.size_bytes or not _is_proven(home, slot, digests):
            return False
        # Cut before this: the tree is made again, if the slot needs one.
        start_images.unpack_now(home.path, slot, digests)
        # Cut after this: the slot boots. The record says, if it is there, whether it was confirmed.
        home.slots.seal(slot, digests)
    except (StorageFailed, NotTrusted):
        return False
    log("sealed-again", slot=slot)
    return True


def _digests(home: FilesBoard, slot: int) -> "Digests":
    hasher = Hasher()
    pass_on(home.slots, slot, home.slots.capacity_bytes(slot), memoryview(bytearray(_BUFFER_BYTES)), hasher.update)
    return hasher.digests()


def _is_proven(home: FilesBoard, slot: int, digests: "Digests") -> bool:
    """*Raises* NotTrusted, for a lost keyring too."""
    keyring = home.releases.keyrings.load()
    if keyring is None:
        return not zip_files.what_is_wrong_with(home.slots.image_path(slot), in_full=True)
    cells = cell_pair(f"{home.path}/slot-{slot}.release", RELEASE_BYTES)
    try:
        release = opened(strict_json.parse(DurableValue(MAGIC, *cells).load() or b""), keyring)
    except ValueError:
        return False
    return release.wanted.matches(digests)
