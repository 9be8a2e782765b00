"""Which slot starts: every record, every set of slots that prove themselves, against the same in plain sentences."""

import itertools

import pytest

from fota import boot
from fota.durable import DurableValue
from fota.errors import NothingBootable
from fota.record import Record, RecordStore
from fota_testing.flash.cells import MemoryCell, PowerCut

SLOTS = 3
TRIAL = Record(0, boot_slot=1, trial_slot=1)


def stored(record):
    cells = (MemoryCell(), MemoryCell())
    store = RecordStore(*cells)
    if record is not None:
        store.save(record)
    return store, cells


def proving(*slots):
    return lambda slot: slot in slots


def every_record():
    """Every record of three slots, and none; trials at every stage."""
    yield None
    for confirmed, tried in itertools.product(range(SLOTS), repeat=2):
        if tried == confirmed:
            yield Record(confirmed)
        else:
            for spent in range(4):
                yield Record(confirmed, boot_slot=tried, trial_slot=tried, attempts_spent=spent)
                yield Record(confirmed, trial_slot=tried, attempts_spent=spent, cause="crashed")


def every_proof():
    for count in range(SLOTS + 1):
        yield from itertools.combinations(range(SLOTS), count)


def expected(record, proven, attempts):
    """The slot that must start, and the record that must then be stored; (None, None) if nothing may start."""
    if record is None and len(proven) > 1:
        return proven[0], Record(proven[1], boot_slot=proven[0], trial_slot=proven[0], attempts_spent=1)
    if record is None:
        return (proven[0], Record(proven[0])) if proven else (None, None)
    if record.trial_slot == record.boot_slot and record.attempts_spent < attempts and record.trial_slot in proven:
        spent = record.attempts_spent + 1
        return record.trial_slot, Record(
            record.confirmed_slot, boot_slot=record.trial_slot, trial_slot=record.trial_slot, attempts_spent=spent
        )
    if record.trial_slot == record.boot_slot:
        cause = "not-confirmed" if record.attempts_spent >= attempts else "image-damaged"
        record = Record(
            record.confirmed_slot, trial_slot=record.trial_slot, attempts_spent=record.attempts_spent, cause=cause
        )
    if record.confirmed_slot in proven:
        return record.confirmed_slot, record
    never_tried = [slot for slot in proven if slot != record.trial_slot]
    chosen = (never_tried or list(proven) or [None])[0]
    return (None, None) if chosen is None else (chosen, Record(chosen))


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_every_boot_starts_the_slot_and_stores_the_record_that_the_sentences_say(attempts):
    cases = 0
    for record, proven in itertools.product(every_record(), every_proof()):
        store, _ = stored(record)
        slot, after = expected(record, proven, attempts)
        if slot is None:
            with pytest.raises(NothingBootable):
                boot.choose(store, SLOTS, proving(*proven), attempts=attempts)
        else:
            assert boot.choose(store, SLOTS, proving(*proven), attempts=attempts) == slot, (record, proven)
            assert store.load() == after, (record, proven)
        cases += 1
    assert cases == (1 + 3 + 6 * 8) * 8


@pytest.mark.parametrize("facts", list(itertools.product([False, True], repeat=3)))
def test_the_table_of_actions_says_what_the_sentences_say(facts):
    starts_next, attempt_left, proven = facts
    record = Record(0, boot_slot=1 if starts_next else 0, trial_slot=1, attempts_spent=0 if attempt_left else 1)
    if not starts_next:
        wanted = "start-confirmed"
    elif not attempt_left:
        wanted = "give-up"
    else:
        wanted = "start-trial" if proven else "give-up-damaged"
    assert boot.action(record, 1, trial_is_proven=proven) == wanted


def test_an_attempt_is_spent_durably_before_the_slot_is_told():
    store, cells = stored(TRIAL)
    boot.choose(store, SLOTS, proving(0, 1))
    found = RecordStore(*(MemoryCell(content=cell.read()) for cell in cells)).load()
    assert found is not None
    assert found.attempts_spent == 1


def test_the_cause_of_the_last_boots_end_is_what_a_rollback_remembers():
    store, _ = stored(Record(0, boot_slot=1, trial_slot=1, attempts_spent=1))
    boot.choose(store, SLOTS, proving(0, 1), cause="crashed")
    assert store.load() == Record(0, trial_slot=1, attempts_spent=1, cause="crashed")


def test_an_image_that_is_never_confirmed_is_started_as_often_as_it_has_attempts():
    store, _ = stored(TRIAL)
    started = [boot.choose(store, SLOTS, proving(0, 1), attempts=3) for _ in range(6)]
    assert started == [1, 1, 1, 0, 0, 0]


def test_a_boot_of_the_confirmed_image_writes_nothing():
    store, cells = stored(Record(0))
    writes = [cell.writes for cell in cells]
    boot.choose(store, SLOTS, proving(0, 1))
    assert [cell.writes for cell in cells] == writes


def test_a_rolled_back_trial_is_remembered_through_later_boots():
    given_up = Record(0, trial_slot=1, attempts_spent=1, cause="deadline")
    store, _ = stored(given_up)
    assert [boot.choose(store, SLOTS, proving(0, 1)) for _ in range(3)] == [0, 0, 0]
    assert store.load() == given_up


@pytest.mark.parametrize(
    "record", [Record(5), Record(0, boot_slot=4, trial_slot=4), Record(3, boot_slot=0, trial_slot=0)]
)
def test_a_record_that_names_a_slot_the_device_does_not_have_counts_as_lost(record):
    store, _ = stored(record)
    assert boot.choose(store, SLOTS, proving(0)) == 0
    assert store.load() == Record(0)


def test_an_image_that_a_lost_record_may_have_had_on_trial_gives_way_to_the_other():
    store, _ = stored(None)
    assert [boot.choose(store, SLOTS, proving(0, 1), cause="crashed") for _ in range(3)] == [0, 1, 1]
    assert store.load() == Record(1, trial_slot=0, attempts_spent=1, cause="crashed")


def test_a_trial_is_not_started_on_an_attempt_that_could_not_be_stored():
    store, cells = stored(TRIAL)
    for cell in cells:
        cell.broken = True
    assert boot.choose(store, SLOTS, proving(0, 1)) == TRIAL.confirmed_slot


def torn(record, cut_bytes, erases):
    """The stored record, with the power going in the next write."""
    store, cells = stored(record)
    for cell in cells:
        cell.cut_after(cut_bytes, erases=erases)
    return store, cells


@pytest.mark.parametrize("erases", [False, True], ids=["in place", "erased first"])
def test_a_power_cut_at_any_byte_of_a_boot_never_gains_an_attempt_nor_stops_the_next_boot(erases):
    frame_bytes = 24
    cases = 0
    for record, proven, cut_bytes in itertools.product(every_record(), every_proof(), range(frame_bytes + 1)):
        slot, after = expected(record, proven, 2)
        if slot is None or after == record:
            continue
        store, cells = torn(record, cut_bytes, erases)
        with pytest.raises(PowerCut):
            boot.choose(store, SLOTS, proving(*proven), attempts=2)
        for cell in cells:
            cell.cut_after(None)
        found = store.load()
        assert found in boot_may_leave(record, proven), (record, proven, cut_bytes)
        assert boot.choose(store, SLOTS, proving(*proven), attempts=2) in proven
        cases += 1
    assert cases > 1000


def boot_may_leave(record, proven):
    """The old record, the one this boot stores, or, where a boot stores two, the first of them."""
    left = [record, expected(record, proven, 2)[1]]
    if record is not None and record.trial_slot == record.boot_slot:
        for cause in ("not-confirmed", "image-damaged"):
            left.append(
                Record(
                    record.confirmed_slot,
                    trial_slot=record.trial_slot,
                    attempts_spent=record.attempts_spent,
                    cause=cause,
                )
            )
    return left


def test_a_power_cut_at_the_second_write_of_a_boot_leaves_a_device_that_boots():
    # The trial is spent and the image to fall back on is damaged: the rollback is stored, then another slot adopted.
    for cut_bytes in range(25):
        store, cells = stored(Record(0, boot_slot=1, trial_slot=1, attempts_spent=1))
        cells[0].cut_after(cut_bytes)
        with pytest.raises(PowerCut):
            boot.choose(store, SLOTS, proving(1, 2))
        assert store.load() in (Record(0, trial_slot=1, attempts_spent=1, cause="not-confirmed"), Record(2))
        cells[0].cut_after(None)
        assert boot.choose(store, SLOTS, proving(1, 2)) == 2


def test_a_record_of_a_later_format_is_obeyed():
    cells = (MemoryCell(), MemoryCell())
    DurableValue(b"FREC", *cells).save(bytes([9, 0, 1, 1, 0, 0]) + b"more")
    assert boot.choose(RecordStore(*cells), SLOTS, proving(0, 1)) == 1
