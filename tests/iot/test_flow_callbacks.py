"""A callback of the program that raises, or that looks for jobs itself: the update goes on."""

import logging
import socket
from collections.abc import Callable

import pytest

from aws.iot import fota
from aws.iot.errors import NotConnected
from aws.iot.jobs import Job
from fota import boot_note, errors
from fota.boot_note import BootNote
from fota.progress import Progress
from fota_testing.flash.cells import MemoryCell
from tests.labs.device_lab import FACTORY, SECRET, DeviceLab
from tests.labs.raising import Unprintable, failing

IMAGE = bytes(range(256)) * 8
METHODS = sorted(name for name in dir(Progress) if not name.startswith("_"))

either_way = pytest.mark.parametrize("disconnect_mqtt", [True, False])


# A callback for progress.


class Faulty(Progress):
    """Raises in one method."""

    def __init__(self, method: str, error: BaseException) -> None:
        self.calls = 0

        def raising(*_: object) -> None:
            self.calls += 1
            raise error

        setattr(self, method, raising)


@either_way
@pytest.mark.parametrize("method", METHODS)
def test_a_progress_that_raises_is_no_fault_of_the_update(lab: DeviceLab, method: str, disconnect_mqtt: bool) -> None:
    lab.publish(IMAGE)
    lab.live(60, progress=Faulty(method, ValueError("odd")), disconnect_mqtt=disconnect_mqtt)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.confirmed_image == IMAGE


def test_a_progress_that_always_raises_is_logged_once_for_each_method(
    lab: DeviceLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    faulty = Faulty("downloading", Unprintable())
    lab.publish(IMAGE)
    lab.wake(progress=faulty)
    assert faulty.calls > 10
    assert [line for line in caplog.messages if line.startswith("progress-failed")] == [
        line
        for line in caplog.messages
        if "method=downloading problem=Unprintable at test_flow_callbacks.py:" in line
    ]
    assert caplog.text.count("progress-failed") == 1


def test_a_progress_that_is_no_progress_is_no_fault_of_the_update(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.live(60, progress=object())
    assert lab.status() == "SUCCEEDED"


def test_a_progress_that_raises_does_not_stop_an_update_by_hand(lab: DeviceLab) -> None:
    progress = Faulty("downloading", ValueError("odd"))
    assert fota.update(lab.direct_document(IMAGE), progress=progress, device=lab.device) is True


# A health check, and a job of the program.


@pytest.mark.parametrize("error", [NotConnected("no line"), errors.Busy("busy"), MemoryError()], ids=repr)
def test_a_health_check_that_could_not_be_made_is_made_again(lab: DeviceLab, error: Exception) -> None:
    lab.publish(IMAGE)
    lab.wake()
    lab.live(health_check=failing(error, 3, lambda: True))
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.boots == 1


class RequestFailed(OSError):
    """As `requests` has them: an OSError without a number, whose class Python does not know."""


def of_requests() -> RequestFailed:
    error = RequestFailed("no route to the server of the program")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return error


OFFLINE = [
    TimeoutError("timed out"),
    OSError(113, "No route to host"),
    socket.gaierror(-3, "try again"),
    of_requests(),
]


@pytest.fixture
def note(lab: DeviceLab, monkeypatch: pytest.MonkeyPatch) -> BootNote:
    """The note of the trial, as `fota-boot` hands it to an image."""
    note = BootNote(MemoryCell(), MemoryCell())
    monkeypatch.setattr(boot_note, "_begun", [note])
    monkeypatch.setattr(boot_note, "_told", [])
    lab.publish(IMAGE)
    lab.wake()
    return note


@pytest.mark.parametrize("error", OFFLINE, ids=repr)
def test_a_health_check_that_reaches_nobody_is_made_again_and_the_trial_counts_as_offline(
    lab: DeviceLab, note: BootNote, error: Exception
) -> None:
    lab.live(600, health_check=failing(error, 1_000, lambda: True))
    assert (lab.status(), lab.boots, note.is_offline()) == ("IN_PROGRESS", 1, True)
    lab.live(600, health_check=lambda: True)
    assert (lab.status(), note.is_offline()) == ("SUCCEEDED", False)


@pytest.mark.parametrize(
    "error",
    [OSError("the sensor is gone"), FileNotFoundError(2, "no pump"), OSError(121, "Remote I/O error")],
    ids=repr,
)
def test_an_error_of_another_kind_in_a_health_check_is_evidence(
    lab: DeviceLab, note: BootNote, error: Exception
) -> None:
    lab.wake(health_check=failing(error, 1, lambda: True))
    assert (lab.running_image, note.is_offline()) == (FACTORY, False)


def test_a_callback_whose_error_holds_a_url_does_not_bring_it_into_the_log(
    lab: DeviceLab, caplog: pytest.LogCaptureFixture
) -> None:
    def fetch(_job: Job) -> None:
        raise ConnectionError(f"cannot reach https://images.example/x?{SECRET}=5ec7e7")

    caplog.set_level(logging.INFO)
    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.wake(job_cbk=fetch)
    assert "ConnectionError at test_flow_callbacks.py:" in caplog.text
    assert "cannot reach https://images.example/x" in caplog.text
    assert SECRET not in caplog.text


def look_again(lab: DeviceLab) -> Callable[..., bool]:
    """A callback that looks for jobs itself."""

    def callback(*_: object) -> bool:
        fota.handle_fota_jobs(lab.jobs, force=True, device=lab.device)
        return True

    return callback


def test_a_callback_that_looks_for_jobs_itself_stops_nothing(lab: DeviceLab) -> None:
    progress = Progress()
    progress.downloading = look_again(lab)  # type: ignore[method-assign,assignment]
    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.publish(IMAGE)
    lab.live(60, job_cbk=look_again(lab), progress=progress)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_a_health_check_that_looks_for_jobs_itself_condemns_no_image(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    lab.live(600, health_check=look_again(lab))
    assert (lab.confirmed_image, lab.boots) == (FACTORY, 1)
    assert lab.status() == "IN_PROGRESS"
