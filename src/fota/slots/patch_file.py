"""The place for one patch, in a file: `patch.img` in the home folder, beside the images.

It is filled and read like a slot, number 0, and has no seal: who applies a patch computes its digest from storage.
"""

from fota.storage import SlotReader, SlotWriter, remove_file


class PatchFile:
    """See `fota.boards.PatchPlace`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def resume(self, _slot: int, size_bytes: int, offset_bytes: int) -> SlotWriter:
        """Go on filling it; what was there behind the offset is gone."""
        return SlotWriter(self._path, size_bytes, offset_bytes)

    def reader(self, _slot: int) -> SlotReader:
        """Read what it holds."""
        return SlotReader(self._path)

    def remove(self) -> None:
        """Give up its room; nothing if there is no patch. *Raises* StorageFailed."""
        remove_file(self._path)
