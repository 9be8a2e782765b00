"""Runs an AWS on this machine: MiniStack, with TLS on both its listeners and policies enforced, ready to use.

All its state is in one folder. It acts as account 000000000000 in us-east-1.
It listens on 127.0.0.1, and for devices that come by another name of this machine on that one too.
Leaves to others: the process (`process`), what comes through which address (`ministack`), certificates (`pki`),
bucket and role (`setup`).
"""

import fcntl
import importlib.util
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fota_operator.cloud import Access, Cloud, connect
from fota_operator.errors import IN_THE_CLONE, BadInput, LocalAwsFailed
from fota_operator.local import server as local_server
from fota_operator.local.pki import ensure_server_certificate
from fota_operator.local.process import is_running, stop_process
from fota_operator.local.server import Host, Ports, RunningServer, ServerFiles
from fota_operator.local.setup import ensure_bucket_and_role
from fota_operator.things.things import ThingOptions

DEFAULT_FOLDER = Path(".fota-local")
BUCKET = "fota-images"
ROLE = "fota-presign"
REGION = "us-east-1"
# MiniStack's credentials of its root user. They protect nothing: only this machine can reach that listener.
_ROOT = "test"


@dataclass(frozen=True)
class LocalStatus:
    """The status of the local AWS; the addresses are those of the last start."""

    running: bool
    folder: Path
    pid: int | None
    gateway_url: str | None
    device_endpoint: str | None
    host: str | None
    """The name by which devices reach it over the network; None if only this machine does."""
    ca_bundle: Path
    bucket: str
    role: str
    log: Path


class LocalAws:
    """The local AWS of one folder, whether or not it runs, and no matter who started it."""

    bucket = BUCKET
    role = ROLE

    def __init__(self, folder: Path = DEFAULT_FOLDER) -> None:
        self.folder: Path = folder.resolve()
        self.ca_bundle: Path = self.folder / "bundle.pem"
        self.log: Path = self.folder / "ministack.log"
        self.ca_renewed: bool = False
        """Whether the last `up` put another CA in the place of the one that devices were given."""

    def up(
        self,
        *,
        gateway_port: int | None = None,
        device_port: int | None = None,
        host: str | None = None,
        timeout_s: float = 60.0,
    ) -> LocalStatus:
        """Start it, unless it runs, and return when it is ready, with bucket and role made.

        A port that is not given is that of the last start, or else a free one. `host`: a name or an IPv4 address of
        this machine by which devices reach it from outside, for their MQTT and their downloads; without it, it is
        for this machine alone. If it runs, but its `up` was interrupted, this makes it ready.
        *Raises* LocalAwsFailed, also for a port in use; BadInput if it runs on other ports or for another host than
        asked for, and for a host that is not this machine.
        """
        if importlib.util.find_spec("ministack") is None:
            raise LocalAwsFailed("MiniStack is not installed", f"run, {IN_THE_CLONE}: pip install '.[local]'")
        with self._locked():
            running = self._running()
            if running is None:
                self._start(Ports(gateway_port, device_port), Host.named(host), timeout_s)
            else:
                _require_the_same(running, gateway_port, device_port, host)
                self._make_ready(running, timeout_s)
        return self.status()

    def down(self, *, timeout_s: float = 40.0) -> bool:
        """Stop it; returns whether it ran. Its state is then on disk, and is loaded by the next `up`.

        *Raises* LocalAwsFailed if it had to be killed: then everything that happened since `up` is lost.
        """
        if not self.folder.is_dir():
            return False
        with self._locked():
            running = self._running()
            if running is None:
                return False
            if not stop_process(running.process, timeout_s):
                raise LocalAwsFailed(
                    f"it did not end within {timeout_s:g} s and was killed", f"see {self.log} for why"
                )
        return True

    def status(self) -> LocalStatus:
        """Its status. This sends it no request."""
        last = local_server.read_running(self.folder)
        running = last is not None and is_running(last.process)
        return LocalStatus(
            running=running,
            folder=self.folder,
            pid=last.process.pid if last is not None and running else None,
            gateway_url=None if last is None else last.gateway_url,
            device_endpoint=None if last is None else last.device_endpoint,
            host=None if last is None else last.host,
            ca_bundle=self.ca_bundle,
            bucket=BUCKET,
            role=ROLE,
            log=self.log,
        )

    def environment(self) -> dict[str, str]:
        """What to set so that boto3, the AWS command line and `fota` use it. *Raises* LocalAwsFailed."""
        running = self._required()
        return {
            "AWS_ENDPOINT_URL": running.gateway_url,
            "AWS_CA_BUNDLE": str(self.ca_bundle),
            "AWS_ACCESS_KEY_ID": _ROOT,
            "AWS_SECRET_ACCESS_KEY": _ROOT,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "SSL_CERT_FILE": str(self.ca_bundle),
            "FOTA_DEVICE_ENDPOINT": running.device_endpoint,
            "FOTA_DEVICE_CA": str(self.ca_bundle),
        }

    def cloud(self) -> Cloud:
        """The local AWS as a `Cloud`, for the rest of this package. *Raises* LocalAwsFailed."""
        return _cloud(self._required().gateway_url, self.ca_bundle)

    def thing_options(self, allow_publish: tuple[str, ...] = ()) -> ThingOptions:
        """How to make things that connect to it. *Raises* LocalAwsFailed."""
        endpoint = self._required().device_endpoint
        return ThingOptions(endpoint=endpoint, cacert=self.ca_bundle, allow_publish=allow_publish)

    def _start(self, asked: Ports, host: Host, timeout_s: float) -> None:
        files = self._files()
        names = () if host.name is None else (host.name, *host.addresses)
        self.ca_renewed = ensure_server_certificate(files.ca, files.certificate, files.key, names=names)
        last = local_server.read_running(self.folder)
        preferred = Ports(last.gateway_port, last.device_port) if last is not None else Ports()
        running = local_server.start(files, asked, preferred, host, timeout_s)
        try:
            self._make_ready(running, timeout_s)
        except BaseException:
            stop_process(running.process, timeout_s)
            raise

    def _make_ready(self, running: RunningServer, timeout_s: float) -> None:
        files = self._files()
        local_server.wait_until_ready(running, files, time.monotonic() + timeout_s)
        self.ca_bundle.write_bytes(files.ca.read_bytes() + local_server.device_ca(running, files.ca))
        ensure_bucket_and_role(_cloud(running.gateway_url, self.ca_bundle), bucket=BUCKET, role=ROLE)

    def _files(self) -> ServerFiles:
        ca, certificate, key = (self.folder / name for name in ("ca.pem", "server.pem", "server.key"))
        return ServerFiles(self.folder, ca, certificate, key, self.log)

    def _running(self) -> RunningServer | None:
        last = local_server.read_running(self.folder)
        return last if last is not None and is_running(last.process) else None

    def _required(self) -> RunningServer:
        running = self._running()
        if running is None:
            raise LocalAwsFailed(f"no local AWS runs in {self.folder}", "start it with `fota local up`")
        return running

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Allow one `up` or `down` at a time. *Raises* LocalAwsFailed, also if the block cannot write the folder."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LocalAwsFailed(f"cannot use {self.folder}: {error.strerror}", "choose another folder") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LocalAwsFailed(
                    f"another command is starting or stopping the local AWS of {self.folder}",
                    "wait until it is done",
                ) from error
            yield
        except OSError as error:
            raise LocalAwsFailed(
                f"cannot use {self.folder}: {error.filename or ''}: {error.strerror}",
                "make room, or choose another folder",
            ) from error
        finally:
            os.close(descriptor)


def _require_the_same(
    running: RunningServer, gateway_port: int | None, device_port: int | None, host: str | None
) -> None:
    remedy = "stop it first with `fota local down`"
    asked = (gateway_port or running.gateway_port, device_port or running.device_port)
    if asked != (running.gateway_port, running.device_port):
        raise BadInput(f"it runs already, on ports {running.gateway_port} and {running.device_port}", remedy)
    if (host or running.host) != running.host:
        runs_for = "this machine alone" if running.host is None else f"the host {running.host}"
        raise BadInput(f"`host`: it runs already, for {runs_for}, not for {host}", remedy)


def _cloud(gateway_url: str, ca_bundle: Path) -> Cloud:
    return connect(
        Access(
            endpoint_url=gateway_url,
            ca_bundle=str(ca_bundle),
            region=REGION,
            access_key_id=_ROOT,
            secret_access_key=_ROOT,
        )
    )
