"""What a board says of itself, read over its REPL."""

import json
import re
from dataclasses import dataclass
from typing import Any

from fota_operator.board import scripts
from fota_operator.board.link import BoardLink, BoardRaised
from fota_operator.errors import BoardFailed

_STACK = re.compile(r"stack: (\d+) out of (\d+)")


@dataclass(frozen=True)
class BoardFacts:
    """A board as it is now. Sizes are in bytes."""

    implementation: str
    version: tuple[int, ...]
    machine: str
    platform: str
    mpy_version: int
    modules: frozenset[str]
    heap_bytes: int
    heap_free_bytes: int
    stack_bytes: int | None
    """None if the port does not say it."""
    block_bytes: int
    flash_bytes: int
    flash_free_bytes: int
    file_system: str
    """The class of the file system at `/`, such as VfsLfs2; empty if this version does not say it."""
    year: int
    """Of its clock."""
    ota: tuple[tuple[str, int], ...]
    """The OTA partitions: label and size."""
    running: str
    """The label of the partition that runs; empty if the port has none."""
    path: tuple[str, ...]
    """`sys.path`."""
    files: frozenset[str]
    """Which of the files that matter are there."""
    thing: str
    """The name of its thing; empty if there is none."""

    @property
    def version_text(self) -> str:
        """As people write it: 1.29.0."""
        return ".".join(map(str, self.version))


def read_facts(link: BoardLink) -> BoardFacts:
    """Ask the board. *Raises* BoardFailed."""
    said = link.run(scripts.FACTS, "the board cannot say what it is")
    try:
        stack = _STACK.search(link.run(scripts.STACK, "the board cannot say how much stack it has"))
    except BoardRaised:
        stack = None
    try:
        found: dict[str, Any] = json.loads(said.strip().splitlines()[-1])  # Any: what JSON makes of it
        mounts = dict(found["mounts"])
        return BoardFacts(
            implementation=str(found["implementation"]),
            version=tuple(map(int, found["version"])),
            machine=str(found["machine"]),
            platform=str(found["platform"]),
            mpy_version=int(found["mpy"]) & 0xFF,
            modules=frozenset(map(str, found["modules"])),
            heap_bytes=int(found["heap_bytes"]),
            heap_free_bytes=int(found["heap_free"]),
            stack_bytes=int(stack[2]) if stack else None,
            block_bytes=int(found["block_bytes"]),
            flash_bytes=int(found["flash_bytes"]),
            flash_free_bytes=int(found["flash_free"]),
            file_system=str(mounts.get("/", "")),
            year=int(found["year"]),
            ota=tuple((str(label), int(size)) for label, size in found["ota"]),
            running=str(found.get("running", "")),
            path=tuple(map(str, found["path"])),
            files=frozenset(map(str, found["files"])),
            thing=str(found["thing"]),
        )
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise BoardFailed(
            f"{link.port}: the board answered something else than was asked: {said.strip()[-80:]!r}", "try it again"
        ) from error
