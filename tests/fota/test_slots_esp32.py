"""OTA partitions: what each boot leads to, and a record and a boot loader that come to agree."""

import itertools

import pytest

from fota import trial
from fota.errors import NotProvisioned, StorageFailed
from fota.image import Hasher
from fota.record import Record, RecordStore
from fota.slots import esp32
from fota.slots.esp32 import OtaRecords, ota_partitions
from fota.slots.partition import PartitionSlots
from fota.table import ANY, decide
from fota.trust_errors import WrongFormat
from fota_testing.cells import MemoryCell
from fota_testing.esp32 import Esp32, firmware
from fota_testing.esp_boot import ABORTED, NEW, PENDING_VERIFY, VALID
from fota_testing.slots_contract import Hooks, check_slots

FACTS = list(itertools.product([False, True], repeat=5))


def meaning(on_trial, starts_next, runs, loader_starts_it, has_start_left):
    """The table, told once more."""
    if not on_trial:
        return "keep" if runs else "reverted"
    if not starts_next:
        return "give-back" if runs else "keep"
    if runs:
        return "run" if has_start_left else "give-up"
    if loader_starts_it:
        return "wait" if has_start_left else "cannot-start"
    return "arm" if has_start_left else "reverted"


@pytest.mark.parametrize("facts", FACTS)
def test_the_table_says_what_the_sentences_say(facts):
    assert decide(esp32.ACTIONS, facts) == meaning(*facts)


def test_every_row_of_the_table_is_the_first_that_fits_some_boot():
    first = {
        next(row for row in esp32.ACTIONS if all(row[at] in (ANY, facts[at]) for at in range(5))) for facts in FACTS
    }
    assert len(first) == len(esp32.ACTIONS)


ARMED = Record(0, boot_slot=1, trial_slot=1)
GIVEN_UP = Record(0, trial_slot=1, attempts_spent=1, cause="health-check")


def started(spent):
    return Record(0, boot_slot=1, trial_slot=1, attempts_spent=spent)


@pytest.mark.parametrize(
    ("record", "running", "next_slot", "action"),
    [
        (Record(0), 0, 0, "keep"),
        (Record(1), 1, 1, "keep"),
        (Record(1), 1, None, "keep"),
        (Record(1), 0, 0, "reverted"),
        (Record(1), 0, 1, "reverted"),
        (ARMED, 1, 1, "run"),
        (started(1), 1, 1, "run"),
        (started(2), 1, 1, "give-up"),
        (started(9), 1, 0, "give-up"),
        (ARMED, 0, 1, "wait"),
        (started(1), 0, 1, "cannot-start"),
        (ARMED, 0, 0, "arm"),
        (ARMED, 0, None, "arm"),
        (started(1), 0, 0, "reverted"),
        (started(1), 2, 2, "reverted"),
        (GIVEN_UP, 0, 0, "keep"),
        (GIVEN_UP, 1, 1, "give-back"),
        (GIVEN_UP, 1, 0, "give-back"),
    ],
)
def test_a_boot_leads_to(record, running, next_slot, action):
    assert esp32.action(record, running, next_slot) == action


class Lab:
    """A board with firmware in both slots, slot 0 running and confirmed; what the program does is done by hand."""

    def __init__(self, *, new=None, slots=2, guards=True):
        self.board = Esp32(slots=slots, app_blocks=1, data_blocks=2 * slots + 2, guards=guards)
        self.images = [firmware(b"image %d" % slot) for slot in range(slots)]
        if new is not None:
            self.images[1] = new
        for slot in range(slots):
            self.board.put(slot, self.images[slot])
        self.cells = self.board.cells(slots)
        self.reboot()

    def reboot(self):
        """The chip is reset, and the image that starts does as it should."""
        self.board.boot()
        self.open()
        return self.records.reconcile()

    def boot_and_die(self):
        """The chip is reset, and the image that starts dies before our code."""
        return self.board.boot()

    def open(self):
        self.slots = PartitionSlots(ota_partitions(self.board.Partition), self.board.cells)
        self.records = OtaRecords(RecordStore(*self.cells), self.slots, self.board.Partition)
        return self.records

    def raw(self):
        """The record as it is stored, that no boot loader follows."""
        return RecordStore(*self.cells)

    @property
    def running(self):
        return self.board.loader.running_slot

    @property
    def verdict(self):
        return trial.verdict(self.records.load(), self.running)

    @property
    def states(self):
        return self.board.loader.states()

    def begin_trial(self):
        self.records.save(trial.begun(self.records.load(), 1))

    def confirm(self):
        self.records.save_in_both(trial.confirmed(self.records.load()))

    def settled_in(self, slot):
        """Record and boot loader agree that this is the image, for good."""
        return (self.records.load(), self.running, self.board.loader.next_slot(), self.states[slot]) == (
            Record(slot),
            slot,
            slot,
            VALID,
        )


# As it should go.


def test_slots_in_ota_partitions_meet_the_contract():
    def make():
        board = Esp32(slots=4, app_blocks=6, data_blocks=8)
        board.put(3, firmware(b"that runs"))
        board.boot()
        # The one that runs is left out: it is never written to, and the board sees to that.
        return PartitionSlots(ota_partitions(board.Partition)[:3], board.cells)

    assert len(check_slots(make, Hooks(reopen=lambda slots: slots))) == 2


def test_a_new_board_writes_its_record_in_its_first_boot():
    assert Lab().settled_in(0)


def test_a_trial_that_begins_is_known_to_the_boot_loader():
    lab = Lab()
    lab.begin_trial()
    assert (lab.verdict, lab.board.loader.next_slot(), lab.states[1]) == ("awaiting-trial", 1, NEW)


def test_the_image_on_trial_runs_once_and_its_start_is_counted():
    lab = Lab()
    lab.begin_trial()
    record = lab.reboot()
    assert (lab.running, lab.verdict, lab.states[1]) == (1, "on-trial", PENDING_VERIFY)
    assert record == lab.records.load() == started(1)


def test_a_confirmed_image_stays():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.confirm()
    assert lab.settled_in(1)
    lab.reboot()
    assert lab.settled_in(1)


def test_a_boot_that_finds_all_as_it_should_be_writes_nothing():
    lab = Lab()
    before = lab.board.flash.operations
    lab.reboot()
    assert lab.board.flash.operations == before


def test_an_update_writes_the_record_five_times_at_most():
    lab = Lab()
    keep_the_record_elsewhere(lab)
    cells = lab.cells
    before = cells[0].writes + cells[1].writes
    lab.begin_trial()
    lab.reboot()
    lab.confirm()
    assert cells[0].writes + cells[1].writes - before == 5


# The boot loader goes back by itself.


def test_an_image_that_was_not_confirmed_is_rolled_back_and_the_job_can_say_failed():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    record = lab.reboot()
    assert (lab.running, lab.verdict, record.cause) == (0, trial.ROLLED_BACK, "not-confirmed")
    assert (lab.board.loader.next_slot(), lab.states) == (0, {0: VALID, 1: ABORTED})


def test_an_image_that_dies_before_our_code_is_started_twice_and_rolled_back():
    lab = Lab()
    lab.begin_trial()
    assert lab.boot_and_die() == 1
    lab.reboot()
    assert (lab.running, lab.verdict) == (0, "awaiting-trial")
    assert lab.boot_and_die() == 1
    record = lab.reboot()
    assert (lab.running, lab.verdict, record.cause) == (0, trial.ROLLED_BACK, "not-confirmed")


def test_an_image_that_finds_itself_unwell_is_gone_after_a_restart():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.records.save(trial.rolled_back(lab.records.load(), "health-check"))
    record = lab.reboot()
    assert (lab.running, lab.verdict, record.cause) == (0, trial.ROLLED_BACK, "health-check")


def test_a_rollback_that_was_told_is_forgotten():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.reboot()
    lab.records.save(trial.settled(lab.records.load()))
    assert lab.settled_in(0)


def test_after_a_rollback_the_next_trial_begins_as_the_first_did():
    lab = Lab()
    for _ in range(3):
        lab.begin_trial()
        lab.reboot()
        lab.reboot()
        lab.records.save(trial.settled(lab.records.load()))
    lab.begin_trial()
    lab.reboot()
    lab.confirm()
    assert lab.settled_in(1)


# What a cut between record and boot loader leaves.


def test_a_trial_that_the_boot_loader_was_not_told_of_begins_at_the_next_boot():
    lab = Lab()
    lab.raw().save(ARMED)
    lab.reboot()
    assert (lab.running, lab.verdict, lab.board.loader.next_slot()) == (0, "awaiting-trial", 1)
    lab.reboot()
    assert (lab.running, lab.verdict) == (1, "on-trial")


def test_a_confirm_that_the_boot_loader_was_not_told_of_is_a_rollback():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.raw().save_in_both(Record(1))
    record = lab.reboot()
    assert (lab.running, lab.verdict) == (0, trial.ROLLED_BACK)
    assert record == Record(0, trial_slot=1, attempts_spent=1, cause="not-confirmed")


def test_a_boot_loader_that_could_not_even_write_where_it_stands_is_told():
    lab = Lab()
    lab.board.flash.erase(0)
    lab.board.flash.program(0, b"\x01\x00\x00\x00")
    lab.reboot()
    assert lab.settled_in(0)


# What the storage, or the image, refuses.


def test_an_image_that_is_no_firmware_is_refused_and_no_trial_is_on():
    lab = Lab(new=b"no firmware at all")
    with pytest.raises(WrongFormat):
        lab.begin_trial()
    assert lab.settled_in(0)


def keep_the_record_elsewhere(lab):
    """So that it can be written when the flash of the boot loader refuses."""
    lab.cells = (MemoryCell(), MemoryCell())
    lab.reboot()


def test_a_trial_that_the_flash_refuses_to_note_is_none():
    lab = Lab()
    keep_the_record_elsewhere(lab)
    lab.board.loader.refuses = True
    with pytest.raises(StorageFailed, match="FLASH_OP_FAIL"):
        lab.begin_trial()
    assert lab.settled_in(0)


def test_a_confirm_that_the_flash_refuses_leaves_the_image_on_trial_and_can_be_made_again():
    lab = Lab()
    keep_the_record_elsewhere(lab)
    lab.begin_trial()
    lab.reboot()
    lab.board.loader.refuses = True
    with pytest.raises(StorageFailed):
        lab.confirm()
    assert lab.verdict == "on-trial"
    lab.board.loader.refuses = False
    lab.confirm()
    assert lab.settled_in(1)


def test_a_confirm_whose_entry_got_lost_is_noticed_and_made_again():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    # The record takes four operations; the erase of the entry is done, and its program is not.
    lab.board.flash.deaf_at = lab.board.flash.operations + 6
    with pytest.raises(StorageFailed, match="another image next"):
        lab.confirm()
    assert lab.verdict == "on-trial"
    lab.confirm()
    assert lab.settled_in(1)


def test_a_boot_that_can_write_nothing_goes_on():
    lab = Lab()
    lab.begin_trial()
    lab.board.boot()
    lab.open()
    for cell in lab.cells:
        cell.write = lambda _content: (_ for _ in ()).throw(StorageFailed("worn out"))
    lab.records = OtaRecords(RecordStore(*lab.cells), lab.slots, lab.board.Partition)
    assert lab.records.reconcile() == ARMED


def test_an_image_that_was_damaged_after_it_was_proven_is_rolled_back():
    lab = Lab()
    lab.begin_trial()
    lab.board.put(1, b"damaged")
    lab.reboot()
    assert (lab.running, lab.verdict) == (0, "awaiting-trial")
    record = lab.reboot()
    assert (lab.running, lab.verdict) == (0, trial.ROLLED_BACK)
    lab.records.save(trial.settled(record))
    assert lab.settled_in(0)


def test_an_image_that_was_damaged_before_the_boot_loader_was_told_is_rolled_back_as_damaged():
    lab = Lab()
    lab.raw().save(ARMED)
    lab.board.put(1, b"damaged")
    assert lab.reboot().cause == "image-damaged"
    assert lab.verdict == trial.ROLLED_BACK


def test_a_confirmed_image_that_is_damaged_later_leaves_the_old_one_for_good():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.confirm()
    lab.board.put(1, b"damaged")
    record = lab.reboot()
    assert (lab.running, lab.verdict, lab.board.loader.next_slot()) == (0, trial.ROLLED_BACK, 0)
    lab.records.save(trial.settled(record))
    assert lab.settled_in(0)


# Boot loaders, and programs, that do not guard the trial.


def test_without_a_guard_an_image_that_is_never_confirmed_is_given_up_by_itself():
    lab = Lab(guards=False)
    lab.begin_trial()
    assert [lab.reboot() and lab.running for _ in range(4)] == [1, 1, 1, 0]
    assert (lab.verdict, lab.records.load().cause) == (trial.ROLLED_BACK, "not-confirmed")


def test_without_a_guard_a_damaged_image_does_not_make_the_board_restart_for_ever():
    lab = Lab(guards=False)
    lab.begin_trial()
    lab.board.put(1, b"damaged")
    lab.reboot()
    assert lab.verdict == "awaiting-trial"
    assert lab.reboot().cause == "image-damaged"
    assert (lab.verdict, lab.board.loader.next_slot()) == (trial.ROLLED_BACK, 0)


def test_a_program_that_marks_itself_valid_too_early_is_given_up_all_the_same():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.board.Partition.mark_app_valid_cancel_rollback()
    lab.records.save(trial.rolled_back(lab.records.load(), "health-check"))
    lab.reboot()
    assert (lab.running, lab.verdict) == (1, "awaiting-trial")
    lab.reboot()
    assert (lab.running, lab.verdict) == (0, trial.ROLLED_BACK)
    assert lab.states[0] == VALID


@pytest.mark.parametrize("old", [0, 1])
def test_an_image_that_was_given_up_and_reset_softly_gives_back_and_a_cut_then_leaves_a_way_back(old):
    lab = Lab()
    if old:
        lab.begin_trial()
        lab.reboot()
        lab.confirm()
    lab.records.save(trial.begun(lab.records.load(), 1 - old))
    lab.reboot()
    lab.records.save(trial.rolled_back(lab.records.load(), "health-check"))
    # The boot loader knows nothing of a soft reset.
    lab.open().reconcile()
    assert lab.boot_and_die() == old
    for _ in range(3):
        lab.reboot()
    assert (lab.running, lab.verdict, lab.states[old]) == (old, trial.ROLLED_BACK, VALID)


def test_when_there_is_nothing_to_go_back_to_what_runs_is_kept():
    lab = Lab(guards=False)
    lab.begin_trial()
    lab.reboot()
    lab.board.put(0, b"damaged")
    lab.records.save(trial.rolled_back(lab.records.load(), "health-check"))
    lab.reboot()
    assert lab.running == 1
    assert lab.records.load() == Record(1)


# A record that is lost, and boards that are none of ours.


def seal(lab, slot):
    hasher = Hasher()
    hasher.update(memoryview(lab.images[slot]))
    lab.slots.seal(slot, hasher.digests())


def lose_record(lab):
    for cell in lab.cells:
        cell.write(b"gone")


def test_a_lost_record_is_written_anew_for_what_runs():
    lab = Lab()
    lose_record(lab)
    lab.reboot()
    assert lab.settled_in(0)


def test_a_lost_record_makes_a_trial_of_what_runs_when_there_is_another_image():
    lab = Lab()
    seal(lab, 0)
    lab.begin_trial()
    lab.reboot()
    lose_record(lab)
    assert lab.open().reconcile() == started(1)
    lab.confirm()
    assert lab.settled_in(1)


def test_a_record_of_more_slots_than_there_are_is_as_good_as_lost():
    lab = Lab()
    lab.raw().save_in_both(Record(5))
    lab.reboot()
    assert lab.settled_in(0)


def test_three_slots_take_turns():
    lab = Lab(slots=3)
    for slot in (2, 1, 0, 1):
        lab.records.save(trial.begun(lab.records.load(), slot))
        lab.reboot()
        lab.confirm()
        assert lab.settled_in(slot)


class OnePartition:
    """A board whose table holds what is given: type, subtype, encrypted."""

    TYPE_APP, RUNNING, BOOT = 0, 1, 0

    def __init__(self, *rows):
        self._rows = rows

    def find(self, _kind):
        return [self._Row(*row) for row in self._rows]

    def __call__(self, _which):
        return self.find(0)[0]

    class _Row:
        def __init__(self, subtype, encrypted=False):
            self._info = (0, subtype, 0, 0, "", encrypted)

        def info(self):
            return self._info


@pytest.mark.parametrize(
    "board",
    [
        OnePartition((0x00,)),
        OnePartition((0x10,)),
        OnePartition((0x10,), (0x20,)),
        OnePartition((0x10,), (0x11, True)),
    ],
)
def test_a_board_without_two_ota_partitions_that_can_be_written_is_not_provisioned(board):
    with pytest.raises(NotProvisioned):
        ota_partitions(board)


def test_ota_partitions_are_numbered_by_their_subtype_whatever_their_order():
    board = OnePartition((0x00,), (0x11,), (0x10,), (0x20,))
    assert [part.info()[1] for part in ota_partitions(board)] == [0x10, 0x11]


def test_firmware_that_runs_from_the_factory_partition_takes_no_update():
    with pytest.raises(NotProvisioned, match="does not run from"):
        OtaRecords(RecordStore(MemoryCell(), MemoryCell()), None, OnePartition((0x00,), (0x10,), (0x11,)))
