"""A gateway whose image brings numpy and pydantic along, on a machine that has neither; wheels come from PyPI."""

import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from fota_operator.demo.device import DeviceProcess, provision
from fota_operator.images.bundle import BundlePlan, build_bundle
from fota_operator.images.image import Image
from fota_operator.images.wheels import Dependencies
from fota_operator.jobs.progress import ExecutionStatus, watch_job
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from tests.labs.process_lab import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

OLD, NEW = "2.2", "2.3"
"""The versions of numpy that the first and the second image hold."""
SLOT_SIZE_BYTES = 192 << 20
TIMEOUT_S = 120.0


def done(*words: "str | Path") -> str:
    """What a command wrote to stdout. Fails with what it said if it failed, for want of a network too."""
    ran = subprocess.run(list(map(str, words)), capture_output=True, text=True, env=without_ours())
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def without_ours() -> dict[str, str]:
    """The environment of a machine on which only what is installed can be imported."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of this library, as docs/how-to/dependencies.md makes it."""
    folder = tmp_path_factory.mktemp("wheels")
    done(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, REPOSITORY)
    return folder


@pytest.fixture(scope="module")
def gateway_python(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a gateway: with this library as a device needs it, without numpy and pydantic."""
    folder = tmp_path_factory.mktemp("gateway")
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    done(python, "-m", "pip", "install", "--quiet", *wheels.glob("*.whl"))
    for absent in ("numpy", "pydantic"):
        assert subprocess.run([python, "-c", f"import {absent}"], capture_output=True).returncode == 1
    return python


@dataclass
class Gateway:
    """A thing, its home, and images for it."""

    local: LocalAws
    folder: Path
    wheels: Path
    python: Path

    def __post_init__(self) -> None:
        self.thing = f"bundle-{uuid4().hex[:8]}"
        self.cloud = self.local.cloud()
        (added,) = add_things(self.cloud, [self.thing], self.folder / "things", self.local.thing_options())
        self.credentials = added.folder

    def build(self, version: str, numpy: str, *, crashes: bool = False) -> tuple[Image, Path]:
        """The example's program, which also needs this numpy, as a bundle for this machine."""
        source = self.folder / f"source-{version}"
        shutil.copytree(REPOSITORY / "examples/bundle", source, ignore=shutil.ignore_patterns("__pycache__"))
        main = source / "__main__.py"
        text = main.read_text()
        for old, new in (
            ("import pydantic\n", "import numpy\nimport pydantic\n"),
            ("with pydantic {", "with numpy {numpy.__version__}, sum {numpy.arange(5).sum()}, pydantic {"),
            ("def main() -> None:\n", f"def main() -> None:\n    assert {not crashes}, 'a bug'\n"),
        ):
            assert old in text
            text = text.replace(old, new)
        main.write_text(text)
        with (source / "requirements.txt").open("a") as requirements:
            requirements.write(f"numpy=={numpy}.*\n")
        out = self.folder / f"gateway-{version}.bundle"
        plan = BundlePlan(dependencies=Dependencies((source / "requirements.txt",), (self.wheels,)))
        return build_bundle(source, version, out, plan), out

    def provision(self, factory: Path) -> None:
        provision(self.home, factory, slot_size_bytes=SLOT_SIZE_BYTES, python=str(self.python))

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def device(self) -> DeviceProcess:
        return DeviceProcess(
            self.home,
            [str(self.credentials)],
            environment={"SSL_CERT_FILE": str(self.local.ca_bundle), "PYTHONPATH": ""},
            options=("--deadline", "60"),
            python=str(self.python),
        )

    def offered(self, image: Image) -> ExecutionStatus:
        """How the job with this image ends."""
        request = StartRequest(thing=self.thing, image=image, bucket=self.local.bucket, role=self.local.role)
        job = start_job(self.cloud, request).job_id
        return list(watch_job(self.cloud, job, interval_s=0.5, timeout_s=TIMEOUT_S))[-1].executions[0]


@pytest.fixture
def gateway(local_aws: LocalAws, tmp_path: Path, wheels: Path, gateway_python: Path) -> Gateway:
    return Gateway(local_aws, tmp_path, wheels, gateway_python)


def test_a_gateway_is_updated_with_its_packages_and_comes_back_from_a_version_that_crashes(
    gateway: Gateway,
) -> None:
    _, factory = gateway.build("1", OLD)
    second, _ = gateway.build("2", NEW)
    third, _ = gateway.build("3", NEW, crashes=True)
    gateway.provision(factory)
    with gateway.device() as device:
        first = device.wait_for("version 1 is at work", timeout_s=TIMEOUT_S)
        assert re.search(rf"with numpy {re.escape(OLD)}\.\d+, sum 10, pydantic 2\.", first)
        updated = gateway.offered(second)
        new = device.wait_for("version 2 is at work", timeout_s=TIMEOUT_S)
        assert re.search(rf"with numpy {re.escape(NEW)}\.\d+, sum 10, pydantic 2\.", new)
        since = len(device.lines)
        broken = gateway.offered(third)
        back = device.wait_for("version 2 is at work", since=since, timeout_s=TIMEOUT_S)
        assert f"numpy {NEW}." in back
    assert updated.status == "SUCCEEDED"
    assert (broken.status, broken.reason, broken.details["cause"]) == ("FAILED", "rolled-back", "crashed")
