"""An error that nobody expected: the connection comes back, the job gets its status, and the loop goes on."""

import logging

import pytest

from aws.iot import fota
from aws.iot.jobs import MAX_SHORTAGES
from fota import errors
from fota.log import SHORT
from tests.labs.device_lab import FACTORY, SECRET, DeviceLab
from tests.labs.raising import Unprintable, failing

IMAGE = bytes(range(256)) * 8
PASSING = [MemoryError(), OSError(24, "Too many open files"), OSError(12, "Cannot allocate memory")]
FINAL = [
    ValueError(f"https://images.example/1?{SECRET}=5ec7e7"),
    FileNotFoundError(2, "no such file"),
    RuntimeError("can't start new thread"),
    KeyError("x"),
    RecursionError(),
]

either_way = pytest.mark.parametrize("disconnect_mqtt", [True, False])


def fail_downloads(lab: DeviceLab, error: BaseException, times: int = 1_000_000) -> None:
    lab.server.get = failing(error, times, lab.server.get)  # type: ignore[method-assign,assignment]


def is_at_work(lab: DeviceLab) -> bool:
    """Whether the program is connected, and the next job is done."""
    was_connected = lab.service.is_connected()
    lab.publish(b"the next image", "next")
    lab.live()
    return was_connected and lab.status("next") == "SUCCEEDED"


# An error in the middle of an update.


@either_way
@pytest.mark.parametrize("error", [*FINAL, Unprintable()], ids=lambda error: type(error).__name__)
def test_an_error_that_nobody_expected_fails_the_job_and_the_loop_goes_on(
    lab: DeviceLab, error: Exception, disconnect_mqtt: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fail_downloads(lab, error, 1)
    lab.publish(IMAGE)
    lab.live(60, disconnect_mqtt=disconnect_mqtt)
    assert (lab.status(), lab.reason()) == ("FAILED", "internal-error")
    assert lab.details()["message"].startswith(f"{type(error).__name__} at raising.py:")
    assert (lab.is_settled, lab.running_image) == (True, FACTORY)
    assert SECRET + "=" not in caplog.text + str(lab.details())
    assert is_at_work(lab)


@either_way
@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_a_want_of_memory_or_descriptors_passes_and_the_update_is_done_later(
    lab: DeviceLab, error: Exception, disconnect_mqtt: bool
) -> None:
    fail_downloads(lab, error, 3)
    lab.publish(IMAGE)
    lab.wake(disconnect_mqtt=disconnect_mqtt)
    assert (lab.status(), lab.service.is_connected()) == ("IN_PROGRESS", True)
    lab.live(disconnect_mqtt=disconnect_mqtt)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_a_want_that_does_not_pass_fails_the_job(lab: DeviceLab, error: Exception) -> None:
    fail_downloads(lab, error)
    lab.publish(IMAGE)
    lab.live(4 * 3600)
    assert (lab.status(), lab.reason()) == ("FAILED", "internal-error")
    assert lab.details()["message"].startswith(f"{SHORT}{type(error).__name__} at ")
    assert lab.is_settled


def test_a_state_that_is_not_told_for_want_of_memory_says_so(
    lab: DeviceLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lab.device.self_report.facts = failing(MemoryError(), 1, lab.device.self_report.facts)  # type: ignore[method-assign,assignment]
    lab.wake()
    assert f"{SHORT}MemoryError" in caplog.text


def test_a_want_beneath_another_error_passes_too(lab: DeviceLab) -> None:
    fail_downloads(lab, errors.StorageFailed("no file", cause=OSError(24, "Too many open files")), 2)
    lab.publish(IMAGE)
    lab.live()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()], ids=repr)
def test_an_interrupt_passes_and_a_program_that_goes_on_is_sound(lab: DeviceLab, error: BaseException) -> None:
    fail_downloads(lab, error, 1)
    lab.publish(IMAGE)
    with pytest.raises(type(error)):
        lab.wake()
    lab.live()
    assert lab.service.is_connected()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


@pytest.mark.parametrize(
    "part", ["admit", "slot_for", "knows_bad", "take_up", "holds", "keep_release", "begin_trial"]
)
@pytest.mark.parametrize("error", [ValueError("odd"), OSError(5, "odd")], ids=repr)
def test_whatever_part_of_the_device_raises_the_job_gets_a_status(
    lab: DeviceLab, part: str, error: Exception
) -> None:
    setattr(lab.device, part, failing(error, 1, getattr(lab.device, part)))
    lab.publish(IMAGE)
    lab.live(60)
    assert (lab.status(), lab.reason()) == ("FAILED", "internal-error")
    assert is_at_work(lab)


@pytest.mark.parametrize("part", ["admit", "take_up", "holds", "begin_trial"])
def test_whatever_part_of_the_device_lacks_memory_the_job_is_done_later(lab: DeviceLab, part: str) -> None:
    setattr(lab.device, part, failing(MemoryError(), 3, getattr(lab.device, part)))
    lab.publish(IMAGE)
    lab.live()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


def test_a_job_that_lacks_memory_before_it_is_taken_comes_to_an_end_and_holds_up_no_other(lab: DeviceLab) -> None:
    admit, lacking = lab.device.admit, [0]

    def lacks(wanted: object, *arguments: object) -> object:
        if getattr(wanted, "size_bytes", 0) == len(IMAGE):
            lacking[0] += 1
            raise MemoryError
        return admit(wanted, *arguments)

    lab.device.admit = lacks  # type: ignore[assignment]
    lab.publish(IMAGE)
    lab.publish_document({"operation": "fota-keyring", "envelope": {}}, "keyring-1")
    lab.live(4 * 3600)
    assert (lab.status(), lab.reason()) == ("FAILED", "internal-error")
    assert lacking[0] == MAX_SHORTAGES + 1
    assert lab.status("keyring-1") == "REJECTED"


def test_a_keyring_job_that_ends_in_an_error_that_nobody_expected_gets_a_status(lab: DeviceLab) -> None:
    lab.device.replace_keyring = failing(TypeError("odd"), 1, lab.device.replace_keyring)  # type: ignore[assignment]
    lab.publish_document({"operation": "fota-keyring", "envelope": {}}, "keyring-1")
    lab.live(60)
    assert (lab.status("keyring-1"), lab.reason("keyring-1")) == ("FAILED", "internal-error")


# An error of the connection, which may be the program's own.


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), OSError(24, "x"), MemoryError()], ids=repr)
def test_a_connection_that_cannot_be_opened_again_is_opened_later(lab: DeviceLab, error: Exception) -> None:
    lab.publish(IMAGE)
    lab.service.connect = failing(error, 3, lab.service.connect)  # type: ignore[method-assign,assignment]
    lab.live()
    assert lab.service.is_connected()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


@pytest.mark.parametrize("call", ["publish", "disconnect"])
def test_a_connection_that_raises_anything_costs_a_later_try(lab: DeviceLab, call: str) -> None:
    lab.publish(IMAGE)
    setattr(lab.service, call, failing(OSError(9, "odd"), 2, getattr(lab.service, call)))
    lab.live()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


def test_a_log_that_cannot_be_written_does_not_stop_an_update(lab: DeviceLab) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("no log")

    handler, logger = Broken(), logging.getLogger("fota")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        lab.publish(IMAGE)
        lab.live(60)
    finally:
        logger.removeHandler(handler)
    assert lab.status() == "SUCCEEDED"


def test_a_device_that_cannot_be_opened_now_is_opened_later(lab: DeviceLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fota.device.current", failing(OSError(24, "x"), 1, lambda: lab.device))
    assert fota.handle_fota_jobs(lab.jobs, force=True) is False
    lab.publish(IMAGE)
    lab.live()
    assert lab.status() == "SUCCEEDED"
