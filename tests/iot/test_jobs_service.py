"""The published fake of AWS IoT Jobs keeps to the rules of AWS, and is stricter where AWS is lenient."""

import json

import pytest

from aws.iot.errors import ConnectFailed, NotConnected
from fota_testing import jobs_faults as faults
from fota_testing.clock import FakeClock
from fota_testing.jobs_service import ANSWER_MS, JobsService
from fota_testing.memory_connection import MOST_QUEUED, Misuse, matches

JOBS = "$aws/things/lamp/jobs"


class Device:
    """The other side: keeps every message with its topic, without the common beginning."""

    def __init__(self, service: JobsService, *filters: str) -> None:
        self.inbox: list[tuple[str, dict[str, object]]] = []
        self._service = service
        self._tokens = 0
        for topic_filter in filters or ("#",):
            service.subscribe(f"{JOBS}/{topic_filter}", self._keep)

    def _keep(self, topic: str, payload: bytes) -> None:
        self.inbox.append((topic.removeprefix(JOBS + "/"), json.loads(payload)))

    def ask(self, topic: str, **members: object) -> dict[str, object]:
        """The body of the answer to one request; what else came meanwhile is in the inbox."""
        self._tokens += 1
        self.inbox = []
        self._service.publish(f"{JOBS}/{topic}", {"clientToken": f"token-{self._tokens}"} | members)
        self._service.wait(0)
        self._service.wait(ANSWER_MS)
        (answer,) = [body for name, body in self.inbox if name in {f"{topic}/accepted", f"{topic}/rejected"}]
        return answer

    def notified(self) -> list[str]:
        """Which notifications came since the last look."""
        names = [name for name, _ in self.inbox if name in {"notify", "notify-next"}]
        self.inbox = []
        return names


@pytest.fixture
def service() -> JobsService:
    service = JobsService(FakeClock(), "lamp")
    service.connect()
    return service


@pytest.fixture
def device(service: JobsService) -> Device:
    return Device(service)


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


# What AWS lets pass


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("get", {}),
        ("get", {"clientToken": ""}),
        ("get", {"clientToken": "a" * 65}),
        ("get", {"clientToken": 7}),
        ("get", {"clientToken": "a", "jobId": "b"}),
        ("a/get", {"clientToken": "a", "thingName": "lamp"}),
        ("a/update", {"clientToken": "a", "status": "FAILED", "expectedVersion": "1"}),
        ("a/update", {"clientToken": "a", "status": "FAILED", "executionNumber": True}),
        ("a/update", {"clientToken": "a", "status": "FAILED", "statusDetails": None}),
        ("a.b/get", {"clientToken": "a"}),
        ("a/b/get", {"clientToken": "a"}),
        ("start-next", {"clientToken": "a"}),
        ("$next/get", {"clientToken": "a"}),
        ("get", b""),
        ("get", b"[]"),
        ("get", b"\xff"),
    ],
)
def test_a_careless_request_is_misuse(
    service: JobsService, device: Device, topic: str, payload: bytes | dict[str, object]
) -> None:
    with pytest.raises(Misuse):
        service.publish(f"{JOBS}/{topic}", payload)


def test_a_request_for_another_thing_is_misuse(service: JobsService, device: Device) -> None:
    with pytest.raises(Misuse):
        service.publish("$aws/things/lamp-2/jobs/get", {"clientToken": "a"})


def test_a_token_used_twice_is_misuse(service: JobsService, device: Device) -> None:
    service.publish(f"{JOBS}/get", {"clientToken": "a"})
    with pytest.raises(Misuse):
        service.publish(f"{JOBS}/get", {"clientToken": "a"})


@pytest.mark.parametrize(
    "filters", [("get/accepted",), ("get/rejected",), ("a/get/+",), ("+/get/accepted", "notify")]
)
def test_asking_before_subscribing_to_both_answers_is_misuse(service: JobsService, filters: tuple[str, ...]) -> None:
    Device(service, *filters)
    with pytest.raises(Misuse):
        service.publish(f"{JOBS}/get", {"clientToken": "a"})


def test_a_request_at_qos_0_is_misuse(service: JobsService, device: Device) -> None:
    with pytest.raises(Misuse):
        service.publish(f"{JOBS}/get", {"clientToken": "a"}, qos=0)


@pytest.mark.parametrize("topic_filter", ["", "a/#/b", "a/b#", "a/+b"])
def test_a_filter_that_is_none_is_misuse(service: JobsService, topic_filter: str) -> None:
    with pytest.raises(Misuse):
        service.subscribe(topic_filter, print)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+/c", "a/b/c", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "b", False),
        ("#", "a/b", True),
        ("#", "$aws/a", False),
        ("+/a", "$aws/a", False),
        ("$aws/#", "$aws/a", True),
        ("+", "a", True),
        ("a/b", "a", False),
    ],
)
def test_filters_match_as_mqtt_says(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


# The connection


def test_before_connecting_and_after_disconnecting_nothing_can_be_published() -> None:
    service = JobsService(FakeClock(), "lamp")
    for _ in range(2):
        with pytest.raises(NotConnected):
            service.publish("a", b"")
        service.connect()
        service.publish("a", b"")
        service.disconnect()
    assert service.published == [("a", b"")] * 2


def test_an_unreachable_broker_takes_all_the_time_allowed() -> None:
    clock = FakeClock()
    service = JobsService(clock, "lamp")
    service.reachable = False
    with pytest.raises(ConnectFailed):
        service.connect(timeout_ms=7_000)
    assert clock.now_ms() - FakeClock().now_ms() == 7_000


def test_every_connection_counts_once(service: JobsService) -> None:
    service.connect()
    service.drop()
    service.mend()
    service.mend()
    service.disconnect()
    service.connect()
    assert service.sessions == 3


def test_what_is_sent_while_a_lost_connection_is_mended_waits_for_it(service: JobsService, device: Device) -> None:
    service.drop()
    service.publish("a", "first")
    assert service.published == []
    service.mend()
    assert service.published == [("a", b"first")]


def test_only_so_much_waits(service: JobsService) -> None:
    service.drop()
    for _ in range(MOST_QUEUED):
        service.publish("a", b"")
    with pytest.raises(NotConnected):
        service.publish("a", b"")


def test_what_was_told_while_the_device_was_away_is_lost(service: JobsService, device: Device) -> None:
    service.drop()
    service.create("a", {})
    service.mend()
    service.wait(1000)
    assert device.inbox == []


def test_a_wait_ends_with_the_first_message_or_with_its_time(service: JobsService, device: Device) -> None:
    service.publish(f"{JOBS}/get", {"clientToken": "a"})
    begin_ms = service._clock.now_ms()
    service.wait(10_000)
    assert service._clock.now_ms() - begin_ms == ANSWER_MS
    service.wait(10_000)
    assert service._clock.now_ms() - begin_ms == ANSWER_MS + 10_000


def test_a_powered_off_device_knows_no_subscription_and_no_session(service: JobsService, device: Device) -> None:
    service.power_off()
    assert (service.sessions, service.filters, service.is_connected()) == (0, [], False)


def test_a_wait_ends_at_once_when_a_message_came_since_the_last(service: JobsService, device: Device) -> None:
    service.create("a", {})
    begin_ms = service._clock.now_ms()
    service.wait(10_000)
    assert service._clock.now_ms() == begin_ms
    service.wait(10_000)
    assert service._clock.now_ms() == begin_ms + 10_000


def test_a_callback_that_subscribes_is_misuse(service: JobsService) -> None:
    service.subscribe(f"{JOBS}/notify", lambda topic, payload: service.subscribe("a", print))
    with pytest.raises(Misuse):
        service.create("a", {})


def test_a_subscription_that_is_refused_is_forgotten(service: JobsService, device: Device) -> None:
    service.refused_filters = {f"{JOBS}/#"}
    with pytest.raises(NotConnected):
        service.subscribe(f"{JOBS}/#", print)
    assert service.filters == []


def test_what_waited_to_be_sent_outlives_a_disconnect_and_not_a_close(service: JobsService) -> None:
    for end in (service.disconnect, service.close):
        service.drop()
        service.publish("a", "waiting")
        end()
        service.connect()
    assert service.published == [("a", b"waiting")]


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
