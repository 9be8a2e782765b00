"""Names of the documented API from before the modules had rooms: each still works, and says what to use."""

import importlib
import subprocess
import sys

import pytest

from fota_operator import former_names
from fota_operator.errors import BadInput, NotFound
from fota_operator.rollouts import prepare, run, watch

DOCUMENTED = (
    ("rollouts.look", "standing_of", "rollouts.look", "status_of"),
    ("rollouts.look", "standings", "rollouts.look", "statuses"),
    ("rollouts.steer", "pause", "rollouts.control", "pause"),
    ("rollouts.steer", "abort", "rollouts.control", "abort"),
    ("rollouts.steer", "Rollout", "rollouts.control", "Rollout"),
    ("rollouts.wait_gate", "wait_for_gate", "rollouts.watch", "wait_for_gate"),
    ("rollouts.standing", "Standing", "rollouts.decide.status", "RolloutStatus"),
    ("rollouts.telling", "Progress", "rollouts.aws.progress", "RolloutProgress"),
    ("explain", "explain", "jobs.explain", "explain"),
    ("progress", "watch_job", "jobs.progress", "watch_job"),
)


@pytest.mark.parametrize(("module", "name", "new_module", "new_name"), DOCUMENTED)
def test_a_former_name_is_the_new_one_and_warns(module: str, name: str, new_module: str, new_name: str) -> None:
    sys.modules.pop(f"fota_operator.{module}" if f"fota_operator.{module}" in former_names.MODULES else "", None)
    with pytest.warns(DeprecationWarning, match="is deprecated: use"):
        former = getattr(importlib.import_module(f"fota_operator.{module}"), name)
    assert former is getattr(importlib.import_module(f"fota_operator.{new_module}"), new_name)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("jobs", "start_job"),
        ("jobs", "StartRequest"),
        ("rollouts.plan", "Plan"),
        ("rollouts.plan", "Gate"),
        ("rollouts.plan", "Stage"),
        ("rollouts.plan_file", "read_plan"),
    ],
)
def test_the_front_door_of_a_room_has_what_the_module_of_that_name_had(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(f"fota_operator.{module}"), name)


def test_the_front_door_of_jobs_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="no attribute 'start_jobs'"):
        importlib.import_module("fota_operator.jobs").start_jobs  # noqa: B018 - looking it up is the act


def test_a_name_that_never_was_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'standing'"):
        importlib.import_module("fota_operator.rollouts.look").standing  # noqa: B018 - looking it up is the act


def test_progress_is_still_reported_to_the_keyword_tell() -> None:
    heard: list[str] = []

    @former_names.former_keyword(tell="on_progress")
    def work(*, on_progress: object = None) -> object:
        return on_progress

    with pytest.warns(DeprecationWarning, match="the parameter tell is deprecated: use on_progress"):
        # mypy knows only the new keyword.
        assert work(tell=heard.append) == heard.append  # type: ignore[call-arg]
    assert work(on_progress=heard.append) == heard.append
    for function in (prepare.Prepared.run, run.resume, watch.wait_for_gate):
        assert hasattr(function, "__wrapped__")


def test_an_error_still_says_the_exit_status() -> None:
    with pytest.warns(DeprecationWarning, match="exit_status is deprecated"):
        assert (BadInput("a").exit_status, NotFound("a").exit_status) == (2, 1)


def test_the_front_door_of_jobs_imports_no_boto3_before_it_is_asked() -> None:
    program = "import sys, fota_operator.jobs, fota_operator.jobs.reasons; print('boto3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
