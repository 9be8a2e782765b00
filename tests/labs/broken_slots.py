"""Slots that each break one clause of their contract, to see that the check of the contract finds it."""

from fota.digests import Digests
from fota_testing.memory_slots import MemorySlots


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
        views: list[memoryview] = []
        close = writer.close

        def close_late():
            if not writer._closed:
                close()
                self._images[slot] = b"".join(views)

        vars(writer).update(write=views.append, restart=views.clear, close=close_late)
        return writer


class CannotRestart(MemorySlots):
    """Breaks clause 3: a restarted image begins with the bytes of the false start."""

    def writer(self, slot, size_bytes):
        writer = super().writer(slot, size_bytes)
        writer._size_bytes *= 2
        vars(writer)["restart"] = lambda: None
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
