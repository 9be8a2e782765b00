"""Both back-ends meet the contract of slots, and the check of that contract catches whoever breaks a clause."""

import pytest

from fota.image import Digests
from fota_testing.slots import MemorySlots, Misuse
from fota_testing.slots_contract import Hooks, check_slots


def test_slots_in_files_meet_every_clause(homes):
    assert check_slots(homes.make, homes.hooks()) == []


@pytest.mark.parametrize("count", [2, 16])
def test_slots_in_files_meet_the_contract_however_many_they_are(homes, count):
    check_slots(lambda: homes.make(count))


def test_slots_in_memory_meet_every_clause():
    hooks = Hooks(
        reopen=lambda slots: slots,
        tear_seal=lambda slots, slot: slots._seals.__setitem__(slot, None),
        refuse=lambda slots, _slot: slots.fail_after(100),
    )
    assert check_slots(MemorySlots, hooks) == []


def test_the_check_says_what_it_could_not_look_at():
    assert len(check_slots(MemorySlots)) == 3


class OneSlot(MemorySlots):
    """Breaks clause 1."""

    def __init__(self):
        super().__init__(count=1)


class NoCapacity(MemorySlots):
    """Breaks clause 1."""

    def capacity_bytes(self, slot):
        return 0


class KeepsTheSeal(MemorySlots):
    """Breaks clause 2."""

    def writer(self, slot, size_bytes):
        seal = self.seal_of(slot)
        writer = super().writer(slot, size_bytes)
        self._seals[slot] = seal
        return writer


class SealsByItself(MemorySlots):
    """Breaks clause 2: close seals what was never read back."""

    def _finish(self, slot, content):
        super()._finish(slot, content)
        self.put(slot, content)


class ForgetsCapacity(MemorySlots):
    """Breaks clause 2: takes an image that the slot cannot hold."""

    def writer(self, slot, size_bytes):
        return super().writer(slot, min(size_bytes, self._capacity_bytes))


class ErasesBeforeItLooks(MemorySlots):
    """Breaks clause 2: an image that is too large costs the old one."""

    def writer(self, slot, size_bytes):
        self._images[slot] = b""
        return super().writer(slot, size_bytes)


class DropsTheLastByte(MemorySlots):
    """Breaks clause 3."""

    def _finish(self, slot, content):
        super()._finish(slot, content[:-1])


class KeepsTheCallersBuffer(MemorySlots):
    """Breaks clause 3: stores the view it was given, whose bytes change under it."""

    def writer(self, slot, size_bytes):
        writer = super().writer(slot, size_bytes)
        views = []
        writer.write = views.append
        writer.restart = views.clear
        close = writer.close

        def close_late():
            if not writer._closed:
                close()
                self._images[slot] = b"".join(views)

        writer.close = close_late
        return writer


class CannotRestart(MemorySlots):
    """Breaks clause 3: a restarted image begins with the bytes of the false start."""

    def writer(self, slot, size_bytes):
        writer = super().writer(slot, size_bytes)
        writer._size_bytes *= 2
        writer.restart = lambda: None
        return writer


class TakesTooMuch(MemorySlots):
    """Breaks clause 3: writes past the size that was asked for."""

    def writer(self, slot, size_bytes):
        writer = super().writer(slot, size_bytes)
        writer._size_bytes += 1_000
        return writer


class ReadsFromMemory(MemorySlots):
    """Breaks clause 4: a reader gives what was there when the slot was read first."""

    def __init__(self):
        super().__init__()
        self._remembered = {}

    def reader(self, slot):
        reader = super().reader(slot)
        if reader._content:
            reader._content = self._remembered.setdefault((slot, len(reader._content)), reader._content)
        return reader


class NeverEnds(MemorySlots):
    """Breaks clause 4: a reader gives the erased flash after the image too."""

    def reader(self, slot):
        reader = super().reader(slot)
        if reader._content:
            reader._content += b"\xff" * self._capacity_bytes
        return reader


class SharesItsReader(MemorySlots):
    """Breaks clause 4: two readers share one place."""

    def __init__(self):
        super().__init__()
        self._shared = {}

    def reader(self, slot):
        fresh = super().reader(slot)
        found = self._shared.get(slot)
        if found is None or found._closed or found._content != fresh._content:
            self._shared[slot] = found = fresh
        return found


class SealsInMemoryOnly(MemorySlots):
    """Breaks clause 5: a seal is gone after a reset."""

    def reopened(self):
        found = MemorySlots(self.count, self._capacity_bytes)
        found._images = self._images
        return found


class ForgetsTheSha256(MemorySlots):
    """Breaks clause 5: gives back less than was sealed."""

    def seal_of(self, slot):
        seal = super().seal_of(slot)
        return None if seal is None else Digests(seal.size_bytes, seal.md5, None)


class ErasesTheNeighbour(MemorySlots):
    """Breaks clause 6: its erase blocks overlap."""

    def writer(self, slot, size_bytes):
        neighbour = (slot + 1) % self.count
        self._images[neighbour] = self._images[neighbour][:-1] + b"\xff" if self._images[neighbour] else b""
        return super().writer(slot, size_bytes)


class OneSealForAll(MemorySlots):
    """Breaks clause 6: sealing one slot seals every other with it."""

    def seal(self, slot, digests):
        super().seal(slot, digests)
        self._seals = [digests] * self.count


BREAKERS = [
    (1, OneSlot),
    (1, NoCapacity),
    (2, KeepsTheSeal),
    (2, SealsByItself),
    (2, ForgetsCapacity),
    (2, ErasesBeforeItLooks),
    (3, DropsTheLastByte),
    (3, KeepsTheCallersBuffer),
    (3, CannotRestart),
    (3, TakesTooMuch),
    (4, ReadsFromMemory),
    (4, NeverEnds),
    (4, SharesItsReader),
    (5, ForgetsTheSha256),
    (6, ErasesTheNeighbour),
    (6, OneSealForAll),
]


@pytest.mark.parametrize(("clause", "back_end"), BREAKERS, ids=lambda value: getattr(value, "__name__", value))
def test_a_back_end_that_breaks_a_clause_is_caught(clause, back_end):
    with pytest.raises(AssertionError, match=f"clause {clause}: "):
        check_slots(back_end)


def test_a_seal_that_does_not_survive_a_reset_is_caught():
    with pytest.raises(AssertionError, match="clause 5: a seal survives a reset"):
        check_slots(SealsInMemoryOnly, Hooks(reopen=lambda slots: slots.reopened()))


def test_a_seal_that_is_broken_in_memory_only_is_caught():
    class BreaksInMemoryOnly(MemorySlots):
        def __init__(self):
            super().__init__()
            self.stored = [None, None]

        def seal(self, slot, digests):
            super().seal(slot, digests)
            self.stored[slot] = digests

        def reopened(self):
            found = MemorySlots(self.count, self._capacity_bytes)
            found._images, found._seals = self._images, self.stored
            return found

    with pytest.raises(AssertionError, match="clause 2: the seal is broken, durably"):
        check_slots(BreaksInMemoryOnly, Hooks(reopen=lambda slots: slots.reopened()))


def test_a_torn_seal_that_is_believed_is_caught():
    with pytest.raises(AssertionError, match="clause 5: a torn seal"):
        check_slots(MemorySlots, Hooks(tear_seal=lambda _slots, _slot: None))


def test_a_refusal_that_comes_as_another_exception_is_caught():
    with pytest.raises(AssertionError, match=r"clause 8: .* not OSError"):
        check_slots(MemorySlots, Hooks(refuse=lambda slots, _slot: slots.fail_after(10, OSError(5, "I/O"))))


def test_a_refusal_that_is_swallowed_is_caught():
    with pytest.raises(AssertionError, match="clause 8: a refusal of the storage is raised"):
        check_slots(MemorySlots, Hooks(refuse=lambda _slots, _slot: None))


@pytest.mark.parametrize(
    "misuse",
    [
        lambda slots: slots.writer(2, 10),
        lambda slots: slots.writer(-1, 10),
        lambda slots: slots.writer(0, -1),
        lambda slots: (slots.writer(0, 10), slots.writer(0, 10)),
        lambda slots: (slots.writer(0, 10), slots.seal(0, slots.put(1, b"x"))),
        lambda slots: slots.seal(0, Digests(0, bytes(16), None)),
        lambda slots: closed(slots.writer(0, 10)).write(memoryview(b"x")),
        lambda slots: closed(slots.writer(0, 10)).restart(),
        lambda slots: closed(slots.reader(0)).readinto(memoryview(bytearray(1))),
        lambda slots: slots.reader(0).readinto(memoryview(b"")),
        lambda slots: slots.seal_of(True),
    ],
)
def test_the_strict_fake_refuses_a_careless_caller(misuse):
    with pytest.raises(Misuse):
        misuse(MemorySlots())


def closed(opened):
    opened.close()
    return opened


def test_the_strict_fake_shows_nothing_of_an_image_that_is_not_closed():
    slots = MemorySlots()
    slots.writer(0, 10).write(memoryview(b"0123456789"))
    assert slots.content(0) == b""
