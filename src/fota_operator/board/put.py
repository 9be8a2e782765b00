"""Puts the files of a folder on a board, over its REPL: each is verified there, and all get their names in one go.

Until that moment the board is as it was: each file comes under another name first. A line that breaks costs the
piece under way, no more: what is on the flash is kept, by its digest. What the device itself has changed since it
was put together, its slots and its boot record, is never touched again.
Leaves to others: the line (`link`), what runs on the board (`scripts`), and the folder (`folder`).
"""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fota_operator.board import scripts
from fota_operator.board.checks import require_fit
from fota_operator.board.facts import BoardFacts, read_facts
from fota_operator.board.folder import BoardContents, BoardFile
from fota_operator.board.kinds import kind_of
from fota_operator.board.link import BoardLink, LinkLost, opened
from fota_operator.board.room import bytes_needed
from fota_operator.errors import BadInput, BoardFailed

LIBRARY_FOLDERS = ("/lib/fota", "/lib/aws")
"""Only our files are there: others are left from a former version, and Python would find an old source first."""

PIECE_BYTES = 1023
_FLUSH_EVERY_BYTES = 8 * PIECE_BYTES
_FILES_AT_ONCE = 12
_BACK_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.2


@dataclass
class PutReport:
    """What was done. Each file is in one of the lists, by its path on the board."""

    port: str
    put: list[str] = field(default_factory=list)
    was_there: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """The device's own state, which was there and was not compared."""
    removed: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    reconnects: int = 0


Telling = Callable[[str], None]


def put_board(contents: BoardContents, port: str, tell: Telling = lambda _: None) -> PutReport:
    """Put the files on the board, and start it. Run it again to go on after a failure.

    *Raises* BadInput, BoardFailed: the board is as it was, or waits at its REPL until another `put` goes on.
    """
    report = PutReport(port)
    while True:
        before = report.sent_bytes
        try:
            _session(contents, port, report, tell)
            return report
        except LinkLost:
            # A watchdog that the old program has started resets the board: what came until then is there.
            if report.sent_bytes == before or not _is_back(port):
                raise
            report.reconnects += 1
            tell("the board has reset itself; going on")


def _is_back(port: str) -> bool:
    deadline_s = time.monotonic() + _BACK_WITHIN_S
    while not Path(port).exists():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _session(contents: BoardContents, port: str, report: PutReport, tell: Telling) -> None:
    with opened(port) as link:
        facts = read_facts(link)
        require_fit(facts, kind_of(contents.kind))
        if facts.thing and facts.thing != contents.thing:
            raise BadInput(
                f"this board is the thing {facts.thing}, and the files are for {contents.thing}",
                "take the other board; to make it another thing, erase its flash first",
            )
        link.run(scripts.TOOLS, "the board cannot look at its files")
        plan = _plan(link, contents)
        _require_room(facts, contents, plan)
        sizes = sum(len(one.content) - plan.parts.get(one.path, 0) for one in plan.missing)
        tell(f"{len(plan.missing)} of {len(contents.files)} files are to be put, {sizes} bytes")
        for one in plan.missing:
            _send(link, one, plan.parts.get(one.path, 0), report, tell)
        _finish(link, plan, report)
        report.was_there = plan.same
        report.kept = plan.kept


@dataclass
class _Plan:
    missing: list[BoardFile]
    """What is to be sent, in its order."""
    parts: dict[str, int]
    """How many bytes of such a file are there, under the other name, and are right."""
    same: list[str]
    kept: list[str]
    stale: list[str]


def _plan(link: BoardLink, contents: BoardContents) -> _Plan:
    state = [one for one in contents.files if one.is_state]
    # The last one gets its name last: with it, all of them are there.
    is_provisioned = bool(state) and _survey(link, [state[-1].path])[state[-1].path] is not None
    wanted = [one for one in contents.files if not (one.is_state and is_provisioned)]
    found = _survey(link, [path for one in wanted for path in (one.path, one.path + scripts.PART)])
    same = [one.path for one in wanted if found[one.path] == (len(one.content), one.sha256)]
    missing = [one for one in wanted if one.path not in same]
    if missing and missing[-1].path != contents.files[-1].path:
        # What starts the board is put again with every change, after it.
        missing.append(contents.files[-1])
        same.remove(contents.files[-1].path)
    parts = {}
    for one in missing:
        part = found[one.path + scripts.PART]
        if part is not None and part[1] == hashlib.sha256(one.content[: part[0]]).hexdigest():
            parts[one.path] = part[0]
    return _Plan(
        missing=missing,
        parts=parts,
        same=same,
        kept=[one.path for one in state] if is_provisioned else [],
        stale=list(_stale(link, contents, missing)),
    )


def _stale(link: BoardLink, contents: BoardContents, missing: Sequence[BoardFile]) -> Iterator[str]:
    ours = {one.path for one in contents.files}
    under_way = {one.path + scripts.PART for one in missing}
    for folder in (*LIBRARY_FOLDERS, contents.home):
        is_library = folder in LIBRARY_FOLDERS
        for path in link.run(scripts.listing(folder), "the board cannot list its files").split("\n"):
            name = path.strip()
            is_left = name.endswith(scripts.PART) and name not in under_way
            if name.startswith(folder + "/") and (is_left or (is_library and name not in ours | under_way)):
                yield name


def _survey(link: BoardLink, paths: Sequence[str]) -> dict[str, tuple[int, str] | None]:
    """Size and SHA-256 of each file there, None for one that is not. *Raises* LinkLost."""
    found: dict[str, tuple[int, str] | None] = {}
    for first in range(0, len(paths), _FILES_AT_ONCE):
        some = list(paths[first : first + _FILES_AT_ONCE])
        lines = link.run(scripts.survey(some), "the board cannot read its files").split()
        words = iter(lines)
        for path in some:
            size = next(words, "")
            if size == "-":
                found[path] = None
            elif size.isdecimal():
                found[path] = int(size), next(words, "")
            else:
                raise LinkLost(f"{link.port}: an answer was cut", "run the same command again: it goes on")
    return found


def _require_room(facts: BoardFacts, contents: BoardContents, plan: _Plan) -> None:
    needed = bytes_needed(facts.block_bytes, plan.missing, plan.parts)
    if not plan.kept:
        # The second slot must fit too, or the first update would find no room.
        needed += contents.slot_size_bytes
    if needed > facts.flash_free_bytes:
        raise BoardFailed(
            f"the board has {facts.flash_free_bytes} bytes of flash free, and {needed} are needed",
            "remove files from it, or make the files with a smaller `slot_size`",
        )


def _send(link: BoardLink, one: BoardFile, offset: int, report: PutReport, tell: Telling) -> None:
    what = f"{one.path} cannot be written"
    link.run(scripts.begin(one.path + scripts.PART, appends=offset > 0), what)
    unflushed = 0
    for first in range(offset, len(one.content), PIECE_BYTES):
        piece = one.content[first : first + PIECE_BYTES]
        link.run(scripts.piece(base64.b64encode(piece).decode()), what)
        unflushed += len(piece)
        if unflushed >= _FLUSH_EVERY_BYTES:
            link.run(scripts.FLUSH, what)
            report.sent_bytes += unflushed
            unflushed = 0
    link.run(scripts.END, what)
    report.sent_bytes += unflushed
    if _survey(link, [one.path + scripts.PART])[one.path + scripts.PART] != (len(one.content), one.sha256):
        link.run(f"gone({one.path + scripts.PART!r})", what)
        raise LinkLost(f"{one.path} does not read back as written", "run the same command again")
    tell(f"{one.path}  {len(one.content)}")


def _finish(link: BoardLink, plan: _Plan, report: PutReport) -> None:
    if not plan.missing:
        for path in plan.stale:
            link.run(f"gone({path!r})", f"{path} cannot be removed")
    else:
        link.run(scripts.commit(plan.missing, plan.stale), "the files cannot be given their names")
        found = _survey(link, [one.path for one in plan.missing])
        odd = [one.path for one in plan.missing if found[one.path] != (len(one.content), one.sha256)]
        if odd:
            raise BoardFailed(f"{odd[0]} does not read back as written", "try it again; the flash may be worn")
    report.put = [one.path for one in plan.missing]
    report.removed = plan.stale
