"""A device, AWS IoT Jobs and a server of images on one table, on virtual time: tests arrange and act with its verbs.

lab.publish(image=b"new")     an operator offers an image as a job
lab.wake()                    the program looks at its jobs; a restart it asks for is carried out
lab.statuses()                what the service was told
lab.running_image             the bytes of the image that runs
"""

import hashlib
import random
from typing import TYPE_CHECKING, Any

import pytest

from aws.iot import fota
from aws.iot.iot import Thing
from aws.iot.jobs import Jobs
from fota import boot, image, trial
from fota.boards import Board
from fota.boot_note import BootNote
from fota.device import Device
from fota.journal import Journal
from fota.record import Record, RecordStore
from fota.trust.keyring import Keyring
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import MemoryCell, PowerCut
from fota_testing.jobs.service import JobsService
from fota_testing.memory_slots import MemorySlots
from fota_testing.releases import releases_in_memory
from tests.labs.image_server import ImageServer

if TYPE_CHECKING:
    from fota.boards import PatchPlace

FACTORY = b"the factory image"
JOB = "job-1"
SECRET = "X-Amz-Signature"
BUFFER_BYTES = 64
SEED = 20


class Power:
    """What the cells of a device run on: counts their reads and writes, and fails at a chosen write."""

    def __init__(self) -> None:
        self.reads = 0
        self.writes = 0
        self.cut_at: int | None = None
        """The number of the write at which the power fails; counted from 1."""
        self.torn_bytes = 0
        """How much of that write still reaches its cell."""


class PoweredCell(MemoryCell):
    """A cell on a common power supply."""

    def __init__(self, power: Power) -> None:
        super().__init__()
        self._power = power

    def read(self) -> bytes:
        self._power.reads += 1
        return super().read()

    def write(self, content: bytes) -> None:
        self._power.writes += 1
        if self._power.writes == self._power.cut_at:
            self.cut_after(min(self._power.torn_bytes, len(content)))
        super().write(content)


class Restarted(BaseException):
    """The device restarts: nothing of the program runs on."""


class DeviceLab:
    """See the module. `boots` counts the restarts."""

    def __init__(
        self, *, slots: int = 2, capacity_bytes: int = 10_000, answer_ms: int = 20, keyring: Keyring | None = None
    ) -> None:
        self.clock = FakeClock()
        self.service = JobsService(self.clock, "lamp", answer_ms=answer_ms)
        self.server = self.new_server()
        self.slots = self.new_slots(slots, capacity_bytes)
        self.power = Power()
        self.record_cells = (PoweredCell(self.power), PoweredCell(self.power))
        self.journal_cells = (PoweredCell(self.power), PoweredCell(self.power))
        self.records = RecordStore(*self.record_cells)
        self.journal = Journal(*self.journal_cells)
        self.releases = releases_in_memory(self.slots, keyring)
        self.note: BootNote | None = None
        self.slots.put(0, FACTORY)
        self.records.save(Record(0))
        self.boots = 0
        self.power.writes = 0
        self.device: Device
        self.jobs: Jobs
        self._start(0)

    def new_slots(self, count: int, capacity_bytes: int) -> MemorySlots:
        """What holds the images."""
        return MemorySlots(count, capacity_bytes)

    def new_patches(self) -> "PatchPlace | None":
        """What holds a patch: nothing does."""
        return None

    def new_server(self) -> ImageServer:
        """What serves the images."""
        return ImageServer(self.clock)

    # The operator.

    def publish(self, image: bytes = b"new image", job: str = JOB, **fields: Any) -> None:
        """Offer an image; a field given replaces the one that would be right, and None leaves it out."""
        self.publish_document(self.document(image, **fields), job)

    def document(self, image: bytes = b"new image", **fields: object) -> dict[str, object]:
        """The job document of an image that lies on the server."""
        digest = hashlib.sha256(image).hexdigest()
        url = f"https://images.example/{digest}"
        self.server.put(url, image)
        document = {
            "operation": "fota",
            "bc_idx": "any",
            "bc_crc": hashlib.md5(image).hexdigest(),
            "bc_size": len(image),
            "bc_url": f"${{aws:iot:s3-presigned-url:{url}}}",
            "bc_sha256": digest,
        } | fields
        return {name: value for name, value in document.items() if value is not None}

    def direct_document(self, image: bytes = b"new image", **fields: object) -> dict[str, object]:
        """The same as a device sees it: with a URL in place of the placeholder."""
        url = f"https://images.example/{hashlib.sha256(image).hexdigest()}?{SECRET}=5ec7e7"
        return self.document(image, **({"bc_url": url} | fields))

    def publish_document(self, document: object, job: str = JOB) -> None:
        self.service.create(job, document)

    def cancel(self, job: str = JOB) -> None:
        self.service.cancel(job)

    # The device.

    def wake(self, **options: Any) -> bool:
        """The program calls `handle_fota_jobs` with `force`; a restart that comes of it is carried out."""
        try:
            return fota.handle_fota_jobs(self.jobs, **{"force": True, "device": self.device, **options})
        except (Restarted, PowerCut):
            self.reboot()
            return False

    def look(self, **options: Any) -> bool:
        """The program calls `handle_fota_jobs` from its loop, without `force`."""
        return self.wake(**{"force": False, **options})

    def reboot(self, cause: str = "not-confirmed") -> None:
        """The device starts anew, in the slot that the boot chooser names, and connects."""
        self.service.power_off()
        self.boots += 1
        if cause == "crashed":
            boot.crashed(self.records, self.device.running_slot)
        try:
            slot = boot.choose(self.records, self.slots.count, self._proves, cause=cause)
        except PowerCut:
            slot = boot.choose(self.records, self.slots.count, self._proves)
        self._start(slot)

    def update_to(self, image: bytes, job: str = JOB) -> None:
        """One whole update, from the job to the confirmed image."""
        self.publish(image, job)
        self.wake()
        self.wake()

    def live(self, seconds: int = 900, **options: Any) -> None:
        """The program's loop for so long: it looks at its jobs every second, and connects after each boot."""
        end_ms = self.clock.now_ms() + seconds * 1000
        while self.clock.now_ms() < end_ms:
            self.look(**options)
            self.pass_ms(1000)

    def pass_ms(self, duration_ms: int) -> None:
        self.clock.advance_ms(duration_ms)

    # What anybody could see.

    @property
    def running_image(self) -> bytes:
        return self.slots.content(self.device.running_slot)

    @property
    def spare_is_bootable(self) -> bool:
        return any(self._proves(slot) for slot in range(self.slots.count) if slot != self.device.running_slot)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left of any update: no trial, no report owed."""
        return self.device.verdict() == trial.SETTLED and self.journal.load() is None

    @property
    def confirmed_image(self) -> bytes:
        return self.slots.content(self.device.record().confirmed_slot)

    @property
    def erases(self) -> int:
        return sum(self.slots.erases)

    def statuses(self, job: str = JOB, number: int | None = None) -> list[str]:
        """Every status that the job had, without repetitions."""
        return self.service.statuses(job, number)

    def status(self, job: str = JOB) -> str:
        return self.service.execution(job).status

    def details(self, job: str = JOB, number: int | None = None) -> dict[str, str]:
        return self.service.execution(job, number).details

    def reason(self, job: str = JOB) -> str:
        return self.details(job).get("reason", "")

    def _start(self, slot: int) -> None:
        thing = Thing("broker.example", self.service.thing_name, b"", b"", connection=self.service)
        self.device = Device(
            Board(self.slots, self.records, self.journal, self.releases, self.note, patches=self.new_patches()),
            slot,
            client=self.server,
            clock=self.clock,
            restart=_restart,
            buffer_bytes=BUFFER_BYTES,
        )
        if self.service.reachable:
            thing.mqtt.connect()
        self.jobs = Jobs(thing, clock=self.clock)

    def _proves(self, slot: int) -> bool | None:
        return image.proves_itself(self.slots, slot, memoryview(bytearray(BUFFER_BYTES)))


def _restart() -> None:
    raise Restarted


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Jitter and tokens are the same at every run."""
    random.seed(SEED)
    print(f"random seed {SEED}")


@pytest.fixture
def lab() -> DeviceLab:
    """A device that runs its factory image, connected, with nothing to do."""
    return DeviceLab()
