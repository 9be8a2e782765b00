"""An update from the operator's command to the job's end, with a real device and a real AWS server."""

from collections.abc import Callable

import pytest

from fota_operator.jobs.cancel import cancel_job
from sweeps.seeding.verbs import set_to
from tests.labs.process_lab import REPOSITORY, ProcessLab

pytestmark = pytest.mark.e2e


def test_a_program_written_for_the_ancestor_is_updated_unchanged(make_lab: Callable[..., ProcessLab]) -> None:
    lab = make_lab(program=REPOSITORY / "examples/zerynth", allow_publish=("dev/sample",))
    image, _ = lab.build("2")
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(image).job_id)
        device.wait_for("firmware 2 is connected")
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})


def test_two_updates_in_a_row_use_the_slots_in_turn(lab: ProcessLab) -> None:
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        first = lab.end_of(lab.start(lab.build("2")[0]).job_id)
        second = lab.end_of(lab.start(lab.build("3")[0]).job_id)
        device.wait_for("firmware 3 is connected")
    assert (first.details["slot"], second.details["slot"]) == ("1", "0")
    assert second.status == "SUCCEEDED"


def test_a_job_that_waited_while_the_device_was_off_is_done_when_it_comes(lab: ProcessLab) -> None:
    job = lab.start(lab.build("2")[0])
    with lab.device() as device:
        device.wait_for("firmware 2 is connected")
        assert lab.end_of(job.job_id).status == "SUCCEEDED"


def test_a_confirmed_image_is_what_starts_after_a_restart_of_the_machine(lab: ProcessLab) -> None:
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        lab.end_of(lab.start(lab.build("2")[0]).job_id)
    with lab.device() as device:
        device.wait_for("firmware 2 is connected")
        assert not [line for line in device.lines if "firmware 1" in line]


def test_an_image_that_fails_its_health_check_is_rolled_back_at_once(make_lab: Callable[..., ProcessLab]) -> None:
    lab = make_lab(program=REPOSITORY / "examples/gateway")
    sick, _ = lab.build("2", patches=[set_to("MIN_FREE_BYTES", "1 << 80")])
    with lab.device("--deadline", "600") as device:
        device.wait_for("the gateway is at work")
        ended = lab.end_of(lab.start(sick).job_id)
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "health-check")


def test_the_gateway_keeps_its_connection_and_hands_other_jobs_to_the_program(
    make_lab: Callable[..., ProcessLab],
) -> None:
    lab = make_lab(program=REPOSITORY / "examples/gateway")
    with lab.device() as device:
        device.wait_for("the gateway is at work")
        said = lab.end_of(lab.start_raw({"operation": "say", "words": "good morning"}))
        odd = lab.end_of(lab.start_raw({"anything": 1}))
        updated = lab.end_of(lab.start(lab.build("2")[0]).job_id)
        assert device.wait_for("told to say: good morning")
        assert device.boots == 2
    assert (said.status, said.details) == ("SUCCEEDED", {"said": "yes"})
    assert (odd.status, odd.reason) == ("REJECTED", "unknown-operation")
    assert updated.status == "SUCCEEDED"


def test_a_gateway_that_hangs_is_started_again_and_says_where(make_lab: Callable[..., ProcessLab]) -> None:
    lab = make_lab(program=REPOSITORY / "examples/gateway")
    stuck, _ = lab.build("2", patches=[set_to("PUBLISH_PERIOD_S", "1e9"), set_to("ALIVE_WITHIN_S", "1")])
    with lab.device() as device:
        device.wait_for("the gateway is at work")
        assert lab.end_of(lab.start(stuck).job_id).status == "SUCCEEDED"
        device.wait_for("image-hangs slot=1 problem=the application hangs: no sign of life for 1.")
        began = len(device.lines)
        device.wait_for("the gateway is at work", since=began)
        assert [line for line in device.lines if "__main__.py" in line and line.endswith("in main")]


@pytest.mark.parametrize(
    ("document", "reason", "field"),
    [
        ({"operation": "fota"}, "bad-document", "bc_idx: missing"),
        ({"bc_idx": True}, "bad-document", "bc_idx: expected"),
        ({"bc_size": 0}, "bad-document", "bc_size: expected"),
        ({"bc_size": 5 << 20}, "image-too-large", "bc_size: slot 1 holds"),
        ({"bc_idx": 0}, "slot-is-running", "bc_idx: slot 0"),
        ({"bc_idx": 7}, "no-such-slot", "bc_idx: expected"),
        ({"bc_url": "http://localhost/image"}, "bad-document", "bc_url: expected https://"),
        ({"bc_crc": "xyz"}, "bad-document", "bc_crc: expected"),
        ({"comment": "hello"}, "bad-document", "comment: unknown field"),
    ],
)
def test_a_bad_document_is_rejected_with_its_field_and_the_device_runs_on(
    lab: ProcessLab, document: dict[str, object], reason: str, field: str
) -> None:
    good = {"operation": "fota", "bc_idx": "any", "bc_crc": "0" * 32, "bc_size": 10, "bc_url": "https://localhost/x"}
    spare_before = sorted((path.name, path.read_bytes()) for path in lab.home.glob("slot-1*"))
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        raw = document if document == {"operation": "fota"} else {**good, **document}
        ended = lab.end_of(lab.start_raw(raw))
        assert device.boots == 1
    assert (ended.status, ended.reason) == ("REJECTED", reason)
    assert ended.message is not None
    assert ended.message.startswith(field)
    assert sorted((path.name, path.read_bytes()) for path in lab.home.glob("slot-1*")) == spare_before


def test_a_server_that_cannot_be_reached_fails_the_job_without_a_restart(lab: ProcessLab) -> None:
    document = {
        "operation": "fota",
        "bc_idx": "any",
        "bc_crc": "0" * 32,
        "bc_size": 10,
        "bc_url": f"{lab.local.status().gateway_url}/no-such-bucket/image",
    }
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start_raw(document))
        assert device.boots == 1
        device.wait_for("job-reported")
    assert (ended.status, ended.reason) == ("FAILED", "http-status")


def test_a_cancelled_job_is_not_begun(lab: ProcessLab) -> None:
    job = lab.start(lab.build("2")[0])
    cancel_job(lab.cloud, job.job_id)
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        follower = lab.start_raw({"operation": "fota"})
        assert lab.end_of(follower).status == "REJECTED"
        assert device.boots == 1
    assert lab.end_of(job.job_id).status == "CANCELED"
