"""Starts a peer's server and waits until it listens."""

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.processes import ProcessFailed, running
from peers import programs

_READY_WITHIN_S = 10.0


def free_port() -> int:
    """A port of this machine where nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def listening(
    command: Sequence[str],
    port: int,
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    within_s: float = _READY_WITHIN_S,
) -> Iterator[None]:
    """A server that accepts connections while the block runs. *Raises* ProcessFailed."""
    with running(command, log, {**programs.environment(), **(environment or {})}) as process:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1.0).close()
            except OSError:
                time.sleep(0.02)
            else:
                break
        else:
            raise ProcessFailed(f"{Path(command[0]).name} does not listen:\n{log.read_text()[-500:]}")
        yield
