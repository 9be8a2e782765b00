"""moto's server in the place of AWS for the operator: each command, and what comes of it there.

A row passes when the result is the one that the documentation tells, also where that is what moto lacks.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import boto3

from fota_operator.local.pki import ensure_server_certificate
from peers import halves, packages
from peers.place import free_port, listening

_REGION: Final = "eu-west-1"
_READY_WITHIN_S = 60.0
_WITHIN_S = 90.0
_OWN, _OURS = "mine", "fota-123456789012-eu-west-1"
"""A bucket of the account, and the one that `fota bootstrap` makes there."""

_NO_TAGS = "could not read the tags"
_ROLLOUT = ("--release", "lamp.fota", "--thing", "lamp-1", "--thing", "lamp-2", "--bucket", _OWN)


@dataclass(frozen=True)
class Row:
    """A command, its exit status, and words that it says. `JOB` in a command: the id of the job that was started."""

    title: str
    command: tuple[str, ...]
    status: int
    says: str


ROWS = (
    Row("bootstrap", ("bootstrap",), 0, "10 were made or changed"),
    Row("bootstrap again", ("bootstrap",), 0, "0 were made or changed"),
    Row("doctor", ("doctor",), 0, "0 in progress"),
    Row("things add", ("things", "add", "lamp-1", "lamp-2", "lamp-3"), 0, "lamp-3  added"),
    Row("start: refused, bucket of bootstrap", ("start", "lamp-1", "lamp.fota", _OURS, "fota-presign"), 1, "403"),
    Row("start, own bucket", ("start", "lamp-3", "lamp.fota", _OWN, "fota-presign"), 0, "gets it by this job"),
    Row("status", ("status", "JOB"), 0, "lamp-3  QUEUED"),
    Row("explain: no tags", ("explain", "JOB"), 1, _NO_TAGS),
    Row("cancel: executions stay QUEUED", ("cancel", "JOB"), 0, "lamp-3  QUEUED"),
    Row("rollout list, none", ("rollout", "list", "--bucket", _OWN), 0, "NAME"),
    Row("rollout plan", ("rollout", "plan", *_ROLLOUT), 0, "lamp 1.0.0 to 2 things"),
    Row("rollout run: no tags", ("rollout", "run", *_ROLLOUT, "--yes", "--once"), 1, _NO_TAGS),
    Row("rollout status: no tags", ("rollout", "status", "lamp-1-0-0", "--bucket", _OWN), 1, _NO_TAGS),
    Row("things cleanup", ("things", "cleanup", "lamp-1", "lamp-2"), 0, "lamp-2"),
)


class Operator:
    """The command `fota` with this AWS; `folder` has keys, a release and the folders of things."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._job = ""
        self._endpoint = f"https://localhost:{port}"
        self._environment = {
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_CA_BUNDLE": str(folder / "ca.pem"),
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": _REGION,
            "FOTA_DEVICE_ENDPOINT": "localhost:8883",
            "FOTA_DEVICE_CA": str(folder / "ca.pem"),
            "FOTA_KEYS": str(folder / "keys"),
            "FOTA_PASSPHRASE": "no secret at all",
            "PYTHONPATH": str(halves.ROOT / "src"),
            "COLUMNS": "200",
        }

    def prepare(self) -> None:
        """Make a release, and a bucket without the policy of `fota bootstrap`."""
        (self._folder / "source").mkdir()
        (self._folder / "source" / "__main__.py").write_text("print('hello')\n")
        signed = ("--product", "lamp", "--hardware", "rev-a")
        for command in (
            ("image", "build", "source", "--version", "1.0.0", "--out", "image.pyz"),
            ("keys", "new", "maker"),
            ("keys", "export", "maker", *signed),
            ("release", "create", "image.pyz", *signed, "--seq", "1", "--sign", "maker", "--out", "lamp.fota"),
        ):
            self._require(Row(command[0], command, 0, ""))
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        key, secret = (self._environment[name] for name in names)
        bucket = boto3.client(
            "s3",
            endpoint_url=self._endpoint,
            verify=self._environment["AWS_CA_BUNDLE"],
            region_name=_REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )
        bucket.create_bucket(Bucket=_OWN, CreateBucketConfiguration={"LocationConstraint": _REGION})
        bucket.put_bucket_versioning(Bucket=_OWN, VersioningConfiguration={"Status": "Enabled"})
        bucket.close()

    def play(self, row: Row) -> None:
        """Run the command. *Raises* AssertionError if something else came of it."""
        output = self._require(row)
        if row.command[0] == "start" and row.status == 0:
            self._job = output.split()[-1]

    def _require(self, row: Row) -> str:
        command = [self._job if word == "JOB" else word for word in row.command]
        done = subprocess.run(
            [sys.executable, "-m", "fota_operator", *command],
            cwd=self._folder,
            env={**os.environ, **self._environment},
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
        said = done.stderr + done.stdout
        if done.returncode != row.status or row.says not in said:
            raise AssertionError(
                f"expected status {row.status} and {row.says!r}, got {done.returncode}: {said.strip()[-400:]}"
            )
        return done.stdout


def checks(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each row, in order, against one server. *Raises* NotHere, ProcessFailed, AssertionError."""
    with _serving(folder) as operator:
        operator.prepare()
        for row in ROWS:
            yield row.title, partial(operator.play, row)


@contextmanager
def _serving(folder: Path) -> Iterator[Operator]:
    folder.mkdir(parents=True)
    server = [folder / name for name in ("ca.pem", "server.pem", "server.key")]
    ensure_server_certificate(*server)
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port), "-s"]
    command += ["-c", str(server[1]), "-k", str(server[2])]
    environment = {"PYTHONPATH": str(packages.folder("moto")), "MOTO_CALL_RESET_API": "false"}
    with listening(command, port, folder / "said.log", environment=environment, within_s=_READY_WITHIN_S):
        yield Operator(folder, port)
