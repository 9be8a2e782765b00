"""The contract of a board: what a port brings, so that a device of its kind can be updated.

A board is one file of this folder. It meets this contract, and `fota_testing.check_board` checks that.

1. `slots` meets the contract of `fota.slots`. The image that runs is in one of them.
2. `records` keeps the boot record. `save` and `save_in_both` are durable on return; a reset before that leaves the
   record as it was or the new one, never another. `load` gives None only when no record can be read.
3. After `save_in_both` the loss of one copy brings no older record back.
4. The next reset starts the slot that the record says starts next, once its image was read back and found whole.
   An image that cannot be started is refused by `save` (WrongFormat), or the next boot runs the confirmed image and
   finds the trial rolled back, with the cause "image-damaged".
5. An image on trial that is not confirmed in its attempts is not started again: the confirmed image starts, and the
   record says that the trial was rolled back, and why, until `trial.settled` is saved.
6. An image that was confirmed starts at every later reset.
7. A device always boots: a record that cannot be written or read stops no boot while one slot holds a whole image.
8. `journal` and `releases` survive a reset. Each value has a place of its own: no write touches another value.
9. `releases.image_kinds` names the kinds of image that the slots can start, as manifests name them: a tuple.
10. `patches`, where it is not None, keeps one patch beside the images, and meets `PatchPlace`.
11. What the storage refuses is StorageFailed (NoSpace when it is full), never another exception.

Who owns the trial differs, and decides what a port must bring:

- We own it: `fota.boot.choose` decides in each boot, and `records` is a plain `fota.record.RecordStore`. The port
  starts the image of the slot that was chosen. `files` is such a board, for `fota-boot` and for `fota.start`.
- The boot loader owns it: it starts a new image once, and goes back unless the image was marked good. The port brings
  five calls of its boot loader (`boot_loader.BootLoader`), and `boot_loader.BootLoaderRecords` makes the boot loader
  follow the record. `esp32` is such a board.
"""

from fota.boot_note import note_of
from fota.journal import Journal
from fota.storage import cell_pair
from fota.trust.floor import FloorStore
from fota.trust.keyring import KeyringStore
from fota.trust.releases import RELEASE_BYTES, Releases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from fota.boot_note import BootNote
    from fota.record import Records
    from fota.slots import Places, Slots

    class PatchPlace(Places, Protocol):
        """Where one patch is kept, as in slot 0: until it is removed, and over resets.

        What it holds is verified by who reads it. Its writer *raises* NoSpace where there is no room.
        """

        def remove(self) -> None:
            """Give up the room of the patch; nothing if there is none. *Raises* StorageFailed."""


class Board:
    """All that survives a reset, opened for use."""

    def __init__(
        self,
        slots: "Slots",
        records: "Records",
        journal: Journal,
        releases: Releases,
        note: "BootNote | None" = None,
        *,
        name: str = "",
        home: str = "",
        patches: "PatchPlace | None" = None,
    ) -> None:
        """`name`: what the cloud is told of the kind of board; `home`: a folder on the disk that holds images."""
        self.slots = slots
        """The places that hold images."""
        self.records = records
        """The boot record: which slot starts, and which one is on trial."""
        self.journal = journal
        """The journal of the update under way."""
        self.releases = releases
        """Whom the device trusts, how far it has come, and which kinds of image it can start."""
        self.note = note
        """How the last trial went, as far as it is known; None on a board that keeps no note."""
        self.name = name
        """The kind of board, as the cloud is told; at most 32 printable characters, empty if it has no name."""
        self.home = home
        """A folder on the disk whose free room counts; empty if there is none."""
        self.patches = patches
        """Where a patch is kept; None on a board that takes no patches: it fetches whole images."""


def kept_in(path: str, slots: "Slots", image_kinds: "tuple[str, ...]") -> "tuple[Journal, Releases, BootNote]":
    """Journal, releases and note of a home folder; `image_kinds` are the kinds of image that can be started."""
    releases = Releases(
        slots,
        KeyringStore(*cell_pair(path + "/keyring"), *cell_pair(path + "/floor")),
        FloorStore(*cell_pair(path + "/floor")),
        lambda slot: cell_pair(f"{path}/slot-{slot}.release", RELEASE_BYTES),
        image_kinds=image_kinds,
    )
    return Journal(*cell_pair(path + "/journal")), releases, note_of(path)
