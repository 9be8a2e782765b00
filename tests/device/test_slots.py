"""Both back-ends meet the contract of slots, and the check of that contract catches whoever breaks a clause."""

import pytest

from fota.digests import Digests
from fota_testing.memory_slots import MemorySlots
from fota_testing.misuse import Misuse
from fota_testing.slots_contract import Hooks, check_slots
from tests.labs.broken_slots import BREAKERS, SealsInMemoryOnly


def test_slots_in_files_meet_every_clause(homes):
    assert check_slots(homes.make, homes.hooks()) == []


@pytest.mark.parametrize("count", [2, 16])
def test_slots_in_files_meet_the_contract_however_many_they_are(homes, count):
    check_slots(lambda: homes.make(count))


def test_slots_in_memory_meet_every_clause():
    hooks = Hooks(
        reopen=lambda slots: slots,
        tear_seal=tear_seal,
        refuse=refuse,
    )
    assert check_slots(MemorySlots, hooks) == []


def test_the_check_says_what_it_could_not_look_at():
    assert len(check_slots(MemorySlots)) == 3


def reopened(slots):
    return slots.reopened()


def tear_seal(slots, slot):
    slots._seals[slot] = None


def refuse(slots, _slot):
    slots.fail_after(100)


def fail_with_an_error_of_the_system(slots, _slot):
    slots.fail_after(10, OSError(5, "I/O"))


@pytest.mark.parametrize(("clause", "back_end"), BREAKERS, ids=lambda value: getattr(value, "__name__", value))
def test_a_back_end_that_breaks_a_clause_is_caught(clause, back_end):
    with pytest.raises(AssertionError, match=f"clause {clause}: "):
        check_slots(back_end)


def test_a_seal_that_does_not_survive_a_reset_is_caught():
    with pytest.raises(AssertionError, match="clause 5: a seal survives a reset"):
        check_slots(SealsInMemoryOnly, Hooks(reopen=reopened))


def test_a_seal_that_is_broken_in_memory_only_is_caught():
    class BreaksInMemoryOnly(MemorySlots):
        def __init__(self):
            super().__init__()
            self.stored: list[Digests | None] = [None, None]

        def seal(self, slot, digests):
            super().seal(slot, digests)
            self.stored[slot] = digests

        def reopened(self):
            found = MemorySlots(self.count, self._capacity_bytes)
            found._images, found._seals = self._images, self.stored
            return found

    with pytest.raises(AssertionError, match="clause 2: the seal is broken, durably"):
        check_slots(BreaksInMemoryOnly, Hooks(reopen=reopened))


def test_a_torn_seal_that_is_believed_is_caught():
    with pytest.raises(AssertionError, match="clause 5: a torn seal"):
        check_slots(MemorySlots, Hooks(tear_seal=lambda _slots, _slot: None))


def test_a_refusal_that_comes_as_another_exception_is_caught():
    with pytest.raises(AssertionError, match=r"clause 8: .* not OSError"):
        check_slots(MemorySlots, Hooks(refuse=fail_with_an_error_of_the_system))


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
