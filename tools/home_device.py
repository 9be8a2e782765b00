"""A device whose home is a real folder, with its jobs and a server of images beside it, on virtual time.

The homes of `tests/homes` are made with it, and booted again with it. Everything that the device writes is the same
at every run: time is virtual, signatures are deterministic, and archives carry no date.
Leaves to others: what happens to the device (`home_stories`), packing its home (`make_homes`).
"""

import hashlib
import io
import random
import zipfile
from pathlib import Path

import vector_parts as parts

from aws.iot import fota
from aws.iot.iot import Thing
from aws.iot.jobs import Jobs
from fota import boot, image
from fota.boards.files import FilesBoard
from fota.device import Device
from fota.errors import Unreachable
from fota_operator.demo.device import provision
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import PowerCut
from fota_testing.jobs.service import JobsService

SLOT_SIZE_BYTES = 16_384
BUFFER_BYTES = 64
_CHUNK_MS = 100
"""How long each piece of a download takes: checkpoints are written by bytes and by time."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_PROGRAM = '''"""The firmware of the homes that are kept as fixtures: it connects, and looks for jobs."""

import json
import logging
import sys
import time

from aws.iot import fota as awsfota
from aws.iot import iot, jobs

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
folder = sys.argv[1] + "/"
with open(folder + "thing.conf.json") as file:
    conf = json.load(file)
thing = iot.Thing(
    conf["endpoint"],
    conf["mqttid"],
    folder + "certificate.pem.crt",
    folder + "private.pem.key",
    thingname=conf["thingname"],
    cacert=folder + conf["cacert"] if "cacert" in conf else None,
)
thing.mqtt.connect()
print("firmware VERSION is connected", flush=True)
myjobs = jobs.Jobs(thing)
awsfota.handle_fota_jobs(myjobs, force=True)
while True:
    time.sleep(0.2)
    awsfota.handle_fota_jobs(myjobs)
'''


def firmware(version: str) -> bytes:
    """A program that `fota-boot` can really start; the same bytes wherever it is made: nothing is compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, text in (
            ("__main__.py", _PROGRAM.replace("VERSION", version)),
            ("fota-image.json", f'{{"version": "{version}"}}\n'),
        ):
            member = zipfile.ZipInfo(name, date_time=_EARLIEST)
            member.create_system = 3  # Always Unix.
            archive.writestr(member, text)
    return buffer.getvalue()


def release(content: bytes, *, seq: int, signer: str = "first", secver: int = 4) -> parts.Fields:
    """The envelope of a signed release of an image."""
    manifest = parts.manifest(
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        seq=seq,
        secver=secver,
    )
    return parts.envelope(parts.encoded(manifest), (signer,))


class _Restarted(BaseException):
    """The device restarts: no part of the program goes on."""


class ImageServer:
    """Meets `fota.transfer.http.Client`, from memory; each read takes some time."""

    def __init__(self, clock: FakeClock) -> None:
        self.images: dict[str, bytes] = {}
        """The images by URL without its query."""
        self.asked_from: list[int] = []
        """The first byte that each request asked for."""
        self.is_down = False
        self.cut_at: int | None = None
        """The power of the device fails once its download has reached this byte."""
        self._clock = clock

    def put(self, content: bytes) -> str:
        """Serve the image from now on; returns its URL."""
        url = f"https://images.example/{hashlib.sha256(content).hexdigest()}"
        self.images[url] = content
        return url

    def get(self, url: str, headers: dict[str, str], timeout_ms: int) -> "_Answer":  # noqa: ARG002 - the contract's
        """See `fota.transfer.http.Client`."""
        if self.is_down:
            raise Unreachable("there is no route to the server of this story")
        first = int(headers.get("Range", "bytes=0-")[len("bytes=") : -1])
        self.asked_from.append(first)
        return _Answer(self, self.images[url.split("?", 1)[0]], first)

    def pass_piece(self, offset_bytes: int) -> None:
        """One more read begins at that byte."""
        self._clock.advance_ms(_CHUNK_MS)
        if self.cut_at is not None and offset_bytes >= self.cut_at:
            self.cut_at = None
            raise PowerCut(f"after {offset_bytes} bytes")


class _Answer:
    def __init__(self, server: ImageServer, content: bytes, first: int) -> None:
        self.status = 206 if first else 200
        self.etag: str | None = '"an etag"'
        self.length_bytes: int | None = len(content) - first
        self.content_range = f"bytes {first}-{len(content) - 1}/{len(content)}" if first else None
        self._server = server
        self._content = content
        self._offset = first

    def readinto(self, buffer: memoryview) -> int:
        self._server.pass_piece(self._offset)
        piece = self._content[self._offset : self._offset + len(buffer)]
        buffer[: len(piece)] = piece
        self._offset += len(piece)
        return len(piece)

    def close(self) -> None:
        """Nothing to end."""


class HomeDevice:
    """The device, and the cloud that it sees. It runs once `boot` was called."""

    def __init__(self, home: Path) -> None:
        random.seed(1)
        self.home = home
        self.clock = FakeClock()
        self.server = ImageServer(self.clock)
        self.service = JobsService(self.clock, "lamp")
        self.device: Device
        """The state as of the last boot."""
        self._jobs: Jobs

    def provision(self, factory: bytes, *options: str) -> None:
        """What `fota-boot --factory` does, by the real command."""
        path = self.home.with_name(f"{self.home.name}-factory.pyz")
        path.write_bytes(factory)
        provision(self.home, path, slot_size_bytes=SLOT_SIZE_BYTES, options=options)

    def offer(self, job_id: str, content: bytes, **fields: object) -> None:
        """An operator offers an image; `fields` are added to the job document."""
        document = {
            "operation": "fota",
            "bc_idx": "any",
            "bc_crc": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "bc_size": len(content),
            "bc_url": f"${{aws:iot:s3-presigned-url:{self.server.put(content)}}}",
            "bc_sha256": hashlib.sha256(content).hexdigest(),
        }
        self.service.create(job_id, document | fields)

    def boot(self, cause: str = "not-confirmed") -> int:
        """Start the image that is due, as `fota-boot` would; returns its slot. `cause` is why the last one ended."""
        self.service.power_off()
        home = FilesBoard(str(self.home))
        buffer = memoryview(bytearray(BUFFER_BYTES))
        slot = boot.choose(
            home.records,
            home.slots.count,
            lambda slot: image.proves_itself(home.slots, slot, buffer),
            cause=cause,
        )
        self.device = Device(
            home,
            slot,
            client=self.server,
            clock=self.clock,
            restart=_restart,
            buffer_bytes=BUFFER_BYTES,
            checkpoint_every_bytes=BUFFER_BYTES,
        )
        thing = Thing("broker.example", self.service.thing_name, b"", b"", connection=self.service)
        thing.mqtt.connect()
        self._jobs = Jobs(thing, clock=self.clock)
        return slot

    def look(self, *, is_well: bool = True) -> bool:
        """The program looks at its jobs once; True when the device restarts, or loses its power."""
        try:
            fota.handle_fota_jobs(self._jobs, force=True, health_check=lambda: is_well, device=self.device)
        except (_Restarted, PowerCut):
            return True
        return False

    def update(self, job_id: str, content: bytes, **fields: object) -> None:
        """One whole update, from the job to the confirmed image."""
        self.offer(job_id, content, **fields)
        self.look()
        self.boot()
        self.look()

    @property
    def running_image(self) -> bytes:
        """The bytes in the slot that runs."""
        return (self.home / f"slot-{self.device.running_slot}.img").read_bytes()


def _restart() -> None:
    raise _Restarted
