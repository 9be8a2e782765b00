"""The life of an ESP32 that is offered one job: its boots, its cuts, and what has to hold at rest.

The parts of the device are the real ones; the flow is told again in few lines, for the cloud is not the matter here.
"""

from aws.iot.flow import CONCLUSIONS, REPORT_FAILED, REPORT_ROLLED_BACK, REPORT_SUCCEEDED
from fota import journal, trial
from fota.boards import Board
from fota.boards.boot_loader import BootLoaderRecords
from fota.boards.esp32 import OtaBootLoader
from fota.device import Device
from fota.errors import Failed, Refused
from fota.journal import Journal
from fota.progress import Progress
from fota.record import RecordStore
from fota.slots.partition import PartitionSlots
from fota.table import decide
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import PowerCut
from fota_testing.flash.esp32 import Esp32, Reset, firmware
from fota_testing.flash.esp_boot import VALID
from fota_testing.releases import releases_in_memory
from tests.labs.image_digests import digests_of
from tests.labs.present import present

OLD, NEW = firmware(b"old " * 600), firmware(b"new " * 1500)
MAX_BOOTS = 12


class Served:
    """An HTTPS client, and the answer of a server that honours a range."""

    status = 200
    etag: str | None = '"v1"'
    content_range: str | None = None

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
        loader = OtaBootLoader(board.Partition)
        slots = PartitionSlots(loader.devices, board.cells)
        records = BootLoaderRecords(RecordStore(*board.cells(2)), slots, loader)
        records.reconcile()
        return Device(
            Board(slots, records, Journal(*board.cells(3)), releases_in_memory(slots)),
            records.running_slot,
            client=Served(self._new),
            clock=FakeClock(tick_ms=300),
            restart=board.reset,
            buffer_bytes=1000,
            checkpoint_every_bytes=1500,
        )

    def boot(self):
        """One boot, until the device restarts, dies, or is at rest: True then."""
        self.boots += 1
        assert self.boots <= MAX_BOOTS, "I7: the device does not come to rest"
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
        entry = device.update_on_record()
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
            device.forget_update()

    def report(self, status, details):
        assert self.status in (None, status), "I6: reported twice, and differently"
        self.status, self.details = status, details

    def carry_out(self, device):
        wanted = digests_of(self._new)
        slot = device.slot_for(None, wanted.size_bytes)
        update = device.take_up("job-1", 1, wanted)
        try:
            update.save_stage(journal.CLAIMED)
            if not device.holds(slot, wanted):
                device.install(Source(), wanted, slot, Progress(), update)
            update.save_stage(journal.INSTALLED)
            device.begin_trial(slot, wanted)
        except (Failed, Refused) as error:
            if device.verdict() != trial.AWAITING_TRIAL:
                update.save_stage(journal.FAILED, error.reason)
                self.report("FAILED", error.reason)
                device.forget_update()
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
        loader, record = self.board.loader, present(RecordStore(*self.board.cells(2)).load())
        running = loader.running_slot
        assert loader.next_slot() == running, "the boot loader starts another image next"
        assert loader.states()[running] == VALID, "what runs is not valid to the boot loader"
        assert (record.confirmed_slot, record.boot_slot, record.trial_slot) == (running, running, None)
        assert self.status == ("SUCCEEDED" if self.runs_new(running) else "FAILED"), "I6: not the truth"
