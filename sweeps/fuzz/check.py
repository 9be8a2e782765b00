"""Checks one document after the other, each within its deadline. What it finds is of one of these kinds:

escape  the library raised an exception that it does not promise, or a device accepted a document that it should
        refuse: no key that it trusts has signed it, or the flow accepts it although its parts refuse it
hang    the check did not end within the deadline
write   bytes were written or erased for a document that was refused
"""

from __future__ import annotations

import binascii
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fota_testing.misuse import Misuse
from sweeps.escapes import Escaped, errors_escape
from sweeps.fuzz import paths
from sweeps.fuzz.bench import Bench
from sweeps.fuzz.deadline import Hang, deadline
from sweeps.fuzz.documents import document
from sweeps.fuzz.signing import IDS
from sweeps.fuzz.stage import KEYRINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sweeps.fuzz.documents import Document
    from sweeps.fuzz.paths import Outcome

ESCAPE, HANG, WRITE = "escape", "hang", "write"
DEADLINE_S = 10.0
"""A document takes a millisecond; this much is for a machine that is busy with other things."""
MAX_KEPT = 40
"""At most this number of findings of a kind is kept to be shown; all are counted."""


@dataclass(frozen=True)
class Finding:
    """Something that must not be."""

    kind: str
    number: int
    what: str


class Kind(Protocol):
    """Something that was found."""

    @property
    def kind(self) -> str:
        """What it is."""


Found = TypeVar("Found", bound=Kind)


def kept(findings: list[Found], more: list[Found]) -> list[Found]:
    """The findings, and of others as many of each kind as are kept."""
    counts = Counter(one.kind for one in findings)
    for one in more:
        counts[one.kind] += 1
        if counts[one.kind] <= MAX_KEPT:
            findings.append(one)
    return findings


@dataclass
class Tally:
    """What came of many documents."""

    documents: int = 0
    whole: int = 0
    escapes: int = 0
    hangs: int = 0
    bytes_written: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    """Seconds of processor time, and the number of the document that took them."""

    def add(self, other: Tally) -> None:
        """Sum up, across processes."""
        for name in ("documents", "whole", "escapes", "hangs", "bytes_written"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.ends += other.ends
        self.findings = kept(self.findings, other.findings)
        self.slowest = max(self.slowest, other.slowest)

    def found(self, finding: Finding) -> None:
        """Keep it to be shown."""
        self.findings = kept(self.findings, [finding])


class Checker:
    """Checks documents one by one; uses a device again as long as nothing was written to it."""

    def __init__(self, seed: int, *, deadline_s: float = DEADLINE_S) -> None:
        self.tally = Tally()
        self._seed = seed
        self._deadline_s = deadline_s
        self._benches: dict[str, Bench] = {}

    def check(self, numbers: Iterable[int]) -> None:
        """Each of them, into the tally."""
        for number in numbers:
            began_s = time.process_time()
            self.one(document(self._seed, number))
            self.tally.slowest = max(self.tally.slowest, (time.process_time() - began_s, number))

    def one(self, sent: Document, *, is_whole: bool = False) -> list[Outcome]:
        """One document on its ways; what it came to on each. `is_whole`: on both, whatever its number."""
        self.tally.documents += 1
        bench = self._benches.pop(sent.device, None) or Bench(sent.device)
        outcome = self._tried(sent, bench, paths.judged)
        if outcome is None:
            return []
        self.tally.ends[outcome.label] += 1
        if outcome.written_bytes == 0:
            self._benches[sent.device] = bench
        if not (is_whole or sent.is_whole):
            return [outcome]
        self.tally.whole += 1
        again = self._tried(sent, Bench(sent.device), paths.whole)
        if again is None:
            return [outcome]
        if not _agree(outcome, again):
            self._escape(sent, f"the flow says {again.label}, its parts say {outcome.label}")
        return [outcome, again]

    def _tried(self, sent: Document, bench: Bench, path: paths.Path) -> Outcome | None:
        """What the document came to; None if that is a finding already."""
        try:
            with deadline(self._deadline_s), errors_escape():
                outcome = path(bench, sent)
        except Hang:
            self.tally.hangs += 1
            self.tally.found(Finding(HANG, sent.number, f"no end within {self._deadline_s} s"))
            return None
        except Escaped as escaped:
            self._escape(sent, str(escaped))
            return None
        except (Exception, SystemExit, Misuse) as error:  # noqa: BLE001 - whatever comes out is the finding
            self._escape(sent, f"{type(error).__name__}: {error}")
            return None
        self._judge(sent, outcome, may_write=path is paths.whole or outcome.end != paths.CLAIMED)
        return outcome

    def _judge(self, sent: Document, outcome: Outcome, *, may_write: bool) -> None:
        is_taken = outcome.end in paths.TAKEN
        if outcome.written_bytes and not (is_taken and may_write):
            self.tally.bytes_written += outcome.written_bytes
            self.tally.found(Finding(WRITE, sent.number, f"{outcome.written_bytes} bytes, then {outcome.label}"))
        if is_taken and not _is_signed(sent):
            self._escape(sent, f"{outcome.label}, and nobody has signed it")

    def _escape(self, sent: Document, what: str) -> None:
        self.tally.escapes += 1
        self.tally.found(Finding(ESCAPE, sent.number, what))


def _agree(judged: Outcome, whole: Outcome) -> bool:
    # What was claimed may still fail: its URL may lead nowhere.
    if judged.end == paths.CLAIMED:
        return whole.end in {paths.CLAIMED, "FAILED"}
    return (judged.end, judged.reason) == (whole.end, whole.reason)


def _is_signed(sent: Document) -> bool:
    """Whether the fuzz itself made the signatures that the device must have seen, over what the document carries."""
    keyring = KEYRINGS[sent.device]
    if keyring is None:
        return True
    try:
        envelope = _carried(sent.text)["envelope"]
        named = (envelope["payloadType"], binascii.a2b_base64(envelope["payload"]))
        names = {one["keyid"] for one in envelope["signatures"]} & set(keyring.keys)
    except (ValueError, KeyError, TypeError):
        return False
    made = {IDS[key] for key, kind, signed in sent.signed if (kind, signed) == named}
    return len(names & made) >= keyring.threshold


def _carried(text: bytes) -> Any:
    """The document as another parser finds it in the service's answer; `Any`, since it can be anything."""
    # As text: a number may have more digits than int() takes.
    value = json.loads(paths.answer(text), parse_int=str)["execution"]["jobDocument"]
    return json.loads(value, parse_int=str) if isinstance(value, str) else value
