"""Things that failed for reasons that may pass are offered the release again, by a rollout of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput
from fota_operator.jobs.reasons import CAUSES, FAILED, REFUSED
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.aws.names import require_name
from fota_operator.rollouts.history import follower_name
from fota_operator.rollouts.passing import PASSING
from fota_operator.rollouts.retry import retry_of
from fota_operator.rollouts.run import RunOptions
from tests.labs.fleet import SUCCEEDS, Ends, fails, rejects
from tests.labs.follow_lab import FollowLab
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

ONCE = RunOptions(once=True)


@pytest.fixture
def lab(
    cloud: Cloud, local_aws: LocalAws, signatures: Signatures, tmp_path: Path, new_name: Callable[[], str]
) -> FollowLab:
    return FollowLab(cloud, local_aws, signatures, tmp_path, new_name())


@pytest.fixture
def failed(lab: FollowLab) -> FollowLab:
    """One took it; one could not reach the server, one rolled back offline, one because it crashed."""
    ends = dict(
        zip(
            lab.fleet.names,
            (
                SUCCEEDS,
                fails("unreachable"),
                Ends("FAILED", {"reason": "rolled-back", "cause": "offline"}),
                Ends("FAILED", {"reason": "rolled-back", "cause": "crashed"}),
            ),
            strict=True,
        )
    )
    lab.offer(lab.name, lab.release("1.0"), lambda thing, _: ends[thing])
    lab.answer()
    return lab


def test_what_may_pass_is_offered_again_and_nothing_else(failed: FollowLab) -> None:
    found = retry_of(failed.rollout, clock=failed.clock)
    assert found.chosen == {"unreachable": 1, "rolled-back:offline": 1}
    assert found.left_out == {"rolled-back:crashed": 1}
    assert found.run(clock=failed.clock).state == "done"
    assert set(found.plan.targets.things) == set(failed.fleet.names[1:3])
    assert failed.document(f"{failed.name}-retry") == failed.document(failed.name)


def test_one_reason_is_one_reason(failed: FollowLab) -> None:
    assert (
        retry_of(failed.rollout, ["unreachable"], clock=failed.clock).plan.targets.things == failed.fleet.names[1:2]
    )


def test_a_rollback_by_name_takes_only_the_causes_that_pass(failed: FollowLab) -> None:
    assert retry_of(failed.rollout, ["rolled-back"], clock=failed.clock).chosen == {"rolled-back:offline": 1}
    forced = retry_of(failed.rollout, ["rolled-back"], force=True, clock=failed.clock)
    assert forced.chosen == {"rolled-back:offline": 1, "rolled-back:crashed": 1}


@pytest.mark.parametrize("reason", ["wrong-hardware", "older-release", "rolled-back:crashed", "hash-mismatch"])
def test_a_reason_that_will_not_pass_is_refused(failed: FollowLab, reason: str) -> None:
    with pytest.raises(BadInput, match=f"{reason} will not pass.*`force`"):
        retry_of(failed.rollout, [reason])


def test_a_word_that_no_device_reports_is_refused(failed: FollowLab) -> None:
    with pytest.raises(BadInput, match="expected a reason that devices report, got 'unreachabel'"):
        retry_of(failed.rollout, ["unreachabel"])


def test_what_is_killed_goes_on_and_is_not_made_twice(failed: FollowLab) -> None:
    retry_of(failed.rollout, clock=failed.clock).run(ONCE, clock=failed.clock)
    again = retry_of(failed.rollout, ["unreachable"], clock=failed.clock)
    assert (again.begun, again.plan.name) == (True, f"{failed.name}-retry")
    assert again.run(clock=failed.clock).state == "done"
    assert sorted(len(jobs) for jobs in failed.fleet.offered.values()) == [1, 1, 2, 2]


def test_a_further_retry_is_for_those_that_failed_again(failed: FollowLab) -> None:
    stays = failed.fleet.names[2]
    failed.answer(lambda thing, _: rejects("busy") if thing == stays else SUCCEEDS)
    retry_of(failed.rollout, clock=failed.clock).run(clock=failed.clock)
    assert retry_of(failed.rollout, clock=failed.clock).plan.name == f"{failed.name}-retry-2"
    assert retry_of(failed.rollout, clock=failed.clock).plan.targets.things == (stays,)


def test_running_it_again_when_all_took_it_is_harmless(failed: FollowLab) -> None:
    retry_of(failed.rollout, clock=failed.clock).run(clock=failed.clock)
    again = retry_of(failed.rollout, clock=failed.clock)
    assert (again.begun, again.run(clock=failed.clock).state) == (True, "done")


def test_when_no_failure_may_pass_it_says_what_there_is(lab: FollowLab) -> None:
    bad = lab.fleet.names[0]
    lab.offer(lab.name, lab.release("1.0"), lambda thing, _: rejects("wrong-hardware") if thing == bad else SUCCEEDS)
    with pytest.raises(BadInput, match="there are 1 wrong-hardware"):
        retry_of(lab.rollout, clock=lab.clock)


@pytest.mark.parametrize("number", [1, 2, 99])
def test_the_name_of_a_follower_is_a_name_and_no_other_has_it(number: int) -> None:
    longest = ["a" * 40, "a" * 39 + "b", "a" * 34, "a"]
    names = {follower_name(one, "retry", number) for one in longest}
    assert len(names) == len(longest)
    for name in names:
        require_name(name)


def test_every_reason_that_passes_is_one_that_devices_report() -> None:
    known = {*REFUSED, *FAILED, *(f"rolled-back:{cause}" for cause in CAUSES), "timed-out", "deferred-too-long"}
    assert set(PASSING) <= known
    assert "rolled-back:crashed" not in PASSING


def test_the_command_shows_counts_then_does_it(failed: FollowLab, fota: FotaCommand) -> None:
    where = ("--bucket", failed.local.bucket)
    dry = fota("rollout", "retry", failed.name, "--reason", "unreachable,rolled-back", *where, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "  1 rolled-back:crashed: left out" in dry.stderr
    assert f"{failed.name}-retry: 2 things" in dry.stdout
    assert fota("rollout", "retry", failed.name, *where).exit_code == 2
    done = fota("rollout", "retry", failed.name, *where, "--yes", "--once")
    assert done.exit_code == 0, done.output
    refused = fota("rollout", "retry", failed.name, "--reason", "known-bad", *where)
    assert (refused.exit_code, "--force" in refused.stderr) == (2, True)
