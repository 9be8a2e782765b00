"""The checks of unpacked bundles: what starts of a slot, and what is left beside it. I2, I21.

This is a part of the oracle, and uses nothing of the code under test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeps.powercut import seen
from sweeps.powercut.history import Violation
from sweeps.powercut.scenarios import IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing.posix.disk import Disk
    from sweeps.powercut.history import History
    from sweeps.powercut.seen import Content


class Trees:
    """Watches the trees of all slots in one power session."""

    def __init__(self, content: Content, paths: Callable[[], list[str]]) -> None:
        self._content = content
        self._paths = paths

    def name_of(self, slot: int) -> str | None:
        """The image that starts of a slot; None if there is none. The tree of a bundle may outlive its image."""
        found = self._found(slot)
        unpacked = (image.name for image in IMAGES if image.files and image.tree == found)
        return seen.image_name(self._content, slot) or next(unpacked, None)

    def is_whole(self, slot: int) -> bool:
        """Whether the image of a slot has its tree, if it needs one, and a value that names that tree."""
        name = seen.image_name(self._content, slot)
        wanted = seen.tree_of(name) if name else {}
        return not wanted or (self._found(slot) == wanted and seen.names_its_tree(self._content, slot))

    def started(self, slot: int, name: str, path: str) -> None:
        """An image was started from that path. I21: a zipapp from its file, a bundle from a tree that is whole."""
        wanted = seen.tree_of(name)
        kind = "tree" if wanted else "img"
        if path != f"{seen.HOME}/slot-{slot}.{kind}":
            raise Violation("I21", f"{name} was started from {path}, not from slot-{slot}.{kind}")
        if wanted and self._found(slot) != wanted:
            raise Violation("I21", f"{name} was started, and its tree is another one: {self._difference(slot, name)}")

    def changing(self, function: str, name: str, disk: Disk) -> None:
        """A file of a slot is changed. I2: no file of a tree that counts."""
        slot, _, rest = name[len("slot-") :].partition(".")
        if rest.startswith(("tree/", "files")) and seen.value(disk.content, f"slot-{slot}.tree"):
            raise Violation("I2", f"{function} of {name}, and the tree of slot {slot} counts")

    def settled(self, history: History) -> None:
        """Nothing is left to do. I21: beside an image that was proven is its own tree, and nothing else."""
        if history.is_damaged:
            return
        for slot in range(seen.SLOTS):
            name = seen.image_name(self._content, slot)
            if name is None or not seen.is_sealed(self._content, slot):
                continue
            if self._found(slot) != seen.tree_of(name):
                raise Violation("I21", f"slot {slot} holds {name}, and beside it is {self._difference(slot, name)}")

    def _found(self, slot: int) -> dict[str, bytes | None]:
        return seen.tree(self._paths(), self._content, slot)

    def _difference(self, slot: int, name: str) -> str:
        found, wanted = self._found(slot), seen.tree_of(name)
        paths = sorted(found.keys() | wanted.keys())
        odd = [path for path in paths if (path in found, found.get(path)) != (path in wanted, wanted.get(path))]
        return f"a tree that differs in {', '.join(odd)}"


def is_of_a_tree(name: str) -> bool:
    """Whether a file of the home belongs to a tree: a file in it, the list of them, or the value that names both."""
    return name.partition(".")[2].startswith(("tree", "files"))
