"""nginx and Apache in the place of S3: the device's own download against them, over TLS, on both interpreters.

A relay stands between the two: it counts connections, and cuts them.
"""

import contextlib
import hashlib
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fota_operator.local.pki import ensure_server_certificate
from peers import halves, programs
from peers.place import free_port, listening
from peers.relay import Relay

_SIZE_BYTES = 3_000_000
_SMALL_BYTES = 500_000
_IN_THE_MIDDLE_BYTES = 1_000_000
_PIECE_BYTES = 65_536

_NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1;
  proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  default_type text/plain;
  gzip {gzip};
  gzip_types text/plain;
  gzip_http_version 1.0;
  limit_rate {rate}k;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    root {folder}/files;
    {ranges}
  }}
}}
"""
_APACHE = """
ServerName localhost
ServerRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
{loads}
Listen 127.0.0.1:{port}
KeepAlive On
DocumentRoot {folder}/files
{ranges}
SSLEngine on
SSLCertificateFile {folder}/server.pem
SSLCertificateKeyFile {folder}/server.key
<Location "/">
  ForceType text/plain
  SetOutputFilter {filters}
  SetEnv rate-limit {rate}
</Location>
"""
_MODULES = ("mpm_event", "authz_core", "ssl", "filter", "deflate", "ratelimit", "env", "socache_shmcb")


class Objects:
    """One server with objects in a folder of its own, and a relay in front of it."""

    def __init__(self, name: str, folder: Path, *, authority: "Path | None" = None) -> None:
        """`authority`: a folder that has `ca.pem`, `server.pem` and `server.key` for it already."""
        self.folder, self.relay = folder, Relay(port := free_port())
        self._name, self._port = name, port
        self.most_kb_per_s = 8_000
        """How fast the server sends; read when it is started."""
        self._command = programs.program(name)
        (folder / "files").mkdir(parents=True)
        files = [folder / name for name in ("ca.pem", "server.pem", "server.key")]
        if authority is not None:
            for path in files:
                shutil.copy(authority / path.name, path)
        ensure_server_certificate(*files)
        text = random.Random(7).randbytes(_SIZE_BYTES // 2).hex().encode()[:_SIZE_BYTES]
        self.put("image", text)
        self.put("small", text[:_SMALL_BYTES])

    def put(self, name: str, content: bytes) -> None:
        """Serve an object that was written an hour ago."""
        path = self.folder / "files" / name
        path.write_bytes(content)
        # Apache's ETag of a file younger than a second is a weak one, which joins no ranges.
        an_hour_ago_s = time.time() - 3_600
        os.utime(path, (an_hour_ago_s, an_hour_ago_s))

    def url(self, name: str = "image") -> str:
        """Where the object is, behind the relay."""
        return f"https://localhost:{self.relay.port}/{name}"

    def start(self, *, gzip: bool = False, ranges: bool = True) -> contextlib.AbstractContextManager[None]:
        """The server. With `gzip` it compresses for those who take it; without `ranges` it refuses them."""
        conf, folder = self.folder / "conf", self.folder
        if self._name == "nginx":
            # Started by root, it would serve as another user, who may not read this folder.
            user = "user root;" if os.geteuid() == 0 else ""
            content = _NGINX.format(
                folder=folder,
                port=self._port,
                user=user,
                gzip="on" if gzip else "off",
                ranges="" if ranges else "max_ranges 0;",
                rate=self.most_kb_per_s,
            )
            command = [self._command, "-p", str(folder), "-c", str(conf), "-e", str(folder / "error.log")]
        else:
            content = _APACHE.format(
                folder=folder,
                port=self._port,
                loads="\n".join(
                    f"LoadModule {name}_module {programs.modules_of_apache()}/mod_{name}.so" for name in _MODULES
                ),
                filters="DEFLATE;RATE_LIMIT" if gzip else "RATE_LIMIT",
                ranges="" if ranges else "MaxRanges none",
                rate=self.most_kb_per_s,
            )
            command = [self._command, "-DFOREGROUND", "-f", str(conf)]
        conf.write_text(content)
        return listening(command, self._port, folder / "said.log")

    @contextlib.contextmanager
    def serving(self, *, gzip: bool = False, ranges: bool = True) -> Iterator[None]:
        """The server and the relay."""
        with self.start(gzip=gzip, ranges=ranges), self.relay.running():
            yield

    def download(self, half: str, name: str = "image", *, times: int = 1) -> dict[str, int]:
        """Download the object as a device does, `times` times with one client; what the last one took.

        *Raises* ProcessFailed, NotHere, AssertionError.
        """
        content = (self.folder / "files" / name).read_bytes()
        downloads = self._fetched(half, name, size=len(content), times=times)["downloads"]
        if self.relay.problem is not None:
            raise self.relay.problem
        if any(one["sha256"] != hashlib.sha256(content).hexdigest() for one in downloads):
            raise AssertionError("other bytes arrived than the server holds")
        found: dict[str, int] = downloads[-1]
        return found

    def gets(self, half: str, *headers: dict[str, str]) -> list[dict[str, Any]]:
        """The answers to requests of one client, one after the other; each body is read to its end."""
        answers: list[dict[str, Any]] = self._fetched(half, "image", gets=headers)["answers"]
        return answers

    def _fetched(self, half: str, name: str, **settings: object) -> dict[str, Any]:
        return halves.fetched(half, {"url": self.url(name), "cacert": str(self.folder / "ca.pem"), **settings})


def whole(objects: Objects, half: str) -> None:
    """The object arrives, twice in a row."""
    with objects.serving():
        objects.download(half, times=2)


def restarted(objects: Objects, half: str) -> None:
    """The server ends in the middle and comes back: the download goes on where it was."""
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second, objects.relay.running():
        first.enter_context(objects.start())

        def restart() -> None:
            first.close()
            second.enter_context(objects.start())

        objects.relay.act_at(_IN_THE_MIDDLE_BYTES, restart)
        _require_went_on(objects.download(half), least=1)


def compressing(objects: Objects, half: str) -> None:
    """A server that compresses for those who take it sends the device the plain bytes."""
    with objects.serving(gzip=True):
        objects.download(half)


def cut_often(objects: Objects, half: str) -> None:
    """Every connection ends after 64 KiB: the download goes on where it was, each time."""
    with objects.serving():
        objects.relay.cut_after_bytes = _PIECE_BYTES
        _require_went_on(objects.download(half, "small"), least=_SMALL_BYTES // _PIECE_BYTES)


def refusing_ranges(objects: Objects, half: str) -> None:
    """A connection breaks, and the server takes no ranges: the download begins again, once, and arrives."""
    with objects.serving(ranges=False):
        objects.relay.act_at(_IN_THE_MIDDLE_BYTES, objects.relay.cut)
        found = objects.download(half)
        if (found["retries"], found["restarts"]) != (1, 1):
            raise AssertionError(f"expected one retry, from the beginning: {found}")


def ranges(objects: Objects, half: str) -> None:
    """A range is served with If-Range as long as the object is the same, and the whole object after that."""
    with objects.serving():
        etag = objects.gets(half, {})[0]["etag"]
        if etag is None:
            raise AssertionError("no ETag")
        asked = {"Range": "bytes=1000-", "If-Range": etag}
        (same,) = objects.gets(half, asked)
        if (same["status"], same["content_range"]) != (206, f"bytes 1000-{_SIZE_BYTES - 1}/{_SIZE_BYTES}"):
            raise AssertionError(f"a range was answered with {same}")
        # Another object of another size, and a later time of writing.
        (objects.folder / "files" / "image").write_bytes(bytes(_SIZE_BYTES + 1))
        (other,) = objects.gets(half, asked)
        if other["status"] != 200:
            raise AssertionError(f"a range of another object was answered with {other}")


def kept_connection(objects: Objects, half: str) -> None:
    """Three ranges in a row. CPython asks on one connection; MicroPython asks to close each, and pays for three."""
    with objects.serving():
        wanted = [(0, 99), (100, 999), (_SIZE_BYTES - 50, _SIZE_BYTES - 1)]
        answers = objects.gets(half, *({"Range": f"bytes={first}-{last}"} for first, last in wanted))
        found = [(one["status"], one["content_range"], one["bytes"]) for one in answers]
        expected = [(206, f"bytes {first}-{last}/{_SIZE_BYTES}", last - first + 1) for first, last in wanted]
        if found != expected:
            raise AssertionError(f"expected {expected}, got {found}")
        connections = 1 if half == halves.CPYTHON else len(wanted)
        if objects.relay.connections != connections:
            raise AssertionError(f"expected {connections} connections, got {objects.relay.connections}")


CHECKS: dict[str, Callable[[Objects, str], None]] = {
    "two whole downloads": whole,
    "server restarted in mid-download": restarted,
    "compression switched on": compressing,
    "connection cut at each 64 KiB": cut_often,
    "ranges refused": refusing_ranges,
    "ranges, ETag, If-Range": ranges,
    "connection kept between ranges": kept_connection,
}


def _require_went_on(found: dict[str, int], *, least: int) -> None:
    """*Raises* AssertionError unless it was tried again, so often at least, and never from the beginning."""
    if found["retries"] < least:
        raise AssertionError(f"expected {least} retries, got {found['retries']}")
    if found["restarts"]:
        raise AssertionError("the download began again, although the server takes ranges")
