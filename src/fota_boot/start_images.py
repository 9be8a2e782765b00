"""What of a slot can start, and by which command: the image itself, or the tree that was unpacked of a bundle."""

import os

from fota import boot, image
from fota.boards.files import FilesBoard
from fota.bundle import tags_cpython
from fota.bundle.archive_cpython import Bundle
from fota.bundle.contents_cpython import FIRST_BYTES, is_bundle
from fota.bundle.trees_cpython import Tree
from fota.errors import FotaError, StorageFailed
from fota.log import log
from fota.storage import SlotReader
from fota_boot import zip_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.digests import Digests

PROTOCOL = 1
"""The contract between fota-boot and an image that this fota-boot keeps: docs/reference/boot-contract.md."""

_STARTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bundle_start.py")
_BUFFER_BYTES = 1 << 16


def proves_itself(home: FilesBoard, slot: int, *, any_runtime: bool = False) -> "bool | None":
    """Whether what starts of a slot, read now, is what was proven; None if it cannot be read now.

    Of a bundle that is its tree, each file of it, and nothing else in it. A bundle without a tree cannot start, and
    neither can one for another Python, unless `any_runtime`.
    """
    tree = Tree(home.path, slot)
    try:
        promised = home.slots.seal_of(slot)
        if promised is None:
            return False
        if tree.is_of(promised):
            return (any_runtime or not misfit(*tree.needs())) and tree.is_whole()
        if tree.is_bundle():
            return False
    except StorageFailed:
        return None
    return image.proves_itself(home.slots, slot, memoryview(bytearray(_BUFFER_BYTES)))


def command(home: FilesBoard, slot: int, python: str, arguments: "list[str]") -> "tuple[str, list[str]]":
    """The path of what is started, and the command for it; it proved itself a moment ago. *Raises* StorageFailed."""
    tree = Tree(home.path, slot)
    promised = home.slots.seal_of(slot)
    if promised is not None and tree.is_of(promised):
        path = os.path.abspath(tree.path)
        return path, [python, "-I", "-S", "-B", _STARTER, path, tree.entry(), *arguments]
    path = os.path.abspath(home.slots.image_path(slot))
    return path, [python, path, *arguments]


def unpack_now(home: str, slot: int, image_digests: "Digests") -> None:
    """Make the tree of a slot that holds a bundle with these digests.

    *Raises* WrongFormat, WrongRuntime, NoSpace, StorageFailed.
    """
    Tree(home, slot).make(image_digests, misfit, lambda: None)


def proves_itself_or_is_mended(home: FilesBoard, slot: int, *, any_runtime: bool = False) -> "bool | None":
    """The same as `proves_itself`; but first the tree of the confirmed bundle is made again, if that must be.

    A bundle whose tree was changed gives way to another image, unless each of the others has failed here, or was
    never tried.
    """
    is_proven = proves_itself(home, slot, any_runtime=any_runtime)
    if is_proven is False and _must_stay(home, slot):
        is_proven = _unpack(home, slot, any_runtime=any_runtime)
    return is_proven


def _must_stay(home: FilesBoard, slot: int) -> bool:
    """Whether that slot is the confirmed one, and no other holds an image that can take its place."""
    record = boot.known(home.records)
    if record is None or record.confirmed_slot != slot:
        return False
    for other in range(home.slots.count):
        if other not in (slot, record.trial_slot) and _was_well(home, other) and proves_itself(home, other):
            return False
    return True


def _was_well(home: FilesBoard, slot: int) -> bool:
    """Whether nothing speaks against the image of a slot: none that failed here, or that an update has yet to try."""
    try:
        promised, update = home.slots.seal_of(slot), home.journal.load()
        if promised is None or home.journal.knows_bad(promised):
            return False
        return update is None or not update.wanted.matches(promised)
    except StorageFailed:
        return True


def unpack_again(home: FilesBoard, *, any_runtime: bool = False) -> bool:
    """Unpack each bundle that is whole and whose tree is not, since nothing can be started. Whether there was one."""
    done = False
    for slot in range(home.slots.count):
        done = _unpack(home, slot, any_runtime=any_runtime) or done
    return done


def _unpack(home: FilesBoard, slot: int, *, any_runtime: bool) -> bool:
    """Make the tree of a slot again, if its image is a whole bundle. Whether it can be started after that."""
    try:
        promised = home.slots.seal_of(slot)
        if promised and image.proves_itself(home.slots, slot, memoryview(bytearray(_BUFFER_BYTES))):
            Tree(home.path, slot).make(promised, _fits_anyway if any_runtime else misfit, lambda: None)
            return bool(proves_itself(home, slot, any_runtime=any_runtime))
    except FotaError as error:
        log("not-unpacked", slot=slot, problem=error)
    return False


def _fits_anyway(_runtime: "str | None", _boot: int) -> str:
    return ""


def misfit(runtime: "str | None", boot: int) -> str:
    """Why this fota-boot cannot start an image for that runtime and that protocol; empty if it can."""
    return tags_cpython.misfit(runtime, boot, PROTOCOL)


def _misfit_of(path: str) -> str:
    reader = SlotReader(os.path.realpath(path))
    try:
        found = Bundle(reader).contents
    finally:
        reader.close()
    return misfit(found.runtime, found.boot)


def what_is_wrong_with(path: str) -> str:
    """Why a file is no image that can be started here; empty if it looks like one. *Raises* StorageFailed."""
    try:
        with open(path, "rb") as file:
            if is_bundle(file.read(FIRST_BYTES)):
                return _misfit_of(path)
    except (OSError, ValueError) as error:
        return f"no zipapp and no bundle ({error})"
    return zip_files.what_is_wrong_with(path)
