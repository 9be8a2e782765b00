"""Wheels that the tests make, an index of packages that asks for a password, and a pip that knows nothing else."""

import base64
import platform
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

USER, PASSWORD = "reader", "pa55word-of-the-index"
HERE = platform.machine()
OTHER = "aarch64" if HERE == "x86_64" else "x86_64"
PLAIN_PIP = {
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": "",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_CONSTRAINT": "",
    "PIP_NO_CACHE_DIR": "1",
}
"""The settings of a pip that takes only what it is given."""


def wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    files: Mapping[str, bytes] | None = None,
    needs: Sequence[str] = (),
    executable: Sequence[str] = (),
) -> Path:
    """A wheel with a module of its name, or with these files, in a folder."""
    folder.mkdir(exist_ok=True)
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    metadata = [
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        *(f"Requires-Dist: {n}\n" for n in needs),
    ]
    contents = {
        **({f"{stem}.py": f"VERSION = {version!r}\n".encode()} if files is None else files),
        f"{info}/METADATA": "".join(metadata).encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: {str('any' in tag).lower()}\nTag: {tag}\n".encode(),
        f"{info}/RECORD": b"",
    }
    path = folder / f"{stem}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, content in contents.items():
            member = zipfile.ZipInfo(inner)
            member.external_attr = (0o100755 if inner in executable else 0o100644) << 16
            archive.writestr(member, content)
    return path


def own_library(folder: Path, *, needs: Sequence[str] = ()) -> Path:
    """A wheel with the name of this library: what a bundle must hold."""
    files = {"fota/__init__.py": b"", "aws/iot/fota.py": b"def confirm(): ...\n"}
    return wheel(folder, "aws-iot-fota", "0.1.0", files=files, needs=needs)


def machine_code(machine: str = HERE) -> bytes:
    """A real program of this machine; for another machine, its header says so."""
    content = bytearray(Path(sys.executable).resolve().read_bytes())
    if machine != HERE:
        content[18:20] = {"aarch64": 183, "x86_64": 62}[machine].to_bytes(2, "little")
    return bytes(content)


class _Handler(BaseHTTPRequestHandler):
    folder: ClassVar[Path]
    asked: ClassVar[list[str]]

    def do_GET(self) -> None:
        """Answer as a simple repository (PEP 503), if the password is right; files are given to anyone."""
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != expected and not self.path.startswith("/files/"):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="wheels"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.asked.append(self.path)
        content, kind = self._answer()
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self) -> tuple[bytes, str]:
        parts = self.path.strip("/").split("/")
        if parts[0] == "simple":
            names = [path.name for path in sorted(self.folder.glob("*.whl"))]
            fit = [name for name in names if name.split("-")[0].replace("_", "-") == parts[1]]
            return "".join(f'<a href="/files/{name}">{name}</a>' for name in fit).encode(), "text/html"
        path = self.folder / parts[-1]
        return (path.read_bytes() if path.exists() else b""), "application/octet-stream"

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def index_of(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """An index of the wheels in a folder: its URL with the password, and the paths that were asked for."""
    asked: list[str] = []
    handler = type("Handler", (_Handler,), {"folder": folder, "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://{USER}:{PASSWORD}@127.0.0.1:{server.server_port}/simple", asked
        finally:
            server.shutdown()
            thread.join()
