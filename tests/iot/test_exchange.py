"""One request and its answer: which answer counts, how long is waited, what each refusal becomes."""

import json
from collections.abc import Callable

import pytest

from aws.iot import errors, topics
from aws.iot.exchange import ANSWER_TIMEOUT_MS, MAX_TRIES, Exchange, fresh_token
from fota_testing.clock import FakeClock
from fota_testing.jobs import faults
from fota_testing.jobs.service import ANSWER_MS, JobsService

GET = topics.jobs_get("lamp")


class Desk:
    """A service, and an exchange with it."""

    def __init__(self, answer_ms: int = ANSWER_MS) -> None:
        self.clock = FakeClock()
        self.service = JobsService(self.clock, "lamp", answer_ms=answer_ms)
        self.service.connect()
        self.exchange = Exchange(self.service, "lamp", self.clock)

    def ask(self, topic: str = GET, request: dict[str, object] | None = None, **options: int) -> dict[str, object]:
        return self.exchange.ask(topic, request or {}, **options)

    def update(self, status: str = "IN_PROGRESS", job: str = "a-1", **members: object) -> dict[str, object]:
        return self.ask(topics.job_update("lamp", job), {"status": status} | members)

    def took_ms(self, action: Callable[[], object]) -> int:
        begin_ms = self.clock.now_ms()
        action()
        return self.clock.now_ms() - begin_ms


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_accepted_answer_is_returned_as_it_came(desk: Desk) -> None:
    desk.service.create("a-1", {})
    queued = desk.ask()["queuedJobs"]
    assert isinstance(queued, list)
    assert [summary["jobId"] for summary in queued] == ["a-1"]


def test_an_answer_that_arrives_while_the_request_is_being_published_is_not_missed() -> None:
    desk = Desk(answer_ms=0)
    assert desk.took_ms(desk.ask) == 0


def test_an_answer_is_waited_for_no_longer_than_it_takes(desk: Desk) -> None:
    assert desk.took_ms(desk.ask) == ANSWER_MS


def test_silence_ends_after_the_promised_tries_and_times(desk: Desk) -> None:
    desk.service.expect("list", faults.LOST_BEFORE, times=MAX_TRIES)
    with pytest.raises(errors.NoAnswer):
        desk.ask()
    assert len(desk.service.requests) == MAX_TRIES
    waited_ms = desk.clock.now_ms() - FakeClock().now_ms() - sum(desk.clock.sleeps)
    assert waited_ms == MAX_TRIES * ANSWER_TIMEOUT_MS


def test_a_single_try_is_a_single_try(desk: Desk) -> None:
    desk.service.expect("list", faults.LOST_BEFORE)
    with pytest.raises(errors.NoAnswer):
        desk.ask(tries=1)
    assert len(desk.service.requests) == 1
    assert desk.clock.sleeps == []


@pytest.mark.parametrize(
    "fault",
    [
        faults.LOST_BEFORE,
        faults.LOST_AFTER,
        faults.rejected("RequestThrottled"),
        faults.rejected("InternalError"),
        faults.garbage(),
        faults.garbage(b"[]"),
        faults.garbage(b'"text"'),
        faults.garbage(b""),
        faults.garbage(b"[" * 100_000),
        faults.with_token("0123456789abcdef"),
        faults.late(ANSWER_TIMEOUT_MS),
    ],
    ids=[
        "lost before",
        "lost after",
        "throttled",
        "fault of theirs",
        "not JSON",
        "a list",
        "a string",
        "nothing",
        "nested too deep",
        "another token",
        "too late",
    ],
)
def test_what_may_pass_is_tried_again(desk: Desk, fault: faults.Fault) -> None:
    desk.service.expect("list", fault)
    assert "queuedJobs" in desk.ask()
    assert len(desk.service.requests) == 2


def test_every_try_has_a_token_of_its_own(desk: Desk) -> None:
    desk.service.expect("list", faults.LOST_BEFORE, times=3)
    desk.ask()
    assert len({request.token for request in desk.service.requests}) == 4


def test_tokens_do_not_repeat() -> None:
    tokens = {fresh_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {16}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("VersionMismatch", errors.VersionMismatch),
        ("InvalidStateTransition", errors.ExecutionOver),
        ("TerminalStateReached", errors.ExecutionOver),
        ("ResourceNotFound", errors.ExecutionOver),
        ("InvalidRequest", errors.RequestRejected),
        ("InvalidJson", errors.RequestRejected),
        ("InvalidTopic", errors.RequestRejected),
        ("SomethingNew", errors.RequestRejected),
        ("", errors.RequestRejected),
    ],
)
def test_a_final_code_becomes_its_error_at_the_first_try(desk: Desk, code: str, kind: type[Exception]) -> None:
    desk.service.expect("list", faults.rejected(code))
    with pytest.raises(errors.RequestRejected) as refusal:
        desk.ask()
    assert type(refusal.value) is kind
    assert refusal.value.code == code
    assert refusal.value.execution_state is None
    assert len(desk.service.requests) == 1


@pytest.mark.parametrize("code", ["RequestThrottled", "InternalError"])
def test_a_code_that_asks_for_patience_is_told_when_patience_ends(desk: Desk, code: str) -> None:
    desk.service.expect("list", faults.rejected(code), times=MAX_TRIES)
    with pytest.raises(errors.TryLater) as refusal:
        desk.ask()
    assert refusal.value.code == code


def test_a_refusal_carries_the_state_that_came_with_it(desk: Desk) -> None:
    desk.service.create("a-1", {})
    with pytest.raises(errors.VersionMismatch) as refusal:
        desk.update(expectedVersion=9)
    assert refusal.value.execution_state == {"status": "QUEUED", "versionNumber": 1}


def test_an_answer_that_comes_twice_answers_one_request(desk: Desk) -> None:
    desk.service.create("a-1", {})
    desk.service.create("b-1", {})
    desk.service.expect("list", faults.TWICE)
    desk.ask()
    answer = desk.ask(topics.job_get("lamp", "b-1"))
    assert isinstance(answer["execution"], dict)
    assert answer["execution"]["jobId"] == "b-1"


def test_a_late_answer_is_not_taken_for_that_of_the_next_request(desk: Desk) -> None:
    desk.service.create("a-1", {})
    desk.service.expect("update", faults.late(ANSWER_TIMEOUT_MS + 100), times=2)
    desk.update("IN_PROGRESS", includeJobExecutionState=True)
    answer = desk.update("SUCCEEDED", includeJobExecutionState=True)
    assert answer["executionState"] == {"status": "SUCCEEDED", "versionNumber": len(desk.service.requests) + 1}


def test_an_answer_for_another_job_is_not_taken(desk: Desk) -> None:
    desk.service.create("a-1", {})
    desk.service.expect("update", faults.for_job("a-10"))
    desk.update()
    assert len(desk.service.requests) == 2


def test_a_flood_of_foreign_answers_costs_a_try_at_most(desk: Desk) -> None:
    flood = json.dumps({"clientToken": "other"}).encode()
    desk.service.expect("list", faults.Fault(acts=False, copies=1000, payload=flood))
    assert "queuedJobs" in desk.ask()


def test_answers_are_subscribed_to_once_for_all_jobs(desk: Desk) -> None:
    before = desk.service.filters
    for number in range(20):
        desk.service.create(f"a-{number}", {})
        desk.update(job=f"a-{number}")
    assert desk.service.filters == before
    assert len(before) == 6


def test_a_refused_subscription_is_an_error_at_once() -> None:
    clock = FakeClock()
    service = JobsService(clock, "lamp")
    service.connect()
    service.refused_filters = {topics.accepted(topics.job_update("lamp", "+"))}
    with pytest.raises(errors.NotConnected):
        Exchange(service, "lamp", clock)


def test_without_a_connection_the_error_comes_at_once(desk: Desk) -> None:
    desk.service.disconnect()
    with pytest.raises(errors.NotConnected):
        desk.ask()
    assert desk.clock.now_ms() == FakeClock().now_ms()


def test_a_full_queue_does_not_keep_a_client_without_a_thread_from_mending_its_connection(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited_ms: list[int] = []

    def full(*_: object) -> None:
        raise errors.QueueFull("20 messages wait already")

    monkeypatch.setattr(desk.service, "publish", full)
    monkeypatch.setattr(desk.service, "wait", waited_ms.append)
    with pytest.raises(errors.NotConnected):
        desk.ask()
    assert len(waited_ms) == 1
    assert waited_ms[0] >= 1_000


def test_a_request_waits_for_a_lost_connection_to_be_mended(desk: Desk) -> None:
    desk.service.drop(for_ms=5_000)
    assert "queuedJobs" in desk.ask()
    assert desk.clock.sleeps == []


def test_a_connection_lost_with_the_answer_costs_one_more_try(desk: Desk) -> None:
    desk.service.expect("list", faults.DROPPED)
    desk.service.expect("list", faults.HONEST)
    begin_ms = desk.clock.now_ms()
    with pytest.raises(errors.NoAnswer):
        desk.ask(tries=1)
    assert desk.clock.now_ms() - begin_ms == ANSWER_TIMEOUT_MS
    desk.service.mend()
    assert "queuedJobs" in desk.ask()
