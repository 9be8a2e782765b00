"""An ESP32 that is offered one job, cut at every operation of its flash, those of the boot loader included.

The parts of the device are the real ones; the flow is told again in few lines, for the cloud is not the matter here.
"""

import random

import pytest

from aws.iot.flow import CONCLUSIONS, REPORT_FAILED, REPORT_ROLLED_BACK, REPORT_SUCCEEDED
from fota import journal, trial
from fota.device import Device
from fota.errors import Failed, Refused
from fota.image import Hasher
from fota.install import Installer
from fota.journal import Entry, Journal
from fota.progress import Progress
from fota.proven import Proven
from fota.record import RecordStore
from fota.slots.esp32 import OtaRecords, ota_partitions
from fota.slots.partition import PartitionSlots
from fota.table import decide
from fota_testing.cells import PowerCut
from fota_testing.clock import FakeClock
from fota_testing.esp32 import Esp32, Reset, firmware
from fota_testing.esp_boot import VALID
from fota_testing.flash_model import TORN_SHAPES
from fota_testing.releases import releases_in_memory

BEHAVIOURS = ("good", "unwell", "dies-early", "dies-late", "marks")
"""Of the new image: dies before our code or after it, or marks itself valid and dies then."""

OLD, NEW = firmware(b"old " * 600), firmware(b"new " * 1500)
MOST_BOOTS = 12


def digests_of(content):
    hasher = Hasher()
    hasher.update(memoryview(content))
    return hasher.digests()


class Served:
    """An HTTPS client, and the answer of a server that honours a range."""

    etag, content_range, status = '"v1"', None, 200

    def __init__(self, content):
        self._content = content
        self.length_bytes = len(content)

    def get(self, url, headers, timeout_ms):
        answer = Served(self._content)
        if "Range" in headers:
            first, total = int(headers["Range"][6:-1]), len(self._content)
            answer.status, answer.content_range = 206, f"bytes {first}-{total - 1}/{total}"
            answer._content = self._content[first:]
            answer.length_bytes = len(answer._content)
        return answer

    def readinto(self, buffer):
        count = min(len(buffer), len(self._content), 700)
        buffer[:count] = self._content[:count]
        self._content = self._content[count:]
        return count

    def close(self):
        pass


class Ledger:
    """Progress in the journal's entry, as the firmware job keeps it."""

    def __init__(self, kept, entry):
        self._journal, self._entry = kept, entry

    def load(self):
        return self._entry.proven

    def save(self, proven):
        self._entry = self._entry.with_proven(proven)
        self._journal.save(self._entry)


class Source:
    url = "https://images.example/new"

    def can_renew(self):
        return False


class Life:
    """One device, from its first boot on; what it is told and what it tells outlives each boot."""

    def __init__(self, behaviour="good", *, new=NEW, old_slot=0, guards=True):
        self.behaviour, self._new, self._guards = behaviour, new, guards
        self.board = Esp32(app_blocks=2, data_blocks=8, guards=guards)
        self.board.put(old_slot, OLD)
        if old_slot:
            self.board.loader.start_next(old_slot)
            self.board.loader.boot()
            self.board.loader.mark_valid()
        self.old_slot = old_slot
        self.status = None
        self.details = ""
        self.boots = 0
        self.starts = 0
        self.is_confirmed = False
        self.story = []

    def open(self):
        """The device as the image that runs opens it: what a port does first."""
        board = self.board
        slots = PartitionSlots(ota_partitions(board.Partition), board.cells)
        records = OtaRecords(RecordStore(*board.cells(2)), slots, board.Partition)
        records.reconcile()
        clock = FakeClock(tick_ms=300)
        installer = Installer(slots, client=Served(self._new), clock=clock, buffer_bytes=1000, prove_every_bytes=1500)
        return Device(
            slots,
            records,
            Journal(*board.cells(3)),
            releases=releases_in_memory(slots),
            running_slot=records.running_slot,
            installer=installer,
            clock=clock,
            restart=board.reset,
        )

    def boot(self):
        """One boot, until the device restarts, dies, or is at rest: True then."""
        self.boots += 1
        assert self.boots <= MOST_BOOTS, "I7: the device does not come to rest"
        try:
            slot = self.board.boot()
            runs_new = self.runs_new(slot)
            self.story.append("new" if runs_new else "old")
            assert runs_new or self.board.content(slot).startswith(OLD), "I1: what boots is an image that is whole"
            self.count_start(slot, runs_new)
            assert runs_new or not self.is_confirmed, "I4: the old image starts after a confirm"
            if runs_new and self.behaviour == "dies-early":
                return False
            if runs_new and self.behaviour == "marks":
                self.board.Partition.mark_app_valid_cancel_rollback()
            device = self.open()
            if runs_new and self.behaviour in ("dies-late", "marks"):
                if device.verdict() == trial.AWAITING_TRIAL:
                    device.restart()
                return False
            self.flow(device)
        except Reset:
            return False
        except PowerCut:
            self.story.append("cut")
            self.board.flash.restore()
            return False
        return True

    def count_start(self, slot, runs_new):
        record = RecordStore(*self.board.cells(2)).load()
        if runs_new and (record is None or record.confirmed_slot != slot):
            self.starts += 1
        # The first one may have left no trace. A boot loader that does not guard the trial leaves the counting to
        # the image, and a cut before it has counted costs nothing.
        is_guarded = self._guards and self.behaviour != "marks"
        most = 2 if is_guarded else 3 + self.cuts
        assert self.starts <= most, "I3: started too often"

    def runs_new(self, slot):
        return self.board.content(slot).startswith(self._new)

    def flow(self, device):
        """As `aws.iot.flow`, for one job."""
        if device.verdict() == trial.AWAITING_TRIAL:
            device.restart()
        if device.verdict() == trial.ON_TRIAL and self.behaviour == "unwell":
            device.give_up_trial("health-check")
            device.restart()
        if device.verdict() == trial.ON_TRIAL:
            device.confirm()
            self.is_confirmed = True
        entry = device.journal.load()
        if entry is not None:
            self.conclude(device, entry)
        device.settle()
        if self.status is None:
            self.carry_out(device)

    def conclude(self, device, entry):
        conclusion = decide(
            CONCLUSIONS,
            (
                entry.stage == journal.FAILED,
                entry.stage == journal.INSTALLED,
                device.verdict() == trial.ROLLED_BACK,
                device.runs(entry.wanted),
            ),
        )
        if conclusion == REPORT_SUCCEEDED:
            self.report("SUCCEEDED", "")
        elif conclusion == REPORT_ROLLED_BACK:
            self.report("FAILED", device.record().cause)
        elif conclusion == REPORT_FAILED:
            self.report("FAILED", entry.reason)
        if self.status is not None:
            device.journal.clear()

    def report(self, status, details):
        assert self.status in (None, status), "I6: reported twice, and differently"
        self.status, self.details = status, details

    def carry_out(self, device):
        wanted = digests_of(self._new)
        slot = device.slot_for(None, wanted.size_bytes)
        entry = device.journal.load() or Entry("job-1", 1, wanted, proven=Proven())
        try:
            device.journal.save(entry)
            if not device.installer.holds(slot, wanted):
                device.installer.install(Source(), wanted, slot, Progress(), Ledger(device.journal, entry))
            device.journal.save(entry.at(journal.INSTALLED))
            device.begin_trial(slot, wanted)
        except (Failed, Refused) as error:
            if device.verdict() != trial.AWAITING_TRIAL:
                device.journal.save(entry.at(journal.FAILED, error.reason))
                self.report("FAILED", error.reason)
                device.journal.clear()
                return
        device.restart()

    def run(self, *cuts):
        """To its end, cut at each of `cuts` in turn, with the checks that hold at rest; how many cuts were made."""
        due = list(cuts)
        if due:
            self.board.flash.cut_at(*due.pop(0))
        is_at_rest = False
        while not is_at_rest:
            made = self.cuts
            is_at_rest = self.boot()
            if self.cuts > made and due:
                self.board.flash.cut_at(*due.pop(0))
        self.board.flash.restore()
        made = self.cuts
        self.check_rest()
        before, story = self.board.flash.operations, list(self.story)
        assert self.boot(), "I9: at rest, another boot changes something"
        assert self.story[-1] == story[-1]
        assert self.board.flash.operations == before, "I9: at rest, another boot writes"
        return made

    @property
    def cuts(self):
        return self.story.count("cut")

    def check_rest(self):
        """Record, otadata and the cloud say the same, and it is true."""
        loader, record = self.board.loader, RecordStore(*self.board.cells(2)).load()
        running = loader.running_slot
        assert loader.next_slot() == running, "the boot loader starts another image next"
        assert loader.states()[running] == VALID, "what runs is not valid to the boot loader"
        assert (record.confirmed_slot, record.boot_slot, record.trial_slot) == (running, running, None)
        assert self.status == ("SUCCEEDED" if self.runs_new(running) else "FAILED"), "I6: not the truth"


@pytest.mark.parametrize(
    ("behaviour", "status", "details", "story"),
    [
        ("good", "SUCCEEDED", "", "old new"),
        ("unwell", "FAILED", "health-check", "old new old"),
        ("dies-early", "FAILED", "not-confirmed", "old new old new old"),
        ("dies-late", "FAILED", "not-confirmed", "old new old"),
        ("marks", "FAILED", "not-confirmed", "old new new new old"),
    ],
)
@pytest.mark.parametrize("old_slot", [0, 1])
def test_without_a_cut_a_job_ends_as_the_new_image_behaves(behaviour, status, details, story, old_slot):
    life = Life(behaviour, old_slot=old_slot)
    life.run()
    assert (life.status, life.details, life.story[:-1]) == (status, details, story.split())


def test_an_image_that_is_no_firmware_is_never_started():
    life = Life(new=b"\xe9 no firmware" * 100)
    life.run()
    assert (life.status, life.details, set(life.story)) == ("FAILED", "wrong-format", {"old"})


def every_cut(behaviour, shapes, **how):
    """One life for each operation of the flash, cut there; how many there were."""
    operation = made = 0
    while made == operation:
        operation += 1
        made += Life(behaviour, **how).run((operation, shapes[operation % len(shapes)]))
    return made


@pytest.mark.parametrize("shape", TORN_SHAPES)
def test_an_update_may_be_cut_anywhere(shape):
    made = every_cut("good", [shape])
    print(f"{made} cuts")
    assert made >= 50


@pytest.mark.parametrize(
    ("behaviour", "old_slot", "guards"),
    [
        ("unwell", 1, True),
        ("dies-early", 0, True),
        ("dies-late", 1, True),
        ("marks", 0, True),
        ("dies-late", 0, False),
    ],
)
def test_a_rollback_may_be_cut_anywhere(behaviour, old_slot, guards):
    made = every_cut(behaviour, TORN_SHAPES, old_slot=old_slot, guards=guards)
    print(f"{made} cuts")
    assert made >= 50


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_what_follows_a_cut_may_be_cut_again_and_again(behaviour):
    chance, made = random.Random(behaviour), 0
    for _ in range(15):
        cuts = [(chance.randrange(1, most), chance.choice(TORN_SHAPES)) for most in (60, 25, 12)]
        try:
            made += Life(behaviour, old_slot=chance.randrange(2)).run(*cuts)
        except AssertionError as error:
            raise AssertionError(f"{cuts}: {error}") from error
    print(f"{made} cuts")
    assert made > 15
