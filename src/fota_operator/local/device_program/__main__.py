"""Devices to practise with, as threads of one process: the library's own code, each with its home and its connection.

Started by `fota local devices` as `python device_program SPECIFICATION`, a file of JSON; it ends when its stdin does,
so that none outlives the command. Each line on stdout is one event as JSON.
An image is downloaded, verified, put on trial and confirmed, or rolled back, as on every device. It is not started:
what such a device runs is this program, and a bad device takes every image on trial for one that crashed.
"""

import contextlib
import json
import os
import random
import sys
import threading
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from aws.iot import fota as awsfota
from aws.iot import iot, jobs
from aws.iot.errors import IotError
from fota import boot, device, policy
from fota.boards.files import FilesBoard
from fota.errors import FotaError
from fota.progress import Progress
from fota_boot import start_images

LOOK_S = 0.5
"""How often the program of a device looks for jobs; it costs next to nothing while there are none."""
RESTART_S = 1.0
MAX_CONNECTING = 4
"""More devices that connect at one time would only wait for each other."""
ASK_AGAIN_S = 3

BAD, DEFERRING = "bad", "deferring"

_ending = threading.Event()
_connecting = threading.Semaphore(MAX_CONNECTING)
_printing = threading.Lock()


def tell(thing: str, event: str, **facts: str) -> None:
    """One event, for the command; nobody hears it once that is gone."""
    line = json.dumps({"thing": thing, "event": event, **facts}) + "\n"
    with _printing, contextlib.suppress(OSError):
        sys.stdout.write(line)
        sys.stdout.flush()


@dataclass
class PractiseDevice(Progress):
    """One device: its boots, one after the other, until the process ends."""

    name: str
    home: str
    things: str
    kind: str
    defer_s: float
    asked_s: dict[str, float] = field(default_factory=dict)
    """When each job was first put off, by a clock that never goes back."""
    version: str = ""
    is_known: bool = False

    def run(self) -> None:
        """Boot again and again. An error that nobody expected ends this device alone, and is told."""
        cause = "not-confirmed"
        try:
            while not _ending.is_set():
                cause = self._boot(cause)
        except Exception as error:
            tell(self.name, "died", problem=f"{type(error).__name__}: {error}")
            raise

    def _boot(self, cause: str) -> str:
        """One boot, until the device restarts; returns why it ended, as a boot chooser would see it."""
        home = FilesBoard(self.home)
        slot = boot.choose(
            home.records, home.slots.count, lambda each: start_images.proves_itself(home, each), cause=cause
        )
        record = boot.known(home.records)
        self.version = version_in(home.slots.image_path(slot))
        if self.kind == BAD and record is not None and record.trial_slot == slot == record.boot_slot:
            home.note.save({"exit": "1", "error": "PractiseError: this device is a bad one"})
            tell(self.name, "crashed", version=self.version)
            _ending.wait(RESTART_S)
            return "crashed"
        self._live(home, slot)
        return "not-confirmed"

    def _live(self, home: FilesBoard, slot: int) -> None:
        """What the program of a device does: connect, then look for jobs until a restart is due."""
        folder = Path(self.things) / self.name
        conf = json.loads((folder / "thing.conf.json").read_text())
        cacert = str(folder / conf["cacert"]) if "cacert" in conf else None
        thing = iot.Thing(
            conf["endpoint"],
            conf["mqttid"],
            str(folder / "certificate.pem.crt"),
            str(folder / "private.pem.key"),
            thingname=self.name,
            cacert=cacert,
        )
        restarting = threading.Event()
        this = device.device_of(home, slot, cacert)
        this.restart = restarting.set
        # Who practises runs one rollout after the other; a device in the field waits for longer after the third.
        this.pace.free_tries = 1000
        try:
            waiting = self._connected(thing)
            force = True
            while waiting is not None and not restarting.is_set() and not _ending.is_set():
                awsfota.handle_fota_jobs(waiting, force, False, progress=self, device=this, policy=self._policy())
                force = False
                (restarting if restarting.is_set() else _ending).wait(LOOK_S)
        finally:
            thing.mqtt.close()
        if restarting.is_set():
            _ending.wait(RESTART_S)

    def _connected(self, thing: iot.Thing) -> "jobs.Jobs | None":
        """The jobs of the thing once it is connected; None if the process ends before."""
        while not _ending.is_set():
            try:
                with _connecting:
                    if _ending.is_set():
                        return None
                    thing.mqtt.connect()
                    waiting = jobs.Jobs(thing)
            except (IotError, FotaError) as error:
                tell(self.name, "offline", problem=str(error))
                _ending.wait(random.uniform(1, 5))
                continue
            tell(self.name, "connected" if self.is_known else "ready", version=self.version)
            self.is_known = True
            return waiting
        return None

    def _policy(self) -> "policy.Policy | None":
        return self._puts_off if self.kind == DEFERRING else None

    def _puts_off(self, offer: policy.Offer) -> "policy.Now | policy.Later":
        """Later, until the job has waited here for long enough; a release that says `now` is taken all the same."""
        if offer.job_id not in self.asked_s:
            self.asked_s[offer.job_id] = time.monotonic()
            tell(self.name, "deferred", job=offer.job_id)
        since_s = self.asked_s[offer.job_id]
        if time.monotonic() - since_s >= self.defer_s:
            return policy.Now()
        return policy.Later("the pump runs", again_s=ASK_AGAIN_S)

    def taken(self, job_id: str) -> None:
        """A job was claimed."""
        tell(self.name, "taken", job=job_id)

    def ended(self, job_id: str, status: str, reason: str) -> None:
        """The service took the report of a job."""
        tell(self.name, "ended", job=job_id, status=status, reason=reason, version=self.version)


def version_in(image: str) -> str:
    """What the image calls itself; a question mark if it does not say."""
    try:
        with zipfile.ZipFile(image) as archive:
            return str(json.loads(archive.read("fota-image.json"))["version"])
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile):
        return "?"


def main() -> None:
    """Run all devices of the specification until stdin ends."""
    specified = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    devices = [PractiseDevice(**one) for one in specified]
    threads = [threading.Thread(target=one.run, name=one.name, daemon=True) for one in devices]
    threading.stack_size(1 << 20)
    for thread in threads:
        thread.start()
    while os.read(0, 4096):
        pass
    _ending.set()
    end_s = time.monotonic() + 10
    for thread in threads:
        thread.join(max(0.0, end_s - time.monotonic()))


if __name__ == "__main__":
    main()
