"""The MiniStack process: its settings and ports, when it is ready, and the file that records where it runs.

Leaves to others: whether it should run (`aws`), and what is in it (`setup`).
"""

import json
import os
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from fota_operator.errors import BadInput, LocalAwsFailed
from fota_operator.local.host import LOOPBACK, addresses_of
from fota_operator.local.process import ServerProcess, is_running, start_process, stop_process

SERVICES = "iot,iot-data,iot-jobs-data,s3,iam,sts,kms,sns,sqs"
_NOTE = "running.json"
_TRIES = 3
_POLL_S = 0.05
_REQUEST_TIMEOUT_S = 5.0
# One request per connection: an idle connection of a client would hold up the end of the process,
# and with it the saving of the state, until that client goes away.
_CONNECTIONS = {"keep_alive_timeout": 5, "keep_alive_max_requests": 1}
_MAX_PORT = 65_535
_MAX_CA_BYTES = 65_536


@dataclass(frozen=True)
class Ports:
    """Where to listen; None means any free port."""

    gateway: int | None = None
    device: int | None = None


@dataclass(frozen=True)
class Host:
    """The name by which devices reach it from outside; without one, only this machine does."""

    name: str | None = None
    addresses: tuple[str, ...] = ()

    @staticmethod
    def named(name: str | None) -> "Host":
        """*Raises* BadInput for what is no name or address of this machine."""
        return Host() if name is None else Host(name, addresses_of(name))

    @property
    def doors(self) -> list[str]:
        """The addresses on which it listens."""
        return list(dict.fromkeys((LOOPBACK, *self.addresses)))


@dataclass(frozen=True)
class ServerFiles:
    """What the process reads and writes."""

    folder: Path
    ca: Path
    certificate: Path
    key: Path
    log: Path


@dataclass(frozen=True)
class RunningServer:
    """A process that was started, and where it listens."""

    process: ServerProcess
    gateway_port: int
    device_port: int
    host: str | None = None

    @property
    def gateway_url(self) -> str:
        """Where boto3 finds it."""
        return f"https://localhost:{self.gateway_port}"

    @property
    def device_endpoint(self) -> str:
        """Where devices find it."""
        return f"{self.host or 'localhost'}:{self.device_port}"


class _PortTaken(Exception):
    """Another process took a port between our check and the start of MiniStack."""


def start(files: ServerFiles, asked: Ports, preferred: Ports, host: Host, timeout_s: float) -> RunningServer:
    """Start it and return when it is ready. *Raises* LocalAwsFailed, BadInput."""
    deadline = time.monotonic() + timeout_s
    for port, field in ((asked.gateway, "gateway_port"), (asked.device, "device_port")):
        if port is not None:
            _require_free(port, field)
    if asked.gateway is not None and asked.gateway == asked.device:
        raise BadInput(
            f"`device_port`: expected another than `gateway_port`, got {asked.device} for both", "choose two"
        )
    for _ in range(_TRIES):
        gateway_port = asked.gateway or _free_port(preferred.gateway)
        device_port = asked.device or _free_port(preferred.device)
        try:
            return _start(files, Ports(gateway_port, device_port), host, deadline)
        except _PortTaken:
            preferred = Ports()
    raise LocalAwsFailed("its ports were taken by others, again and again", f"see {files.log}")


def read_running(folder: Path) -> RunningServer | None:
    """The process that was started last in this folder, whether or not it still runs."""
    try:
        note = json.loads((folder / _NOTE).read_bytes())
        return RunningServer(
            ServerProcess(int(note["pid"]), int(note["started_ticks"])),
            int(note["gateway_port"]),
            int(note["device_port"]),
            None if note.get("host") is None else str(note["host"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def device_ca(running: RunningServer, gateway_ca: Path) -> bytes:
    """The certificate, as PEM, of the CA behind the listener for devices. *Raises* LocalAwsFailed."""
    try:
        return _get(running.gateway_url + "/_ministack/iot/ca.pem", gateway_ca)
    except OSError as error:
        raise LocalAwsFailed(f"it does not tell its CA ({error})", "start it again") from error


def _start(files: ServerFiles, ports: Ports, host: Host, deadline: float) -> RunningServer:
    gateway_port, device_port = ports.gateway or 0, ports.device or 0
    (files.folder / "scratch").mkdir(mode=0o700, exist_ok=True)
    config = files.folder / "server.toml"
    config.write_text(_server_config(files, gateway_port, host))
    command = [sys.executable, "-m", "fota_operator.local.ministack", str(config), *host.doors]
    process = start_process(command, _environment(files, gateway_port, device_port, host), files.log)
    running = RunningServer(process, gateway_port, device_port, host.name)
    try:
        _write_note(files.folder, running)
        wait_until_ready(running, files, deadline)
    except BaseException:
        stop_process(process, _REQUEST_TIMEOUT_S)
        raise
    return running


def _server_config(files: ServerFiles, gateway_port: int, host: Host) -> str:
    settings: dict[str, object] = {
        "bind": [f"{address}:{gateway_port}" for address in host.doors],
        "certfile": str(files.certificate),
        "keyfile": str(files.key),
        "graceful_timeout": 1,
        **_CONNECTIONS,
    }
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())


def _environment(files: ServerFiles, gateway_port: int, device_port: int, host: Host) -> dict[str, str]:
    # Without the operator's AWS settings: MiniStack would take their access key for that of its root user.
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    return inherited | {
        "GATEWAY_PORT": str(gateway_port),
        "IOT_MTLS_PORT": str(device_port),
        "BIND_HOST": LOOPBACK,
        # The certificate of its listener for devices is made for this name too.
        "MINISTACK_HOST": host.name or "localhost",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(files.certificate),
        "MINISTACK_SSL_KEY": str(files.key),
        "AUTH": "true",
        "SFTP_ENABLED": "0",
        "SERVICES": SERVICES,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(files.folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(files.folder / "s3"),
        "TMPDIR": str(files.folder / "scratch"),
    }


def wait_until_ready(running: RunningServer, files: ServerFiles, deadline: float) -> None:
    """Return when it is ready; `deadline` by the monotonic clock. *Raises* LocalAwsFailed."""
    url = running.gateway_url + "/_ministack/ready"
    while time.monotonic() < deadline:
        if not is_running(running.process):
            raise _why_it_ended(files)
        try:
            answer = json.loads(_get(url, files.ca))
        except (OSError, ValueError):
            # Not there yet, or not ready (503).
            time.sleep(_POLL_S)
            continue
        if not isinstance(answer, dict) or answer.get("iot_mtls") != "listening":
            raise _PortTaken
        return
    raise LocalAwsFailed("it was not ready in time", f"see {files.log}")


def _why_it_ended(files: ServerFiles) -> Exception:
    tail = files.log.read_bytes()[-4000:].decode(errors="replace")
    if "address already in use" in tail.lower():
        return _PortTaken()
    last_line = (tail.strip().splitlines() or [""])[-1]
    return LocalAwsFailed(f"it ended before it was ready: {last_line}", f"see {files.log}")


def _get(url: str, ca: Path) -> bytes:
    context = ssl.create_default_context(cafile=str(ca))
    # Without a proxy: it is on this machine, and the environment's proxy is for other hosts.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    with opener.open(url, timeout=_REQUEST_TIMEOUT_S) as answer:
        content: bytes = answer.read(_MAX_CA_BYTES)
    return content


def _write_note(folder: Path, running: RunningServer) -> None:
    beside = folder / f".{_NOTE}.part"
    beside.write_text(
        json.dumps(
            {
                "pid": running.process.pid,
                "started_ticks": running.process.started_ticks,
                "gateway_port": running.gateway_port,
                "device_port": running.device_port,
                "host": running.host,
            }
        )
    )
    beside.replace(folder / _NOTE)


def _require_free(port: int, field: str) -> None:
    if not 0 < port <= _MAX_PORT:
        raise BadInput(f"`{field}`: expected 1 to {_MAX_PORT}, got {port}", "choose one in that range")
    if not _is_free(port):
        raise LocalAwsFailed(f"port {port} is in use", f"choose another with `{field}`, or leave it out")


def _free_port(preferred: int | None) -> int:
    if preferred is not None and _is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As a server does: closed connections that still linger must not make the port count as used.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
