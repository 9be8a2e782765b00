"""Devices to practise with at the local AWS: registers things, provisions a home for each, and runs their program.

Everything is in one folder below that of the local AWS, and in its registry; the end removes all of it, and so does
the next beginning, if a run was killed.
Leaves to others: what a device does (`device_program`).
"""

import fcntl
import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fota.boards.provisioning import provision
from fota.errors import FotaError
from fota.storage import SlotReader
from fota.trust.keyring import Keyring
from fota_operator.errors import BadInput, LocalAwsFailed, OperatorError
from fota_operator.images.image import build_image
from fota_operator.local.aws import LocalAws
from fota_operator.things.cleanup import cleanup_things
from fota_operator.things.names import numbered_names
from fota_operator.things.things import add_things

MAX_DEVICES = 500
"""More would need more memory and time than a machine to practise on has: see docs/how-to/practise-a-rollout.md."""
GOOD, BAD, DEFERRING, SILENT = "good", "bad", "deferring", "silent"
KINDS = (BAD, DEFERRING, SILENT, GOOD)
"""In the order of the names: the first devices are the bad ones."""

_FOLDER = "devices"
_SLOTS, _SLOT_SIZE_BYTES = 2, 256 << 20
"""Files grow with their images, so the size of a slot costs nothing."""
_PROGRAM = Path(__file__).with_name("device_program")
_AT_ONCE = 4
"""Things that are registered at one time: the local AWS is one process."""
_STOP_S = 15.0
_LOOK_S = 0.2


@dataclass(frozen=True)
class PractiseFleet:
    """How many devices, and of them how many misbehave; what is left over is good.

    `bad`: every new image crashes on them. `deferring`: their program puts an update off for `defer_s` seconds.
    `silent`: registered, and never heard of. With a keyring they take signed releases of its product only.
    """

    count: int
    bad: int = 0
    deferring: int = 0
    silent: int = 0
    base_name: str = "pump"
    defer_s: float = 30.0
    keyring: Keyring | None = None

    def kinds(self) -> dict[str, str]:
        """The kind of each device, by its name. *Raises* BadInput."""
        if not 1 <= self.count <= MAX_DEVICES:
            raise BadInput(f"`count`: expected 1 to {MAX_DEVICES}, got {self.count}", "choose one in that range")
        for kind, number in ((BAD, self.bad), (DEFERRING, self.deferring), (SILENT, self.silent)):
            if number < 0:
                raise BadInput(f"`{kind}`: expected 0 or more, got {number}", "choose a number of devices")
        misbehaving = self.bad + self.deferring + self.silent
        if misbehaving > self.count:
            raise BadInput(
                f"`bad`, `deferring`, `silent`: expected at most `count`, {self.count}, together, got {misbehaving}",
                "choose fewer of them, or more devices",
            )
        numbers = (self.bad, self.deferring, self.silent, self.count - misbehaving)
        kinds = [kind for kind, number in zip(KINDS, numbers, strict=True) for _ in range(number)]
        return dict(zip(numbered_names(self.base_name, self.count), kinds, strict=True))


@dataclass(frozen=True)
class DeviceEvent:
    """What happened to a device: `event` is ready, connected, offline, taken, deferred, crashed, ended or died."""

    thing: str
    event: str
    facts: dict[str, str]


class PractiseDevices:
    """The devices of one local AWS; a context: they run inside, and nothing is left of them afterwards."""

    def __init__(self, local: LocalAws, fleet: PractiseFleet) -> None:
        """*Raises* BadInput."""
        self._local = local
        self._fleet = fleet
        self.kinds: dict[str, str] = fleet.kinds()
        """The kind of each device, by its name."""
        self._folder = local.folder / _FOLDER
        self._things, self._homes = self._folder / "things", self._folder / "homes"
        self._events: queue.Queue[DeviceEvent | None] = queue.Queue()
        self._stack = ExitStack()

    def __enter__(self) -> "PractiseDevices":
        """Register and provision them, and start their program. *Raises* OperatorError; then nothing is left."""
        with ExitStack() as stack:
            cloud = self._local.cloud()
            stack.enter_context(self._alone())
            self._remove()
            stack.callback(self._remove)
            try:
                self._folder.mkdir(mode=0o700)
                self._for_each(lambda name: add_things(cloud, [name], self._things, self._local.thing_options()))
                self._provision()
            except OSError as error:
                raise LocalAwsFailed(f"cannot use {self._folder}: {error.strerror}", "make room") from error
            stack.enter_context(self._running())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End them, and remove them. *Raises* OperatorError for what cannot be removed."""
        self._stack.close()

    def events(self, for_s: float | None = None) -> Iterator[DeviceEvent]:
        """What happens, until `for_s` seconds have passed. *Raises* LocalAwsFailed if they end by themselves."""
        end_s = None if for_s is None else time.monotonic() + for_s
        while end_s is None or time.monotonic() < end_s:
            try:
                event = self._events.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if event is None:
                log = self._folder / "log"
                last = (log.read_text(errors="replace").strip().splitlines() or ["they said nothing"])[-1]
                raise LocalAwsFailed(f"the devices have ended by themselves: {last}", "start them again")
            yield event

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """*Raises* LocalAwsFailed while another command runs devices there."""
        with (self._local.folder / "devices.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LocalAwsFailed(
                    f"devices run already at the local AWS of {self._local.folder}", "end that command first"
                ) from error
            yield

    def _for_each(self, work: Callable[[str], object]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as workers:
            done = [workers.submit(work, name) for name in self.kinds]
            try:
                for each in done:
                    each.result()
            except BaseException:
                workers.shutdown(cancel_futures=True)
                raise

    def _provision(self) -> None:
        self._homes.mkdir()
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            program = Path(scratch) / "program"
            program.mkdir()
            (program / "__main__.py").write_text("")
            image = build_image(program, "factory", Path(scratch) / "factory.pyz")
            for name in self.kinds:
                reader = SlotReader(str(Path(scratch) / "factory.pyz"))
                try:
                    provision(
                        str(self._homes / name),
                        reader,
                        image_size_bytes=image.size_bytes,
                        slot_count=_SLOTS,
                        slot_size_bytes=_SLOT_SIZE_BYTES,
                        keyring=self._fleet.keyring,
                    )
                except FotaError as error:
                    raise LocalAwsFailed(f"cannot provision {name}: {error}", "make room") from error
                finally:
                    reader.close()

    @contextmanager
    def _running(self) -> Iterator[None]:
        specified = self._folder / "devices.json"
        specified.write_text(
            json.dumps(
                [
                    {
                        "name": name,
                        "home": str(self._homes / name),
                        "things": str(self._things),
                        "kind": kind,
                        "defer_s": self._fleet.defer_s,
                    }
                    for name, kind in self.kinds.items()
                    if kind != SILENT
                ]
            )
        )
        with (self._folder / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, str(_PROGRAM), str(specified)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Ctrl-C is for the command, which ends the devices in order.
                start_new_session=True,
            )
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        try:
            yield
        finally:
            _end(process)
            reader.join(_STOP_S)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                facts = json.loads(line)
                self._events.put(DeviceEvent(facts.pop("thing"), facts.pop("event"), facts))
        self._events.put(None)

    def _remove(self) -> None:
        """All that is left of devices here. *Raises* OperatorError."""
        if self._things.is_dir():
            cloud = self._local.cloud()
            with ThreadPoolExecutor(_AT_ONCE) as workers:
                names = [path.name for path in self._things.iterdir() if not path.name.startswith(".")]
                list(workers.map(lambda name: cleanup_things(cloud, self._things, names=[name]), names))
        try:
            if self._folder.exists():
                shutil.rmtree(self._folder)
        except OSError as error:
            raise OperatorError(f"cannot remove {self._folder}: {error.strerror}", "remove it by hand") from error


def _end(process: "subprocess.Popen[str]") -> None:
    """Ask the devices to end, by the end of their stdin, and kill them after a while."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
