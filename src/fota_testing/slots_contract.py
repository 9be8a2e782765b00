"""The contract of `fota.slots` as a check that any back-end must pass.

It is published for porters: call `check_slots` with a function that makes your back-end, empty. It raises
AssertionError with the number of the broken clause and a sentence. It needs no test runner and runs on both
interpreters.

What cannot be seen from outside needs a hook; the check returns the clauses that it could not check.
"""

from fota.digests import Digests, Hasher
from fota.errors import ImageTooLarge, StorageFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.slots import Slots, Writer

_MAX_IMAGE_BYTES = 20_000
"""Larger slots are not filled completely: the check must be quick on a slow chip."""


class Hooks:
    """Functions of a back-end's own test that change its storage in ways that the contract has no calls for."""

    def __init__(
        self,
        *,
        reopen: "Callable[[Slots], Slots] | None" = None,
        tear_seal: "Callable[[Slots, int], None] | None" = None,
        refuse: "Callable[[Slots, int], None] | None" = None,
    ) -> None:
        self.reopen = reopen
        """Open the same storage as after a reset, with an object that remembers nothing."""
        self.tear_seal = tear_seal
        """Spoil the stored seal of a slot, as a power cut in the middle of `seal` would."""
        self.refuse = refuse
        """Make the storage refuse the next writes to a slot."""


def check_slots(make_slots: "Callable[[], Slots]", hooks: "Hooks | None" = None) -> "list[str]":
    """Check a back-end against each clause of `fota.slots`; returns what was left out for lack of a hook.

    `make_slots` gives a fresh, empty back-end at every call. *Raises* AssertionError.
    """
    hooks = hooks or Hooks()
    _clause_1(make_slots())
    for chunk_bytes in (1 << 20, 4096, 1000, 7):
        _clause_3(make_slots(), hooks, chunk_bytes)
    # Each clause relies only on earlier ones, so that a failure names the clause that is broken.
    for check in (_clause_3_restart, _clause_3_bounds, _clause_4, _clause_5, _clause_2, _clause_6, _clause_7):
        check(make_slots(), hooks)
    left_out = []
    if hooks.reopen is None:
        left_out.append("clauses 2, 3, 5 and 7: what survives a reset, for want of `reopen`")
    if hooks.tear_seal is None:
        left_out.append("clause 5: a torn seal, for want of `tear_seal`")
    else:
        _clause_5_torn(make_slots(), hooks.tear_seal)
    if hooks.refuse is None:
        left_out.append("clause 8: refusals of the storage, for want of `refuse`")
    else:
        _clause_8(make_slots(), hooks.refuse)
    return left_out


def _clause_1(slots: "Slots") -> None:
    _require(1, type(slots.count) is int and slots.count >= 2, "there are at least two slots")
    for slot in range(slots.count):
        capacity_bytes = slots.capacity_bytes(slot)
        _require(1, type(capacity_bytes) is int and capacity_bytes > 0, f"slot {slot} has a capacity")
        _require(1, slots.seal_of(slot) is None, f"slot {slot} of an empty back-end has no seal")
        _require(1, _content(slots, slot) == b"", f"slot {slot} of an empty back-end gives no bytes")


def _clause_2(slots: "Slots", hooks: Hooks) -> None:
    old, new = _image(slots, 1, seed=1), _image(slots, 1, seed=2)
    _fill(slots, 1, old)
    try:
        slots.writer(1, slots.capacity_bytes(1) + 1)
    except ImageTooLarge:
        _require(2, _same(slots.seal_of(1), _digests(old)), "an image that is too large breaks no seal")
        _require(2, _content(slots, 1) == old, "an image that is too large changes no byte")
    else:
        _fail(2, "an image past the capacity is ImageTooLarge")
    writer = slots.writer(1, len(new))
    _require(2, slots.seal_of(1) is None, "writer breaks the seal")
    _require(
        2, _after_reset(slots, hooks).seal_of(1) is None, "the seal is broken, durably, before a byte is written"
    )
    writer.write(memoryview(new)[: len(new) // 2])
    _require(2, _after_reset(slots, hooks).seal_of(1) is None, "a slot that is being written has no seal")
    writer.write(memoryview(new)[len(new) // 2 :])
    writer.close()
    _require(2, _after_reset(slots, hooks).seal_of(1) is None, "close does not seal: only reading back may")


def _clause_3(slots: "Slots", hooks: Hooks, chunk_bytes: int) -> None:
    content = _image(slots, 0, seed=1)
    writer = slots.writer(0, len(content))
    _feed(writer, content, chunk_bytes)
    writer.close()
    writer.close()
    _require(
        3,
        _content(_after_reset(slots, hooks), 0) == content,
        f"all bytes are on storage, in order, when close returns (written {chunk_bytes} at a time)",
    )


def _clause_3_restart(slots: "Slots", _hooks: Hooks) -> None:
    false_start, content = _image(slots, 0, seed=1), _image(slots, 0, seed=2)
    writer = slots.writer(0, len(content))
    _feed(writer, false_start[: len(content) - 3], 501)
    writer.restart()
    _feed(writer, content, 502)
    writer.close()
    _require(3, _content(slots, 0) == content, "after restart the next byte is the first of the image")


def _clause_3_bounds(slots: "Slots", _hooks: Hooks) -> None:
    content = _image(slots, 0, seed=1)
    size_bytes = len(content) - 5
    writer = slots.writer(0, size_bytes)
    writer.write(memoryview(content)[:size_bytes])
    try:
        writer.write(memoryview(content)[size_bytes:])
    except ImageTooLarge:
        writer.close()
    else:
        _fail(3, "a write past the size given to writer is ImageTooLarge")
    _require(3, _content(slots, 0) == content[:size_bytes], "nothing past the size given to writer is on storage")
    _fill(slots, 0, content[:10])
    _require(3, _content(slots, 0) == content[:10], "a shorter image leaves nothing of the longer one before it")


def _clause_4(slots: "Slots", _hooks: Hooks) -> None:
    first, second = _image(slots, 0, seed=1), _image(slots, 0, seed=2)
    _fill(slots, 0, first)
    _require(4, _content(slots, 0) == first, "a reader gives what storage holds")
    _fill(slots, 0, second)
    _require(4, _content(slots, 0) == second, "a reader gives what storage holds now, not what it held before")
    for buffer_bytes in (1, 333, 4096):
        found = _content(slots, 0, buffer_bytes)
        _require(4, found == second, f"a reader gives every byte once ({buffer_bytes} at a time)")
    for place in (len(second) // 2, 1, len(second) - 1, 0, len(second)):
        found = _content(slots, 0, 333, place)
        _require(4, found == second[place:], f"seek has a reader go on at any byte, such as {place}")
    one, other = slots.reader(0), slots.reader(0)
    buffer = memoryview(bytearray(16))
    one.readinto(buffer[:1])
    count = other.readinto(buffer)
    _require(4, bytes(buffer[:count]) == second[:count] and count > 0, "two readers do not disturb each other")
    for reader in (one, other):
        reader.close()
        reader.close()


def _clause_5(slots: "Slots", hooks: Hooks) -> None:
    for seed in (1, 2, 3):
        content = _image(slots, 1, seed)
        digests = _fill(slots, 1, content)
        _require(5, _same(slots.seal_of(1), digests), "seal_of gives what was given to seal")
        _require(5, _same(_after_reset(slots, hooks).seal_of(1), digests), "a seal survives a reset")
    _require(5, _content(slots, 1) == content, "sealing changes no byte of the image")


def _clause_5_torn(slots: "Slots", tear_seal: "Callable[[Slots, int], None]") -> None:
    _fill(slots, 1, _image(slots, 1, seed=1))
    tear_seal(slots, 1)
    _require(5, slots.seal_of(1) is None, "a torn seal reads as none")


def _clause_6(slots: "Slots", hooks: Hooks) -> None:
    images = [_image(slots, slot, seed=slot + 1) for slot in range(slots.count)]
    for slot in range(slots.count):
        _fill(slots, slot, images[slot])
    for slot in range(slots.count):
        images[slot] = _image(slots, slot, seed=slot + 100)
        writer = slots.writer(slot, len(images[slot]))
        _feed(writer, images[slot], 4096)
        _require_others(_after_reset(slots, hooks), slot, images)
        writer.close()
        slots.seal(slot, _digests(images[slot]))
        _require_others(_after_reset(slots, hooks), slot, images)


def _require_others(slots: "Slots", changed: int, images: "list[bytes]") -> None:
    for slot in range(slots.count):
        if slot != changed:
            untouched = _content(slots, slot) == images[slot] and _same(slots.seal_of(slot), _digests(images[slot]))
            _require(6, untouched, f"what is done to slot {changed} leaves slot {slot} as it was")


def _clause_7(slots: "Slots", hooks: Hooks) -> None:
    content = _image(slots, 0, seed=1)
    half = len(content) // 2
    slots.seal(0, _fill(slots, 0, content))
    writer = slots.writer(0, len(content))
    _feed(writer, content[:half], 503)
    writer.flush()
    found = _after_reset(slots, hooks)
    if found is slots:
        # Nothing more can be checked without a reset in between: no contract allows two writers of one slot.
        writer.close()
    _require(7, _content(found, 0)[:half] == content[:half], "what was flushed is on storage")
    rest = found.resume(0, len(content), half)
    _feed(rest, content[half:], 504)
    rest.close()
    _require(7, _content(found, 0) == content, "resume goes on behind what was flushed, and leaves it as it is")
    _require(7, found.seal_of(0) is None, "a slot that is being filled has no seal, resumed or not")


def _clause_8(slots: "Slots", refuse: "Callable[[Slots, int], None]") -> None:
    content = _image(slots, 1, seed=1)
    refuse(slots, 1)
    try:
        _fill(slots, 1, content)
    except StorageFailed:
        _require(8, slots.seal_of(1) is None, "a slot that could not be written has no seal")
    except Exception as error:
        raise AssertionError(f"clause 8: what the storage refuses is StorageFailed, not {error!r}") from error
    else:
        _fail(8, "a refusal of the storage is raised, not swallowed")


def _require(clause: int, condition: bool, sentence: str) -> None:
    if not condition:
        _fail(clause, sentence)


def _fail(clause: int, sentence: str) -> None:
    raise AssertionError(f"clause {clause}: {sentence}")


def _after_reset(slots: "Slots", hooks: Hooks) -> "Slots":
    return slots if hooks.reopen is None else hooks.reopen(slots)


def _image(slots: "Slots", slot: int, seed: int) -> bytes:
    """An image that fills the slot, or much of it; every seed gives other bytes at every place."""
    size_bytes = min(slots.capacity_bytes(slot), _MAX_IMAGE_BYTES)
    return bytes((place * 7 + place // 251 + seed) % 256 for place in range(size_bytes))


def _digests(content: bytes) -> Digests:
    hasher = Hasher()
    hasher.update(memoryview(content))
    return hasher.digests()


def _same(found: "Digests | None", expected: Digests) -> bool:
    return found is not None and found.matches(expected) and found.sha256 == expected.sha256


def _fill(slots: "Slots", slot: int, content: bytes) -> Digests:
    """Write and seal, as an install does."""
    writer = slots.writer(slot, len(content))
    try:
        _feed(writer, content, 4096)
    finally:
        writer.close()
    digests = _digests(content)
    slots.seal(slot, digests)
    return digests


def _feed(writer: "Writer", content: bytes, chunk_bytes: int) -> None:
    """Write through one buffer that is used again and again, as a download does."""
    buffer = bytearray(min(chunk_bytes, len(content)))
    for start in range(0, len(content), chunk_bytes):
        count = len(content[start : start + chunk_bytes])
        buffer[:count] = content[start : start + count]
        writer.write(memoryview(buffer)[:count])
    for place in range(len(buffer)):
        buffer[place] = 0xEE


def _content(slots: "Slots", slot: int, buffer_bytes: int = 2048, place: int = -1) -> bytes:
    """All bytes of a fresh reader, which must come to an end; those from `place` on, by `seek`."""
    buffer = memoryview(bytearray(buffer_bytes))
    content = bytearray()
    reader = slots.reader(slot)
    try:
        if place >= 0:
            reader.readinto(buffer)
            reader.seek(place)
        while len(content) <= slots.capacity_bytes(slot):
            count = reader.readinto(buffer)
            if count == 0:
                break
            content += buffer[:count]
        _require(4, len(content) <= slots.capacity_bytes(slot), "a reader comes to the end of the image")
        _require(4, reader.readinto(buffer) == 0, "a reader at the end stays there")
    finally:
        reader.close()
    return bytes(content)
