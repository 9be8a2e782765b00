"""A board that keeps everything in files of one folder, its home; we own its trials. For `fota-boot`, `fota.start`.

DIR/slots.json            the geometry, written once
DIR/slot-N.img            the image of slot N
DIR/slot-N.tree, .files   the unpacked files of a bundle in slot N, and their list
DIR/slot-N.tree-0, -1     which image they were made of
DIR/patch.img             a patch, while the image of an update is made from it
DIR/slot-N.seal-0, -1     the digests that its image was verified to have
DIR/record-0, -1          the boot record
DIR/journal-0, -1         the update under way
DIR/keyring-0, -1         whose signatures are trusted; without one, unsigned releases are accepted
DIR/floor-0, -1           the oldest release that the device still accepts
DIR/slot-N.release-0, -1  the signed release that slot N holds
DIR/note-0, -1            how the trial goes: whether the cloud was reached, how the image ended
DIR/lock                  held while a boot chooser runs

A board whose images are elsewhere keeps the rest in such a folder too. `provisioning` makes a home.
"""

from fota import machine
from fota.boards import Board, kept_in
from fota.record import RecordStore
from fota.slots.files import FileSlots
from fota.slots.patch_file import PatchFile
from fota.storage import cell_pair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.boot_note import BootNote


class FilesBoard(Board):
    """A home folder, images included."""

    slots: FileSlots
    note: "BootNote"

    def __init__(self, path: str) -> None:
        """*Raises* NotProvisioned."""
        slots = FileSlots.open(path)
        records = RecordStore(*cell_pair(path + "/record"), is_sure=False)
        kept = kept_in(path, slots, machine.IMAGE_KINDS)
        super().__init__(slots, records, *kept, name="files", home=path, patches=PatchFile(path + "/patch.img"))
        self.path = path
