"""The published fake of AWS IoT Jobs keeps to the rules of AWS: its answers, its notifications, its faults."""

import pytest

from fota_testing.jobs import faults
from fota_testing.jobs.service import JobsService
from tests.labs.jobs_service_lab import JOBS, Device, device, service

__all__ = ("device", "service")


# Requests and answers


def test_an_answer_echoes_the_token_and_tells_the_time_in_seconds(service: JobsService, device: Device) -> None:
    answer = device.ask("get")
    assert answer["clientToken"] == "token-1"
    assert len(str(answer["timestamp"])) == 10
    assert (answer["inProgressJobs"], answer["queuedJobs"]) == ([], [])


def test_a_describe_shows_the_execution_and_its_document(service: JobsService, device: Device) -> None:
    service.create("a", {"operation": "blink"})
    execution = device.ask("a/get")["execution"]
    assert isinstance(execution, dict)
    assert set(execution) == {
        "jobId",
        "status",
        "queuedAt",
        "lastUpdatedAt",
        "versionNumber",
        "executionNumber",
        "jobDocument",
    }
    assert execution["jobDocument"] == {"operation": "blink"}


def test_an_update_moves_the_version_and_shows_the_state_if_asked(service: JobsService, device: Device) -> None:
    service.create("a", {})
    answer = device.ask(
        "a/update", status="IN_PROGRESS", statusDetails={"a": "b"}, expectedVersion=1, includeJobExecutionState=True
    )
    assert answer["executionState"] == {"status": "IN_PROGRESS", "versionNumber": 2, "statusDetails": {"a": "b"}}
    assert "executionState" not in device.ask("a/update", status="IN_PROGRESS")


def test_details_are_replaced_as_a_whole(service: JobsService, device: Device) -> None:
    service.create("a", {})
    device.ask("a/update", status="IN_PROGRESS", statusDetails={"a": "b"})
    device.ask("a/update", status="IN_PROGRESS", statusDetails={"c": "d"})
    assert service.execution("a").details == {"c": "d"}


@pytest.mark.parametrize(
    ("members", "code", "shows_state"),
    [
        ({"status": "SUCCEEDED", "expectedVersion": 9}, "VersionMismatch", True),
        ({"status": "CANCELED"}, "InvalidStateTransition", True),
        ({"status": "QUEUED"}, "InvalidStateTransition", True),
        ({"status": "DONE"}, "InvalidRequest", False),
        ({}, "InvalidRequest", False),
        ({"status": "FAILED", "executionNumber": 2}, "ResourceNotFound", False),
        ({"status": "FAILED", "statusDetails": {"a": "x" * 1025}}, "InvalidRequest", False),
        ({"status": "FAILED", "statusDetails": {"a": ""}}, "InvalidRequest", False),
        ({"status": "FAILED", "statusDetails": {"a": "line\n"}}, "InvalidRequest", False),
        ({"status": "FAILED", "statusDetails": {"a": 1}}, "InvalidRequest", False),
        ({"status": "FAILED", "statusDetails": {"a b": "c"}}, "InvalidRequest", False),
        ({"status": "FAILED", "statusDetails": {str(n): "x" for n in range(11)}}, "InvalidRequest", False),
        ({"status": "IN_PROGRESS", "stepTimeoutInMinutes": 0}, "InvalidRequest", False),
    ],
)
def test_an_update_that_aws_refuses_is_refused_with_its_code_and_changes_nothing(
    service: JobsService, device: Device, members: dict[str, object], code: str, shows_state: bool
) -> None:
    service.create("a", {})
    answer = device.ask("a/update", **members)
    assert answer["code"] == code
    assert ("executionState" in answer) is shows_state
    assert answer["clientToken"] == "token-1"
    assert (service.statuses("a"), service.execution("a").version) == (["QUEUED"], 1)


def test_what_is_over_cannot_be_described_or_updated(service: JobsService, device: Device) -> None:
    service.create("a", {})
    service.cancel("a")
    assert device.ask("a/get")["code"] == "TerminalStateReached"
    answer = device.ask("a/update", status="SUCCEEDED")
    assert answer["code"] == "InvalidStateTransition"
    assert answer["executionState"] == {"status": "CANCELED", "versionNumber": 2}
    service.ledger.code_of_a_late_update = "TerminalStateReached"
    assert "executionState" not in device.ask("a/update", status="SUCCEEDED")


def test_the_service_does_not_end_what_is_over(service: JobsService) -> None:
    service.create("a", {})
    service.cancel("a")
    with pytest.raises(ValueError, match="CANCELED"):
        service.cancel("a")


def test_a_second_execution_has_another_number_and_leaves_the_first_alone(
    service: JobsService, device: Device
) -> None:
    service.create("a", {})
    device.ask("a/update", status="FAILED")
    service.create("a", {})
    assert (service.statuses("a", 1), service.statuses("a", 2)) == (["QUEUED", "FAILED"], ["QUEUED"])


def test_at_most_ten_are_listed(service: JobsService, device: Device) -> None:
    for number in range(12):
        service.create(f"a-{number}", {})
    queued = device.ask("get")["queuedJobs"]
    assert isinstance(queued, list)
    assert [summary["jobId"] for summary in queued] == [f"a-{number}" for number in range(10)]


def test_a_job_may_be_called_like_a_request(service: JobsService, device: Device) -> None:
    service.create("get", {"a": 1})
    execution = device.ask("get/get")["execution"]
    assert isinstance(execution, dict)
    assert execution["jobDocument"] == {"a": 1}


# Notifications: the table of the developer guide


def test_the_first_job_is_told_as_the_next_and_the_second_is_not(service: JobsService, device: Device) -> None:
    service.create("a", {})
    assert device.notified() == ["notify", "notify-next"]
    service.create("b", {})
    assert device.notified() == ["notify"]


def test_starting_the_next_job_tells_nothing(service: JobsService, device: Device) -> None:
    service.create("a", {})
    device.ask("a/update", status="IN_PROGRESS")
    assert device.notified() == []
    device.ask("a/update", status="IN_PROGRESS")
    assert device.notified() == []


def test_a_job_that_overtakes_is_told_as_the_next(service: JobsService, device: Device) -> None:
    service.create("a", {})
    service.create("b", {})
    device.ask("b/update", status="IN_PROGRESS")
    assert device.notified() == ["notify-next"]


def test_the_end_of_the_next_job_tells_which_is_next_now(service: JobsService, device: Device) -> None:
    service.create("a", {})
    service.create("b", {"b": 1})
    device.ask("a/update", status="SUCCEEDED")
    assert [name for name, _ in device.inbox] == ["a/update/accepted", "notify", "notify-next"]
    execution = device.inbox[-1][1]["execution"]
    assert isinstance(execution, dict)
    assert (execution["jobId"], execution["jobDocument"]) == ("b", {"b": 1})


def test_the_end_of_the_last_job_tells_that_nothing_is_next(service: JobsService, device: Device) -> None:
    service.create("a", {})
    device.inbox = []
    service.cancel("a")
    assert [(name, sorted(body)) for name, body in device.inbox] == [
        ("notify", ["jobs", "timestamp"]),
        ("notify-next", ["timestamp"]),
    ]


def test_the_end_of_another_job_tells_the_list_only(service: JobsService, device: Device) -> None:
    service.create("a", {})
    service.create("b", {})
    device.inbox = []
    service.delete("b")
    assert device.notified() == ["notify"]


def test_deleting_what_was_over_tells_nothing(service: JobsService, device: Device) -> None:
    service.create("a", {})
    service.cancel("a")
    device.inbox = []
    service.delete("a")
    assert device.notified() == []


# Faults


def test_a_fault_befalls_the_requests_that_it_names_and_no_others(service: JobsService, device: Device) -> None:
    service.create("a", {})
    service.create("b", {})
    service.expect("update", faults.rejected("RequestThrottled"), job_id="a", status="FAILED", times=2)
    assert "code" not in device.ask("b/update", status="FAILED")
    assert "code" not in device.ask("a/update", status="IN_PROGRESS")
    assert "code" not in device.ask("a/get")
    assert device.ask("a/update", status="FAILED")["code"] == "RequestThrottled"
    assert device.ask("a/update", status="FAILED")["code"] == "RequestThrottled"
    assert "code" not in device.ask("a/update", status="FAILED")


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        (faults.LOST_BEFORE, ["QUEUED"]),
        (faults.LOST_AFTER, ["QUEUED", "FAILED"]),
        (faults.DROPPED, ["QUEUED", "FAILED"]),
        (faults.rejected("InternalError"), ["QUEUED"]),
        (faults.garbage(), ["QUEUED", "FAILED"]),
    ],
)
def test_a_fault_takes_effect_or_not_as_it_says(
    service: JobsService, device: Device, fault: faults.Fault, statuses: list[str]
) -> None:
    service.create("a", {})
    service.expect("update", fault)
    service.publish(f"{JOBS}/a/update", {"clientToken": "a", "status": "FAILED"})
    assert service.statuses("a") == statuses
