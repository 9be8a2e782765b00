"""Devices to practise with: they take jobs as devices do, misbehave as asked, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fota_operator.errors import AlreadyThere, BadInput, LocalAwsFailed
from fota_operator.images.image import build_image
from fota_operator.jobs.progress import ExecutionStatus, job_status
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.local.devices import DeviceEvent, PractiseDevices, PractiseFleet

pytestmark = pytest.mark.e2e

WAIT_S = 90


@pytest.fixture(scope="module")
def practise_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    local = LocalAws(tmp_path_factory.mktemp("practise-aws"))
    local.up()
    yield local
    local.down()


@pytest.fixture
def nothing_left(practise_aws: LocalAws) -> Iterator[Callable[[], None]]:
    def check() -> None:
        cloud = practise_aws.cloud()
        assert cloud.iot.list_things()["things"] == []
        assert cloud.iot.list_certificates()["certificates"] == []
        assert not (practise_aws.folder / "devices").exists()
        assert programs_of(practise_aws) == []

    check()
    yield check
    check()


def programs_of(local: LocalAws) -> list[int]:
    """The processes that run devices of this local AWS."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if b"device_program" in line and str(local.folder).encode() in line:
            found.append(int(path.parent.name))
    return found


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def first(devices: PractiseDevices, wanted: Callable[[DeviceEvent], bool]) -> DeviceEvent:
    return next(event for event in devices.events(WAIT_S) if wanted(event))


def ended(devices: PractiseDevices) -> DeviceEvent:
    return first(devices, lambda event: event.event == "ended")


def offer(local: LocalAws, thing: str, folder: Path, version: str = "2") -> str:
    """Send a firmware, which no practise device could run, to a thing; the id of its job."""
    program = folder / f"program-{thing}-{version}"
    program.mkdir()
    (program / "__main__.py").write_text(f"raise SystemExit('{version}')\n")
    image = build_image(program, version, folder / f"{thing}-{version}.pyz")
    return start_job(local.cloud(), StartRequest(thing, image, local.bucket, local.role)).job_id


def execution(local: LocalAws, job_id: str) -> ExecutionStatus:
    return job_status(local.cloud(), job_id).executions[0]


@pytest.mark.usefixtures("nothing_left")
def test_a_good_device_takes_a_job_and_runs_its_version(practise_aws: LocalAws, tmp_path: Path) -> None:
    with PractiseDevices(practise_aws, PractiseFleet(1)) as devices:
        job_id = offer(practise_aws, "pump-1", tmp_path)
        event = ended(devices)
        assert (event.facts["status"], event.facts["version"]) == ("SUCCEEDED", "2")
        assert execution(practise_aws, job_id).status == "SUCCEEDED"


@pytest.mark.usefixtures("nothing_left")
def test_a_bad_device_fails_as_with_a_broken_image_and_refuses_it_later(
    practise_aws: LocalAws, tmp_path: Path
) -> None:
    with PractiseDevices(practise_aws, PractiseFleet(1, bad=1)) as devices:
        job_id = offer(practise_aws, "pump-1", tmp_path)
        assert ended(devices).facts["version"] == "factory"
        told = execution(practise_aws, job_id)
        assert (told.status, told.reason, told.details["cause"]) == ("FAILED", "rolled-back", "crashed")
        image = build_image(tmp_path / "program-pump-1-2", "2", tmp_path / "again.pyz")
        start_job(practise_aws.cloud(), StartRequest("pump-1", image, practise_aws.bucket, practise_aws.role))
        assert ended(devices).facts["reason"] == "known-bad"


@pytest.mark.usefixtures("nothing_left")
def test_a_deferring_device_puts_it_off_and_takes_it_then(practise_aws: LocalAws, tmp_path: Path) -> None:
    with PractiseDevices(practise_aws, PractiseFleet(1, deferring=1, defer_s=8)) as devices:
        job_id = offer(practise_aws, "pump-1", tmp_path)
        first(devices, lambda event: event.event == "deferred")
        until(lambda: job_status(practise_aws.cloud(), job_id).deferred is not None)
        assert ended(devices).facts["status"] == "SUCCEEDED"


@pytest.mark.usefixtures("nothing_left")
def test_a_silent_device_is_registered_and_says_nothing(practise_aws: LocalAws, tmp_path: Path) -> None:
    with PractiseDevices(practise_aws, PractiseFleet(2, silent=1)) as devices:
        assert list(devices.kinds.items()) == [("pump-1", "silent"), ("pump-2", "good")]
        first(devices, lambda event: event.event == "ready" and event.thing == "pump-2")
        job_id = offer(practise_aws, "pump-1", tmp_path)
        assert [event for event in devices.events(3) if event.thing == "pump-1"] == []
        assert execution(practise_aws, job_id).status == "QUEUED"


COMMAND = [sys.executable, "-m", "fota_operator.cli.main", "local", "devices", "--count", "2", "--folder"]


def run_until_there(local: LocalAws) -> "subprocess.Popen[str]":
    command = subprocess.Popen(
        [*COMMAND, str(local.folder)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert command.stderr is not None
    for line in command.stderr:
        if "are connected" in line:
            return command
    raise AssertionError("it ended before its devices were connected")


def test_ctrl_c_ends_them_in_order(practise_aws: LocalAws, nothing_left: Callable[[], None]) -> None:
    for _ in range(2):
        command = run_until_there(practise_aws)
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=WAIT_S)
        assert (command.returncode, "nothing of them is left" in said) == (0, True)
        nothing_left()


def test_what_a_killed_command_leaves_is_removed_by_the_next_one(
    practise_aws: LocalAws, nothing_left: Callable[[], None]
) -> None:
    command = run_until_there(practise_aws)
    command.kill()
    command.communicate()
    until(lambda: programs_of(practise_aws) == [])
    with PractiseDevices(practise_aws, PractiseFleet(1)):
        assert [one["thingName"] for one in practise_aws.cloud().iot.list_things()["things"]] == ["pump-1"]
    nothing_left()


@pytest.mark.usefixtures("nothing_left")
def test_devices_that_are_killed_are_told_and_removed(practise_aws: LocalAws) -> None:
    with PractiseDevices(practise_aws, PractiseFleet(1)) as devices:
        for pid in programs_of(practise_aws):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(LocalAwsFailed, match="ended by themselves"):
            list(devices.events(WAIT_S))


@pytest.mark.usefixtures("nothing_left")
def test_a_second_command_at_the_same_time_is_refused_and_harms_nothing(practise_aws: LocalAws) -> None:
    with PractiseDevices(practise_aws, PractiseFleet(1)) as devices:
        with pytest.raises(LocalAwsFailed, match="devices run already"):
            PractiseDevices(practise_aws, PractiseFleet(1)).__enter__()
        assert first(devices, lambda event: event.event == "ready").thing == "pump-1"


def test_a_thing_of_that_name_which_is_not_theirs_is_left_alone(practise_aws: LocalAws) -> None:
    cloud = practise_aws.cloud()
    cloud.iot.create_thing(thingName="pump-2")
    try:
        with pytest.raises(AlreadyThere, match=r"pump-2 is registered.*choose another name"):
            PractiseDevices(practise_aws, PractiseFleet(3)).__enter__()
        assert [one["thingName"] for one in cloud.iot.list_things()["things"]] == ["pump-2"]
        assert not (practise_aws.folder / "devices").exists()
    finally:
        cloud.iot.delete_thing(thingName="pump-2")


def test_without_a_local_aws_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalAwsFailed, match="fota local up"):
        PractiseDevices(LocalAws(tmp_path / "aws"), PractiseFleet(1)).__enter__()
    assert not (tmp_path / "aws").exists()


@pytest.mark.parametrize(
    ("fleet", "told"),
    [
        (PractiseFleet(0), "`count`: expected 1 to 500, got 0"),
        (PractiseFleet(501), "`count`: expected 1 to 500, got 501"),
        (PractiseFleet(3, bad=-1), "`bad`: expected 0 or more, got -1"),
        (PractiseFleet(3, silent=-1), "`silent`: expected 0 or more, got -1"),
        (PractiseFleet(3, bad=2, deferring=2), "expected at most `count`, 3, together, got 4"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(tmp_path: Path, fleet: PractiseFleet, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        PractiseDevices(LocalAws(tmp_path / "aws"), fleet)
