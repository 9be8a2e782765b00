"""A plan says which things will refuse the release, by what their devices say that they run."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fota_operator.cloud import Cloud
from fota_operator.fleet.said_state import SaidFailure, SaidState
from fota_operator.local.aws import LocalAws
from fota_operator.rate_limiter import SystemClock
from fota_operator.rollouts.plan.model import Plan, Targets
from fota_operator.rollouts.prepare import prepare
from fota_operator.rollouts.refusing import Offered, likely_refusals, refusal_by
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.release_file import write_release
from tests.labs.follow_lab import ANY_WILL_DO, FollowLab
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

OTHER = "a" * 64


@pytest.fixture
def lab(
    cloud: Cloud, local_aws: LocalAws, signatures: Signatures, tmp_path: Path, new_name: Callable[[], str]
) -> FollowLab:
    return FollowLab(cloud, local_aws, signatures, tmp_path, new_name())


def offered(lab: FollowLab, *, insist: bool = False) -> Offered:
    return Offered(lab.release("1.0", seq=1000).manifest, lab.keyring, insist)


def says(lab: FollowLab, thing: str, **state: object) -> None:
    reported = {"format": 1, "product": lab.product, "version": "0.9", "state": "confirmed", **state}
    lab.cloud.iot_data.update_thing_shadow(
        thingName=thing, shadowName="fota", payload=json.dumps({"state": {"reported": reported}}).encode()
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (SaidState(seq=1001, sha256=OTHER), "older-release"),
        (SaidState(seq=1000, sha256=OTHER), "older-release"),
        (SaidState(seq=999, sha256=OTHER), None),
        (SaidState(product="kettle"), "wrong-product"),
        (SaidState(), None),
    ],
)
def test_it_is_judged_as_the_device_will(lab: FollowLab, said: SaidState, reason: str | None) -> None:
    found = refusal_by("t", said, offered(lab))
    assert (found and found.reason) == reason


def test_the_release_that_runs_is_no_older_one(lab: FollowLab) -> None:
    asked = offered(lab)
    assert refusal_by("t", SaidState(seq=1000, sha256=asked.manifest.sha256), asked) is None


def test_a_number_that_the_keyring_voids_is_no_reason(lab: FollowLab) -> None:
    asked = offered(lab)
    asked.keyring.void = {"seq_void": 5000, "seq_mark": 10}  # type: ignore[union-attr]
    assert refusal_by("t", SaidState(seq=6000, sha256=OTHER), asked) is None
    assert refusal_by("t", SaidState(seq=4000, sha256=OTHER), asked) is not None


@pytest.mark.parametrize(("cause", "refuses"), [("crashed", True), ("offline", False), (None, True)])
def test_an_image_that_was_rolled_back_is_known_bad(lab: FollowLab, cause: str | None, refuses: bool) -> None:
    asked = offered(lab)
    failure = SaidFailure(reason="rolled-back", cause=cause, sha256=asked.manifest.sha256)
    found = refusal_by("t", SaidState(last_failure=failure), asked)
    assert (found is not None and found.reason == "known-bad") is refuses
    assert refusal_by("t", SaidState(last_failure=failure), replace(asked, insist=True)) is None
    other = replace(failure, sha256=OTHER)
    assert refusal_by("t", SaidState(last_failure=other), asked) is None


def test_shadows_are_read_and_what_is_not_known_is_counted(lab: FollowLab) -> None:
    newer, fits, _, nonsense = lab.fleet.names
    says(lab, newer, seq=2000, sha256=OTHER)
    says(lab, fits, seq=10, sha256=OTHER)
    says(lab, nonsense, format=99, seq=2000)
    found, unknown = likely_refusals(lab.cloud, lab.fleet.names, offered(lab), SystemClock())
    assert [(one.thing, one.reason) for one in found] == [(newer, "older-release")]
    assert unknown == 2


def test_the_command_says_who_will_refuse_and_why(lab: FollowLab, fota: FotaCommand, tmp_path: Path) -> None:
    newer = lab.fleet.names[0]
    says(lab, newer, seq=2000, sha256=OTHER, version="9")
    write_release(tmp_path / "x.release", lab.release("1.0", seq=1000))
    write_keyring(tmp_path / "keyring.json", lab.keyring)
    things = [word for thing in lab.fleet.names for word in ("--thing", thing)]
    words = ("rollout", "plan", "--release", tmp_path / "x.release", "--keyring", tmp_path / "keyring.json", *things)
    where = ("--bucket", lab.local.bucket, "--role", lab.local.role, "--name", lab.name)
    shown = fota(*words, *where)
    assert shown.exit_code == 0, shown.output
    assert f"Will refuse it, of the first 4 things: 1, {newer} is one (older-release: it runs " in shown.stdout
    assert "seq: expected 2000 or above, got 1000" in shown.stdout
    assert "Of 3 it is not known what they run.\nThis is by what devices last said; hardware, room," in shown.stdout
    told = json.loads(fota(*words, *where, "--json").stdout)["forecast"]
    assert [one["thing"] for one in told["will_refuse"]] == [newer]
    assert told["state_unknown"] == 3


def test_a_forecast_of_nobody_asks_for_no_shadow(lab: FollowLab) -> None:
    release = lab.release("1.0")
    plan = Plan(
        lab.name,
        release.image.sha256,
        Targets(lab.fleet.names),
        ANY_WILL_DO,
        bucket=lab.local.bucket,
        role=lab.local.role,
    )
    assert prepare(lab.cloud, plan, release, lab.keyring).forecast(0).will_refuse is None
