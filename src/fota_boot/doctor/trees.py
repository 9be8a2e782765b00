"""The doctor's checks of the unpacked bundles: whether each tree is whole, fits this Python, and is the device's own.

CPython only. It reads every file of a tree, as each boot does, and names those that differ.
"""

import os

from fota.boards.files import FilesBoard
from fota.bundle import contents_cpython as contents
from fota.bundle import folders_cpython as folders
from fota.bundle.trees_cpython import Tree
from fota.errors import StorageFailed
from fota_boot.doctor.access import user_name
from fota_boot.doctor.findings import ERROR, WARNING, Finding
from fota_boot.misfits import misfit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.digests import Digests

_UNREADABLE = "see to the disk, and to who may read the files"
_MAX_NAMES = 3
_MAX_NAMED = 120


def why_not_started(home: FilesBoard, slot: int, promised: "Digests") -> tuple[str, str]:
    """Why a slot whose image is whole does not start, and what to do; two empty texts if it does."""
    tree = Tree(home.path, slot)
    try:
        return _why_not_started(home, slot, tree, promised) if tree.is_bundle() else ("", "")
    except StorageFailed as error:
        return f"its tree cannot be read now: {error}", _UNREADABLE


def _why_not_started(home: FilesBoard, slot: int, tree: Tree, promised: "Digests") -> tuple[str, str]:
    """The same of a bundle. *Raises* StorageFailed."""
    if not tree.is_of(promised):
        text = "its bundle is whole and not unpacked, so it does not start"
        return text, "restart fota-boot, which unpacks it if nothing else can start; or send the image again"
    problem = misfit_of(home, slot)
    if problem:
        return f"its bundle does not fit, and starts only if no other image can: {problem}", (
            "send it a bundle for the Python that it has now, or put the former one back"
        )
    whole = tree.is_whole()
    if whole is None:
        return "its tree cannot be read now", _UNREADABLE
    if whole:
        return "", ""
    differing = _named(_differing(tree, tree.files()))
    return f"its image is whole, and its tree was changed, so it does not start: {differing}", (
        "find out what writes there; fota-boot unpacks it again if nothing else can start, and the next update does"
    )


def examine_trees(home: FilesBoard) -> list[Finding]:
    """Leftovers where an image is no bundle, and files of another owner, which no update could remove."""
    findings = []
    owner = os.stat(home.path).st_uid
    for slot in range(home.slots.count):
        tree = Tree(home.path, slot)
        left = [path for path in (tree.path, f"{home.path}/slot-{slot}.files") if os.path.lexists(path)]
        foreign = sorted(path for path, status in _entries(tree.path).items() if status.st_uid != owner)
        subject = f"slot {slot} tree"
        if left and not _is_bundle(tree):
            text = f"{', '.join(os.path.basename(path) for path in left)}: of no bundle that the slot holds"
            findings.append(Finding(subject, WARNING, text, "the next update of the slot removes it"))
        if foreign:
            text = f"{_some(foreign)}: of another owner, so no update can remove the tree"
            findings.append(Finding(subject, ERROR, text, f"chown -R {user_name(owner)} {tree.path}"))
    return findings


def _is_bundle(tree: Tree) -> bool:
    try:
        return tree.is_bundle()
    except StorageFailed:
        # Another check says that.
        return True


def _differing(tree: Tree, listed: "dict[str, tuple[int, str, int]] | None") -> dict[str, list[str]]:
    """The paths in a tree that are not as they are listed, by what is wrong with them."""
    if listed is None:
        return {
            "the list of its files is missing or was changed": [
                os.path.basename(tree.path).replace(".tree", ".files")
            ]
        }
    there = set(_entries(tree.path)) - {""}
    expected = set(listed) | {folder for path in listed for folder in contents.folders_of(path)}
    changed = [path for path in sorted(set(listed) & there) if _measured(f"{tree.path}/{path}") != listed[path]]
    return {
        "missing": sorted(expected - there),
        "added": sorted(there - expected),
        "changed, in its bytes or its mode": changed,
    }


def _measured(path: str) -> "tuple[int, str, int] | None":
    try:
        return folders.measured(path, from_disk=False)
    except OSError:
        return None


def _named(differing: dict[str, list[str]]) -> str:
    told = [f"{_some(paths)} ({how})" for how, paths in differing.items() if paths]
    return "; ".join(told) or "a folder was replaced"


def _some(paths: list[str]) -> str:
    shown = ", ".join(path[:_MAX_NAMED] or "the folder itself" for path in paths[:_MAX_NAMES])
    return shown if len(paths) <= _MAX_NAMES else f"{shown} and {len(paths) - _MAX_NAMES} more"


def _entries(top: str) -> dict[str, os.stat_result]:
    """All that is in a folder, by its path in there; "" is the folder. Follows no link; leaves out what fails."""
    found, left = {}, [""]
    while left:
        path = left.pop()
        whole = f"{top}/{path}" if path else top
        try:
            found[path] = os.lstat(whole)
            if folders.is_folder(whole):
                left += [f"{path}/{name}" if path else name for name in os.listdir(whole)]
        except OSError:
            continue
    return found
