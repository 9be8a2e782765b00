"""Runs nginx on this machine, with TLS, to serve a folder: it takes the place of S3 where speed matters."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import peers
from bench.processes import ProcessFailed, running
from fota_operator.local.pki import ensure_server_certificate

_READY_WITHIN_S = 10.0
_CONF = """
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1;
  proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    root {folder}/files;
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A server that runs."""

    port: int
    ca: Path
    files: Path

    def url(self, name: str, port: int | None = None) -> str:
        """The URL of a file; through another port, if that is given."""
        return f"https://localhost:{port or self.port}/{name}"


@contextmanager
def serving(folder: Path) -> Iterator[Nginx]:
    """A server in `folder` that ends with the block. *Raises* PeerMissing, ProcessFailed."""
    command, port = peers.nginx(), _free_port()
    (folder / "files").mkdir(parents=True)
    ca = folder / "ca.pem"
    ensure_server_certificate(ca, folder / "server.pem", folder / "server.key")
    # Started by root, it would serve as another user, who may not read this folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_CONF.format(folder=folder, port=port, user=user))
    log = folder / "said.log"
    with running([command, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(log)], log):
        _await_port(port, log)
        yield Nginx(port, ca, folder / "files")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _await_port(port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise ProcessFailed(f"nginx does not listen:\n{log.read_text()}")
