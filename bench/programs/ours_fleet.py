"""Some devices of a fleet, one thread each, with the real library: they wait for a job and take it to its end.

A restart is simulated: the slot that the boot chooser would start runs next, with a new connection.
"""

import time

from aws.iot import fota as awsfota
from aws.iot import jobs
from bench.programs.fleets import run_all
from bench.programs.things import connected
from fota import boot
from fota.boards.files import FilesBoard
from fota.device import Device, open_device
from fota.image import proves_itself
from fota.progress import Progress

_LOOK_S = 0.05


class Marks(Progress):
    """When this device reached each step."""

    def __init__(self) -> None:
        self.at_s: dict[str, float] = {}
        self.outcome = ""

    def mark(self, name: str) -> None:
        """Now."""
        self.at_s[name] = time.monotonic()

    def taken(self, job_id: str) -> None:
        """See Progress."""
        self.mark("taken")

    def proving(self, slot: int) -> None:
        """See Progress."""
        self.mark("came")

    def installed(self, slot: int) -> None:
        """See Progress."""
        self.mark("installed")

    def ended(self, job_id: str, status: str, reason: str) -> None:
        """See Progress."""
        self.outcome = status
        self.mark("ended")


class FleetDevice:
    """One device, from before its update to after it."""

    def __init__(self, thing: str, home: str) -> None:
        self._thing_folder = thing
        self._home = home
        self._marks = Marks()
        self._boot(0)

    def _boot(self, slot: int) -> None:
        self._thing = connected(self._thing_folder)
        self._marks.mark("connected")
        self._jobs = jobs.Jobs(self._thing)
        self._device: Device = open_device(self._home, slot)

    @property
    def outcome(self) -> str:
        """See `fleets.Client`."""
        return self._marks.outcome

    @property
    def at_s(self) -> dict[str, float]:
        """See `fleets.Client`."""
        return self._marks.at_s

    def run(self, deadline: float) -> None:
        """Take the job."""
        force = True
        while time.monotonic() < deadline and not self._marks.outcome:
            if awsfota.handle_fota_jobs(
                self._jobs, force=force, auto_reset=False, progress=self._marks, device=self._device
            ):
                self._marks.mark("restarting")
                self._thing.mqtt.close()
                self._boot(self._next_slot())
                force = True
                continue
            force = False
            time.sleep(_LOOK_S)
        self._thing.mqtt.close()

    def _next_slot(self) -> int:
        home = FilesBoard(self._home)
        buffer = memoryview(bytearray(1 << 16))
        return boot.choose(
            home.records,
            home.slots.count,
            lambda slot: proves_itself(home.slots, slot, buffer),
            attempts=1,
            cause="not-confirmed",
        )


if __name__ == "__main__":
    run_all(FleetDevice)
