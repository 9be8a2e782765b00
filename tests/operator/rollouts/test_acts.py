"""Who began, paused, resumed and aborted a rollout, and when."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fota_operator.cli.rollout_status import act_in_words
from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.aws.acts import act_value, acts_in, caller_tag
from fota_operator.rollouts.control import abort, pause
from fota_operator.rollouts.decide.status import RolloutAct
from fota_operator.rollouts.run import RunOptions, resume
from tests.labs.follow_lab import FollowLab
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

BEGAN = datetime(2026, 3, 4, 9, 30, tzinfo=timezone.utc)
ARN = "arn:aws:sts::123456789012:assumed-role/Operators/alice@example.com"


@pytest.fixture
def begun(
    cloud: Cloud, local_aws: LocalAws, signatures: Signatures, tmp_path: Path, new_name: Callable[[], str]
) -> FollowLab:
    lab = FollowLab(cloud, local_aws, signatures, tmp_path, new_name())
    lab.fleet.offline.update(lab.fleet.names)
    lab.offer(lab.name, lab.release("1.0"), options=RunOptions(once=True))
    return lab


def test_each_act_is_told_with_its_time_and_who_did_it(begun: FollowLab) -> None:
    pause(begun.rollout)
    resume(begun.rollout)
    abort(begun.rollout)
    acts = begun.status(begun.name).acts
    assert [one.act for one in acts] == ["began", "paused", "resumed", "aborted"]
    assert {one.by for one in acts} == {begun.cloud.caller_arn}
    now = datetime.now(timezone.utc)
    assert all(one.at is not None and now - one.at < timedelta(minutes=5) for one in acts)


def test_a_dry_run_is_no_act(begun: FollowLab) -> None:
    pause(begun.rollout, dry_run=True)
    assert [one.act for one in begun.status(begun.name).acts] == ["began"]


def test_the_command_tells_people_and_programs(begun: FollowLab, fota: FotaCommand) -> None:
    where = ("--bucket", begun.local.bucket)
    assert fota("rollout", "pause", begun.name, *where).exit_code == 0
    shown = fota("rollout", "status", begun.name, *where).stdout
    (began, paused) = shown.splitlines()[-2:]
    assert began.startswith("began 20")
    assert paused.startswith("paused 20")
    assert began.endswith(f" UTC by {begun.cloud.caller_arn}")
    listed = fota("rollout", "list", *where).stdout
    (row,) = [line for line in listed.splitlines() if line.startswith(begun.name + " ")]
    assert "paused 20" in row
    in_json = json.loads(fota("rollout", "status", begun.name, *where, "--json").stdout)
    assert [one["act"] for one in in_json["acts"]] == ["began", "paused"]


def test_the_newest_is_the_last() -> None:
    tags = {
        "fota:paused": act_value(ARN, BEGAN + timedelta(hours=2)),
        "fota:resumed": act_value(ARN, BEGAN + timedelta(hours=1)),
        "fota:by": caller_tag(ARN),
    }
    assert [one.act for one in acts_in(tags, BEGAN)] == ["began", "resumed", "paused"]


def test_what_an_older_version_began_does_not_say_who() -> None:
    assert acts_in({}, BEGAN) == (RolloutAct("began", BEGAN, None),)
    assert act_in_words(acts_in({}, BEGAN)[0]) == "began 2026-03-04 09:30:00 UTC by somebody"


def test_a_tag_that_somebody_else_wrote_is_text_and_nothing_more() -> None:
    (_, odd) = acts_in({"fota:paused": "\x1b[2Jnever by me"}, BEGAN)
    assert (odd.at, odd.by) == (None, odd.by)
    assert "\x1b" not in act_in_words(odd)
    assert act_in_words(odd).startswith("paused at an unknown time by ")


def test_a_name_is_short_in_a_list() -> None:
    assert act_in_words(RolloutAct("began", BEGAN, ARN), short=True).endswith(" by alice@example.com")


@given(st.text(min_size=1, max_size=400))
def test_any_name_fits_into_a_tag_of_aws(name: str) -> None:
    value = act_value(f"arn:aws:sts::1:assumed-role/x/{name}", BEGAN)
    assert len(value) <= 256
    assert all(one.isascii() and (one.isalnum() or one in " _.:/=+@-") for one in value)
