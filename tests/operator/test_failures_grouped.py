"""Failures are told together when devices gave the same reason, cause, exit and error."""

import json

import pytest

from fota_operator.cli.dashboard import headline
from fota_operator.cli.job_status import answer_job
from fota_operator.jobs.progress import ExecutionStatus, JobStatus, why_failed
from fota_operator.rollouts.aws.failures import _kind
from fota_operator.rollouts.decide.status import Failures
from tests.labs.fota_command import FotaCommand

SENSOR = {"reason": "rolled-back", "cause": "crashed", "exit": "1", "error": "main.py:12 RuntimeError: no sensor"}
MEMORY = SENSOR | {"error": "main.py:40 MemoryError: "}


def failed(number: int, details: dict[str, str], status: str = "FAILED") -> ExecutionStatus:
    return ExecutionStatus(f"pump-{number}", status, 1, details)


JOB = JobStatus(
    "fota-1",
    "COMPLETED",
    (
        failed(1, SENSOR), failed(2, MEMORY), failed(3, SENSOR), failed(4, SENSOR), failed(5, {"reason": "no-space"}),
        failed(6, {}, "TIMED_OUT"), failed(7, {}, "SUCCEEDED"),
    ),
)  # fmt: skip


def test_a_job_tells_how_many_things_failed_for_each_reason_the_most_first() -> None:
    assert [(why, len(ones)) for why, ones in JOB.failures] == [
        ("FAILED rolled-back: crashed, exit 1, main.py:12 RuntimeError: no sensor", 3),
        ("FAILED rolled-back: crashed, exit 1, main.py:40 MemoryError: ", 1),
        ("FAILED no-space", 1),
        ("TIMED_OUT", 1),
    ]


def test_the_command_tells_them_below_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    answer_job(JOB, as_json=False)
    assert (
        "3 things: FAILED rolled-back: crashed, exit 1, main.py:12 RuntimeError: no sensor" in capsys.readouterr().out
    )


def test_a_time_out_while_the_update_was_put_off_is_told_apart() -> None:
    night = {"step": "deferred", "reason": "night"}
    job = JobStatus("fota-1", "COMPLETED", (failed(1, night, "TIMED_OUT"), failed(2, {}, "TIMED_OUT")))
    assert [why for why, _ in job.failures] == ["TIMED_OUT deferred-too-long", "TIMED_OUT"]
    assert [_kind(one, one).reason for one in job.executions] == ["deferred-too-long", "timed-out"]
    assert _kind(job.executions[0], None).reason == "timed-out"


def test_what_devices_did_not_say_is_left_out() -> None:
    assert why_failed("FAILED", "rolled-back", "offline", None, None) == "FAILED rolled-back: offline"
    assert why_failed("FAILED", None, None, None, None) == "FAILED"


def test_a_rollout_counts_different_errors_of_one_reason_apart() -> None:
    kinds = {_kind(one, one) for one in JOB.executions[:4]}
    assert {kind.said for kind in kinds} == {("crashed", "1", SENSOR["error"]), ("crashed", "1", MEMORY["error"])}


def test_the_headline_of_a_rollout_names_cause_and_error_without_orders_to_the_terminal() -> None:
    failures = Failures(
        "some", "FAILED", "rolled-back", 3, "pump-1", None, "crashed", "SIGSEGV", "main.py:12 Boom\x1b[2J: x"
    )
    assert headline(failures) == (
        "FAILED rolled-back: crashed, exit SIGSEGV, main.py:12 Boom [2J: x: 3 things of stage some, such as pump-1"
    )


def test_failures_come_first_and_numbers_in_names_count_as_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    things = [failed(10, {}, "SUCCEEDED"), failed(2, {}, "SUCCEEDED"), failed(30, SENSOR), failed(4, SENSOR)]
    answer_job(JobStatus("fota-1", "COMPLETED", tuple(things)), as_json=False)
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head == "fota-1: 2 of 4 failed; to AWS the job is COMPLETED"
    assert [row.split()[0] for row in rows[:4]] == ["pump-4", "pump-30", "pump-2", "pump-10"]


def test_a_job_without_failures_is_headed_by_its_status_alone(capsys: pytest.CaptureFixture[str]) -> None:
    answer_job(JobStatus("fota-1", "COMPLETED", (failed(1, {}, "SUCCEEDED"),)), as_json=False)
    assert capsys.readouterr().out.splitlines()[0] == "fota-1: COMPLETED"


MIXED = JobStatus(
    "fota-1",
    "IN_PROGRESS",
    (failed(1, SENSOR), failed(2, {}, "SUCCEEDED"), failed(3, {}, "QUEUED"), failed(4, {}, "IN_PROGRESS")),
)


@pytest.mark.parametrize(
    ("only", "named"),
    [
        ("failed", ["pump-1"]),
        ("pending", ["pump-3", "pump-4"]),
        ("succeeded", ["pump-2"]),
        (None, ["pump-1", "pump-2", "pump-3", "pump-4"]),
    ],
)
def test_of_a_job_those_alone_are_shown_that_are_asked_for(
    capsys: pytest.CaptureFixture[str], only: str | None, named: list[str]
) -> None:
    answer_job(MIXED, as_json=False, only=only)
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head == "fota-1: 1 of 4 failed; to AWS the job is IN_PROGRESS"
    assert [row.split()[0] for row in rows if row.startswith("pump-")] == named
    answer_job(MIXED, as_json=True, only=only)
    assert [one["thing"] for one in json.loads(capsys.readouterr().out)["executions"]] == named


@pytest.mark.parametrize("command", ["status", "watch"])
def test_a_word_that_chooses_no_things_is_refused(command: str) -> None:
    result = FotaCommand()(command, "fota-1", "--only", "bad")
    assert (result.exit_code, "--only: expected failed, pending, succeeded, got 'bad'" in result.stderr) == (2, True)
