"""What a board must be, so that it can be updated: findings with their remedies, some of which stop a put.

Pure: it looks at facts alone.
"""

from collections.abc import Iterator

from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding
from fota_operator.board.facts import BoardFacts
from fota_operator.board.kinds import KINDS, BoardKind
from fota_operator.errors import BoardFailed

MIN_VERSION = (1, 28)
TRIED_VERSION = (1, 29)
MPY_VERSION = 6
"""Of the byte code that mpy-cross makes."""
NEEDED_MODULES = ("vfs", "ssl", "hashlib", "binascii", "network", "machine")
MIN_HEAP_BYTES = 144 << 10
"""What an update takes with the library in files, in the tests, with words of 32 bits."""
ANY_YEAR_OF_OURS = 2026

_INSTALL = "install MicroPython {}.{} or later on it".format(*TRIED_VERSION)


def require_fit(facts: BoardFacts, kind: BoardKind) -> None:
    """*Raises* BoardFailed if files for that kind of board would not start on this one."""
    for finding in (*_software(facts), *_file_system(facts)):
        if finding.level == ERROR:
            raise BoardFailed(f"this board cannot be used: {finding.subject}: {finding.text}", finding.remedy)
    if facts.platform != kind.platform:
        names = [one.name for one in KINDS if one.platform == facts.platform]
        fitting = (
            f"make them again with `fota board make`, for {' or '.join(names)}" if names else "take another board"
        )
        raise BoardFailed(f"the files are for {kind.title}, and this is {facts.machine or facts.platform}", fitting)


def findings_of(facts: BoardFacts) -> Iterator[Finding]:
    """All that matters for updates, good or bad."""
    yield Finding("board", OK, facts.machine or facts.platform)
    yield from _software(facts)
    yield from _file_system(facts)
    yield from _memory(facts)
    yield _clock(facts)
    yield from _partitions(facts)
    yield from _contents(facts)


def _software(facts: BoardFacts) -> Iterator[Finding]:
    said = f"{facts.implementation} {facts.version_text}"
    if facts.implementation != "micropython":
        yield Finding("version", ERROR, f"expected MicroPython, got {said}", _INSTALL)
        return
    if facts.version < MIN_VERSION:
        yield Finding("version", ERROR, f"expected 1.28 or later, got {facts.version_text}", _INSTALL)
    elif facts.version < TRIED_VERSION:
        yield Finding("version", WARNING, f"{said} cannot tell littlefs from FAT", _INSTALL)
    else:
        yield Finding("version", OK, said)
    if facts.mpy_version != MPY_VERSION:
        yield Finding("byte code", ERROR, f"expected version {MPY_VERSION}, got {facts.mpy_version}", _INSTALL)
    needed = [name for name in NEEDED_MODULES if name != "network" or facts.platform != "linux"]
    missing = [name for name in needed if name not in facts.modules]
    if missing:
        yield Finding(
            "modules", ERROR, f"this build has no {', '.join(missing)}", "install the build with Wi-Fi of this board"
        )


def _file_system(facts: BoardFacts) -> Iterator[Finding]:
    if facts.file_system == "VfsFat":
        yield Finding(
            "file system",
            ERROR,
            "FAT, where a power cut can destroy every file",
            "format it: import os, vfs; vfs.umount('/'); vfs.VfsLfs2.mkfs(bdev), where bdev is the flash of the port",
        )
    elif facts.file_system in ("VfsLfs1", "VfsLfs2"):
        yield Finding("file system", OK, "littlefs")
    else:
        known = facts.file_system or "not told by this version"
        yield Finding("file system", WARNING, known, "make sure that it is littlefs, not FAT")
    used = facts.flash_bytes - facts.flash_free_bytes
    yield Finding("flash", OK, f"{facts.flash_free_bytes} bytes free, {used} used")


def _memory(facts: BoardFacts) -> Iterator[Finding]:
    text = f"{facts.heap_bytes} bytes, {facts.heap_free_bytes} free"
    if facts.heap_bytes < MIN_HEAP_BYTES:
        yield Finding(
            "heap",
            WARNING,
            f"{text}; with the library in files an update took {MIN_HEAP_BYTES} in the tests",
            "put the library into ROMFS or into the firmware, or take a board with PSRAM",
        )
    else:
        yield Finding("heap", OK, text)
    if facts.stack_bytes is not None:
        yield Finding("stack", OK, f"{facts.stack_bytes} bytes")


def _clock(facts: BoardFacts) -> Finding:
    if facts.year < ANY_YEAR_OF_OURS:
        return Finding("clock", OK, f"in {facts.year}: not set, so the program must set it by NTP before TLS")
    return Finding("clock", OK, f"in {facts.year}")


def _partitions(facts: BoardFacts) -> Iterator[Finding]:
    if facts.platform != "esp32":
        yield Finding("way to boot", OK, "images as files: this port has no OTA partitions")
    elif len(facts.ota) >= 2:
        names = ", ".join(f"{label} of {size} bytes" for label, size in facts.ota)
        yield Finding("partitions", OK, f"{names}; {facts.running or 'none of them'} runs")
        yield Finding("way to boot", OK, "images as files, or the whole firmware in the OTA partitions")
    else:
        yield Finding(
            "way to boot",
            OK,
            "images as files: there are no two OTA partitions",
            "for updates of the whole firmware, install the OTA variant of MicroPython",
        )


def _contents(facts: BoardFacts) -> Iterator[Finding]:
    files = facts.files
    is_provisioned = bool(files & {"/fota-home/record-0", "/fota-home/record-1"})
    if not is_provisioned:
        yield Finding(
            "home", WARNING, "not on this board", "make it and put it there: fota board make, fota board put"
        )
    else:
        yield Finding("home", OK, f"the thing {facts.thing}" if facts.thing else "there")
        if not facts.thing:
            yield Finding("thing", ERROR, "who it is cannot be read", "put its files there again: fota board put")
        if "/main.py" not in files:
            yield Finding("main.py", ERROR, "missing, so nothing starts", "run fota board put: it goes on")
        if facts.platform != "linux" and "/fota-home/wifi.json" not in files:
            yield Finding("Wi-Fi", WARNING, "no wifi.json", "make the files with `wifi`, and put them there again")
    if "/lib/fota/start.py" in files and "/lib/fota/start.mpy" in files:
        yield Finding(
            "library", WARNING, "there twice; the sources are found first", "run fota board put: it removes them"
        )
    elif "/rom/fota/start.mpy" in files and "/lib/fota/start.mpy" in files:
        yield Finding("library", WARNING, "in ROMFS and in files", "keep one of the two")
