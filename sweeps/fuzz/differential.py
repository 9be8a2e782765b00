"""Compares the verdicts of both interpreters on the same texts: no verdict may differ."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fota.trust import floor, keyring
from sweeps.fuzz import micropython, stage, verdicts
from sweeps.fuzz.check import ESCAPE, HANG, kept
from sweeps.fuzz.documents import document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sweeps.fuzz.documents import Document

TIMEOUT_S = 600.0
"""For a batch of texts; a text takes milliseconds."""

DIFFERENCE = "difference"
_NO_VERDICT = "no verdict"
_DEVICES = (stage.OPEN, stage.SINGLE, stage.PAIR)


@dataclass(frozen=True)
class Difference:
    """A text that the interpreters read differently, or that an exception or no answer at all came of."""

    kind: str
    number: int
    here: str
    there: str


@dataclass
class Compared:
    """What came of many texts."""

    texts: int = 0
    judged: int = 0
    """Of them with their signatures verified, where there was one."""
    differences: int = 0
    escapes: int = 0
    hangs: int = 0
    found: list[Difference] = field(default_factory=list)

    def add(self, other: Compared) -> None:
        """Sum up, across processes."""
        for name in ("texts", "judged", "differences", "escapes", "hangs"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.found = kept(self.found, other.found)


def compare(
    seed: int,
    numbers: Sequence[int],
    *,
    alter: Callable[[Path], None] = lambda _folder: None,
    timeout_s: float = TIMEOUT_S,
) -> Compared:
    """The verdicts of both interpreters; `alter` may change what the other one is given."""
    sent = [document(seed, number) for number in numbers]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        micropython.install(folder)
        alter(folder)
        texts = folder / "texts"
        texts.write_bytes(_file_of(sent))
        try:
            there = micropython.verdicts(folder, texts, timeout_s)
        except subprocess.TimeoutExpired:
            told = f"no end within {timeout_s} s, in this text or one of the {len(sent) - 1} after it"
            return Compared(texts=len(sent), hangs=1, found=[Difference(HANG, sent[0].number, "not asked", told)])
        with texts.open("rb") as file:
            here = list(verdicts.lines(file))
    return _compared(sent, here, there)


def _file_of(sent: list[Document]) -> bytes:
    pieces = []
    for device in _DEVICES:
        held = stage.KEYRINGS[device]
        state = b"" if held is None else keyring.encode(held)
        pieces.append(verdicts.state_piece(state, floor.encode(stage.reached())))
    for one in sent:
        judge = 1 + _DEVICES.index(one.device) if one.has_signatures else 0
        pieces.append(verdicts.text_piece(one.text, judge))
    return b"".join(pieces)


def _compared(sent: list[Document], here: list[str], there: list[str]) -> Compared:
    done = Compared(texts=len(sent), judged=sum(one.has_signatures for one in sent))
    # Where one broke down, all that follows has no verdict: every one counts, the first is told.
    there += [_NO_VERDICT] * (len(sent) - len(there))
    for broke_down in there[len(sent) :]:
        done.differences += 1
        done.found = kept(done.found, [Difference(DIFFERENCE, sent[-1].number, here[-1], broke_down)])
    for one, ours, theirs in zip(sent, here, there, strict=False):
        escapes = verdicts.ESCAPED in ours + theirs
        done.escapes += escapes
        done.differences += ours != theirs
        if (escapes or ours != theirs) and theirs != _NO_VERDICT:
            kind = ESCAPE if escapes else DIFFERENCE
            done.found = kept(done.found, [Difference(kind, one.number, ours, theirs)])
    return done
