"""The doctor's checks of a home folder: its file system, its free space, and what its slots hold.

CPython only. It only reads, and takes no lock: a device may be running from the home. Other files check the copies
of what the device remembers (`copies`), who may change it (`access`), and what runs from it (`running`).
"""

import os

from fota import boot, image
from fota.boards.files import FilesBoard
from fota.bundle import folders_cpython as folders
from fota.errors import StorageFailed, UnsafeFileSystem
from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding
from fota_boot.doctor.trees import why_not_started
from fota_boot.filesystem import doubt_about, require_safe

MIN_SLOTS = 2
_UNREADABLE = "see to the disk, and to who may read the file"

_BUFFER_BYTES = 1 << 20


def examine_file_system(path: str) -> list[Finding]:
    """Whether the file system keeps a flushed byte."""
    try:
        require_safe(path)
    except UnsafeFileSystem as error:
        # The remedy in the error's own text is for provisioning.
        return [Finding("file system", ERROR, str(error).split(";", maxsplit=1)[0], "move the home to a disk")]
    doubt = doubt_about(path)
    if doubt:
        return [Finding("file system", WARNING, f"{path}: {doubt}", "move the home to a disk, or to a volume")]
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return [Finding("file system", ERROR, f"{path} is mounted read-only", "mount it to be written to")]
    return [Finding("file system", OK, f"{path} lies on one that keeps what was written")]


def examine_slots(home: FilesBoard) -> list[Finding]:
    """How many slots there are, what each of them holds, and whether the next image has room."""
    try:
        capacity_bytes = home.slots.capacity_bytes(0)
    except StorageFailed as error:
        return [Finding("slots", ERROR, f"cannot be read now: {error}", _UNREADABLE)]
    if capacity_bytes == 0:
        text = "slots.json cannot be read: the device boots, and takes no update"
        return [Finding("slots", ERROR, text, f"write {home.path}/slots.json again, as a device of its kind has it")]
    if home.slots.count < MIN_SLOTS:
        text = f"{home.slots.count} of the {MIN_SLOTS} that an update needs"
        return [Finding("slots", ERROR, text, "provision an empty folder in its place")]
    findings = [Finding("slots", OK, f"{home.slots.count}, for images of up to {capacity_bytes} bytes")]
    findings += [_slot(home, slot) for slot in range(home.slots.count)]
    return findings + _room(home)


def _slot(home: FilesBoard, slot: int) -> Finding:
    """Whether a slot holds what it was sealed with. Reads the whole image."""
    subject = f"slot {slot}"
    try:
        promised = home.slots.seal_of(slot)
    except StorageFailed as error:
        return Finding(subject, ERROR, f"its seal cannot be read now: {error}", _UNREADABLE)
    record = boot.known(home.records)
    is_needed = record is not None and slot in (record.confirmed_slot, record.boot_slot)
    level = ERROR if is_needed else WARNING
    remedy = "replace the device, or provision an empty folder" if is_needed else "the next update fills it anew"
    if promised is None:
        if is_needed:
            return Finding(subject, ERROR, "is to boot, and its seal is broken or damaged", remedy)
        return Finding(subject, OK, "spare: empty, or being filled")
    size_bytes = _size_bytes(home.slots.image_path(slot))
    if size_bytes != promised.size_bytes:
        return Finding(subject, level, f"holds {size_bytes} of the {promised.size_bytes} bytes of its image", remedy)
    problem = "holds other bytes than it was sealed with"
    if image.proves_itself(home.slots, slot, memoryview(bytearray(_BUFFER_BYTES))):
        problem, remedy = why_not_started(home, slot, promised)
    if problem:
        return Finding(subject, level, problem, remedy)
    return Finding(subject, OK, f"{_role(home, slot)}: {size_bytes} bytes, as they were sealed")


def _role(home: FilesBoard, slot: int) -> str:
    record = boot.known(home.records)
    if record is None:
        return "sealed"
    if slot == record.confirmed_slot:
        return "confirmed"
    return "on trial" if slot == record.boot_slot else "spare"


def _room(home: FilesBoard) -> list[Finding]:
    """Whether the next image has room. An update empties the spare slot first, so its room counts as free."""
    record = boot.known(home.records)
    if record is None:
        return []
    spare = [slot for slot in range(home.slots.count) if slot not in (record.confirmed_slot, record.boot_slot)]
    disk = os.statvfs(home.path)
    used_bytes = min([_taken_bytes(home, slot) for slot in spare] or [0])
    free_bytes = disk.f_bavail * disk.f_frsize + used_bytes
    capacity_bytes, tree_bytes = (
        home.slots.capacity_bytes(0),
        folders.taken_bytes(_tree_path(home, record.confirmed_slot)),
    )
    if free_bytes >= capacity_bytes + tree_bytes:
        return [Finding("space", OK, f"{free_bytes} bytes for the next image")]
    needed_bytes = _size_bytes(home.slots.image_path(record.confirmed_slot)) + tree_bytes
    level = ERROR if free_bytes < needed_bytes else WARNING
    text = f"{free_bytes} bytes for the next image, and a slot takes one of up to {capacity_bytes}"
    if tree_bytes:
        text += f", with a tree such as that of {tree_bytes} bytes"
    return [Finding("space", level, text, "make room on the disk of the home")]


def _size_bytes(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _tree_path(home: FilesBoard, slot: int) -> str:
    return f"{home.path}/slot-{slot}.tree"


def _taken_bytes(home: FilesBoard, slot: int) -> int:
    return folders.taken_bytes(home.slots.image_path(slot)) + folders.taken_bytes(_tree_path(home, slot))
