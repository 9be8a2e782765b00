"""What to take from where: the steps from an old image to a new one, found by bsdiff.

Leaves to others: which parts are compared (`pairs`), how the steps are written (`make`).
"""

from __future__ import annotations

import multiprocessing
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bsdiff4 import core

from fota_operator.patches.pairs import Pair, pairs

_MAX_IN_PROCESS_BYTES = 65_536
"""Smaller pairs are compared in this process: they end soon, whatever they hold."""
_SIGN = 1 << 63

OnDone = Callable[[int, int], object]
"""Called with the bytes of the new image that were compared so far, and all of them."""


@dataclass(frozen=True)
class Step:
    """`add` bytes of the new image are like those of the old one at `place`; then come `extra` new bytes."""

    place: int
    add: int
    extra: int


def steps(old: bytes, new: bytes, *, pair_timeout_s: float, on_done: OnDone) -> tuple[list[Step], list[str]]:
    """The steps that make all of the new image, in order; and the members that took too long, which travel whole.

    *Blocks* for as long as bsdiff takes, `pair_timeout_s` for a pair at most.
    """
    found: list[Step] = []
    slow: list[str] = []
    for pair in pairs(old, new):
        part = _of_pair(old, new, pair, pair_timeout_s)
        if part is None:
            slow.append(pair.name or f"bytes {pair.new.start} to {pair.new.end}")
            part = [Step(0, 0, pair.new.size_bytes)]
        found += part
        on_done(pair.new.end, len(new))
    return list(_joined(found)), slow


def _of_pair(old: bytes, new: bytes, pair: Pair, timeout_s: float) -> list[Step] | None:
    """The steps of one pair; None if that took too long."""
    size_bytes = pair.new.size_bytes
    if not pair.old.size_bytes:
        return [Step(0, 0, size_bytes)]
    before, after = old[pair.old.start : pair.old.end], new[pair.new.start : pair.new.end]
    if before == after:
        return [Step(pair.old.start, size_bytes, 0)]
    if size_bytes + pair.old.size_bytes <= _MAX_IN_PROCESS_BYTES:
        control = _bsdiff(before, after)
    else:
        bounded = _bounded(before, after, timeout_s)
        if bounded is None:
            return None
        control = bounded
    return list(_absolute(control, pair.old.start))


def _bsdiff(before: bytes, after: bytes) -> bytes:
    control: bytes = core.diff(before, after)[0]
    return control


def _bounded(before: bytes, after: bytes, timeout_s: float) -> bytes | None:
    """Bsdiff in a process of its own, which can be ended: nothing else ends it. None if it took too long."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(there, before, after), daemon=True)
    process.start()
    there.close()
    try:
        return here.recv_bytes() if here.poll(timeout_s) else None
    except EOFError:
        # The process was ended from outside, as for want of memory.
        return None
    finally:
        process.kill()
        process.join()
        here.close()


def _send(there: Connection, before: bytes, after: bytes) -> None:
    there.send_bytes(_bsdiff(before, after))


def _absolute(control: bytes, start: int) -> Iterator[Step]:
    """Bsdiff's triples as steps: numbers of 8 bytes, whose upper bit is the sign."""
    numbers = [-(one ^ _SIGN) if one & _SIGN else one for (one,) in struct.iter_unpack("<Q", control)]
    place = start
    for add, extra, seek in zip(numbers[0::3], numbers[1::3], numbers[2::3], strict=True):
        if add or extra:
            yield Step(place, add, extra)
        place += add + seek


def _joined(found: list[Step]) -> Iterator[Step]:
    """The same steps, where one goes on as the one before it ends, as one."""
    last: Step | None = None
    for step in found:
        if last is None:
            last = step
        elif not step.add:
            last = Step(last.place, last.add, last.extra + step.extra)
        elif not last.extra and last.place + last.add == step.place:
            last = Step(last.place, last.add + step.add, step.extra)
        else:
            yield last
            last = step
    if last is not None:
        yield last
