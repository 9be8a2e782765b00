"""`fota rollout` as it is typed: what it prints, and its exit status."""

import json
from pathlib import Path

import pytest

from fota_operator.images.image import Image
from fota_operator.rollouts.decide.stages import ordered
from fota_operator.rollouts.run import Runner
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.release_file import write_release
from tests.labs.fleet import fails
from tests.labs.fota_command import FotaCommand
from tests.labs.plan_lab import PlanLab
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e


@pytest.fixture
def plan(lab: PlanLab, tmp_path: Path) -> list[object]:
    """The words after `fota rollout run` for the rollout of the lab: a plan, and the keyring of its devices."""
    write_release(tmp_path / "pump.fota", lab.release)
    write_keyring(tmp_path / "keyring.json", lab.keyring)
    path = tmp_path / "plan.toml"
    path.write_text(
        f"""
        name = "{lab.plan.name}"
        release = "pump.fota"
        bucket = "{lab.local.bucket}"
        role = "{lab.local.role}"
        targets.things = {list(lab.fleet.names)}
        [[stages]]
        name = "canary"
        things = 1
        [[stages]]
        name = "all"
        percent = 100
        """
    )
    return [path, "--keyring", tmp_path / "keyring.json"]


def bucket_of(lab: PlanLab) -> tuple[str, str]:
    return "--bucket", lab.local.bucket


def test_a_plan_is_shown_before_anything_is_made(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    shown = fota("rollout", "plan", *plan, "--json")
    planned = json.loads(shown.stdout)
    order = ordered(lab.plan.name, lab.fleet.names)
    assert [stage["things"] for stage in planned["stages"]] == [order[:1], order[1:]]
    assert planned["forecast"]["without_certificate"] == order
    assert f"no rollout {lab.plan.name}" in fota("rollout", "status", lab.plan.name, *bucket_of(lab)).stderr


def test_a_plan_is_shown_to_people(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    shown = fota("rollout", "plan", *plan)
    assert (shown.exit_code, "to 3 things" in shown.stdout, "canary" in shown.stdout) == (0, True, True)
    assert "Offline now, by the index of the fleet: unknown" in shown.stdout


def test_a_plan_agrees_with_what_was_signed_and_waits_for_as_long(
    fota: FotaCommand, lab: PlanLab, plan: list[object], signatures: Signatures, image: Image
) -> None:
    path = Path(str(plan[0]))
    write_release(path.parent / "pump.fota", signatures.release(image, "maker", release="pump-2", within_s=86_400))
    text = path.read_text()
    path.write_text(f'within = "3 days"\n{text}')
    other = fota("rollout", "plan", *plan)
    assert "release pump-2 was signed with within = 1 day, and the plan asks for 3 days" in other.stderr
    path.write_text(f'within = "1 day"\ntimeout-minutes = 60\n{text}')
    short = fota("rollout", "plan", *plan)
    assert "timeout-minutes: expected 1440 or more, got 60" in short.stderr
    assert (other.exit_code, short.exit_code) == (2, 2)
    path.write_text(f'within = "1 day"\n{text}')
    shown = fota("rollout", "plan", *plan).stdout
    assert "\nDevices may put it off for 1 day, but AWS ends an execution after 1500 minutes in progress.\n" in shown
    in_json = json.loads(fota("rollout", "plan", *plan, "--json").stdout)
    assert (in_json["within_s"], in_json["timeout_minutes"]) == (86_400, 1500)
    assert fota("rollout", "run", *plan, "--yes", "--once").exit_code == 0
    job = lab.cloud.iot.describe_job(jobId=f"fota-{lab.plan.name}-1")["job"]
    assert job["timeoutConfig"] == {"inProgressTimeoutInMinutes": 1500}


def test_a_plan_of_an_urgent_release_says_that_no_device_puts_it_off(
    fota: FotaCommand, lab: PlanLab, plan: list[object], signatures: Signatures, image: Image
) -> None:
    path = Path(str(plan[0]))
    write_release(path.parent / "pump.fota", signatures.release(image, "maker", urgency="now"))
    path.write_text(f'urgency = "now"\n{path.read_text()}')
    shown = fota("rollout", "plan", *plan).stdout
    assert "\nDevices may not put it off: it was signed with urgency now.\n" in shown


def test_nothing_begins_while_nobody_says_yes(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    refused = fota("rollout", "run", *plan)
    assert (refused.exit_code, "to 3 devices, 1 of them at first (canary)" in refused.stderr) == (2, True)
    assert lab.job(f"fota-{lab.plan.name}-1") == "absent"


def test_a_dry_run_of_run_changes_nothing(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    assert fota("rollout", "run", *plan, "--dry-run").exit_code == 0
    assert lab.job(f"fota-{lab.plan.name}-1") == "absent"


def test_more_things_than_allowed_stop_it_before_it_begins(
    fota: FotaCommand, lab: PlanLab, plan: list[object]
) -> None:
    refused = fota("rollout", "run", *plan, "--yes", "--max-things", 2)
    assert (refused.exit_code, "--max-things is 2" in refused.stderr) == (2, True)
    assert lab.job(f"fota-{lab.plan.name}-1") == "absent"


def test_cron_brings_it_to_its_end(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    states = []
    for _ in range(3):
        ran = fota("rollout", "run", *plan, "--yes", "--once", "--json")
        assert ran.exit_code == 0, ran.stderr
        states.append(json.loads(ran.stdout)["state"])
        lab.fleet.turn()
    assert states == ["running", "running", "done"]


def test_ci_goes_as_far_as_the_canary_and_then_on(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    fota("rollout", "run", *plan, "--yes", "--once")
    lab.fleet.turn()
    assert fota("rollout", "wait", lab.plan.name, *bucket_of(lab), "--gate", "canary").exit_code == 0
    assert fota("rollout", "run", *plan, "--until", "canary").exit_code == 0
    assert lab.job(f"fota-{lab.plan.name}-2") == "absent"
    fota("rollout", "run", *plan, "--once")
    lab.fleet.turn()
    assert fota("rollout", "run", *plan).exit_code == 0


def test_a_rollout_that_was_halted_ends_badly(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    lab.fleet.script = lambda thing, document: fails("rolled-back")
    fota("rollout", "run", *plan, "--yes", "--once")
    lab.fleet.turn()
    ran = fota("rollout", "run", *plan)
    assert (ran.exit_code, "is halted" in ran.stderr) == (1, True)
    assert fota("rollout", "wait", lab.plan.name, *bucket_of(lab), "--gate", "canary").exit_code == 1


def test_it_is_paused_resumed_and_aborted(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    fota("rollout", "run", *plan, "--yes", "--once")
    states = [
        json.loads(fota("rollout", verb, lab.plan.name, *bucket_of(lab), "--json").stdout)["state"]
        for verb in ("pause", "resume", "abort", "status")
    ]
    assert states == ["paused", "running", "aborted", "aborted"]


def test_a_run_of_what_is_paused_ends_badly(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    fota("rollout", "run", *plan, "--yes", "--once")
    fota("rollout", "pause", lab.plan.name, *bucket_of(lab))
    ran = fota("rollout", "run", *plan)
    assert (ran.exit_code, f"fota rollout resume {lab.plan.name}" in ran.stderr) == (1, True)


def test_rollouts_are_listed(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    fota("rollout", "run", *plan, "--yes", "--once")
    listed = json.loads(fota("rollout", "list", *bucket_of(lab), "--json").stdout)
    assert ("running", 3) in [(one["state"], one["targets"]) for one in listed if one["name"] == lab.plan.name]


def test_a_rollout_that_cannot_be_read_hides_no_other(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    fota("rollout", "run", *plan, "--yes", "--once")
    lab.cloud.s3.put_object(Bucket=lab.local.bucket, Key="rollouts/a-damaged-plan.json", Body=b"{}")
    try:
        ran = fota("rollout", "list", *bucket_of(lab), "--json")
    finally:
        lab.cloud.s3.delete_object(Bucket=lab.local.bucket, Key="rollouts/a-damaged-plan.json")
    states = {one["name"]: one["state"] for one in json.loads(ran.stdout)}
    assert (ran.exit_code, states["a-damaged-plan"], states[lab.plan.name]) == (0, "unreadable", "running")
    assert "a-damaged-plan: " in ran.stderr


def test_an_image_that_is_not_signed_is_no_release(fota: FotaCommand, image_file: Path) -> None:
    refused = fota("rollout", "plan", "--release", image_file, "--thing", "one")
    assert (refused.exit_code, "is no release" in refused.stderr) == (2, True)


def test_a_thing_and_a_release_are_plan_enough(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    path, *keyring = plan
    assert isinstance(path, Path)
    ran = fota(
        "rollout", "run", "--release", path.parent / "pump.fota", "--thing", lab.fleet.names[0],
        "--name", lab.plan.name, *bucket_of(lab), "--role", lab.local.role, *keyring, "--yes", "--once",
    )  # fmt: skip
    assert ran.exit_code == 0, ran.stderr
    assert lab.job(f"fota-{lab.plan.name}-1") == "IN_PROGRESS"


@pytest.mark.parametrize(("ending", "exit_code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
def test_who_interrupts_a_run_is_told_what_goes_on_and_how_to_come_back(
    fota: FotaCommand,
    lab: PlanLab,
    plan: list[object],
    monkeypatch: pytest.MonkeyPatch,
    ending: BaseException,
    exit_code: int,
) -> None:
    def interrupted(*_: object) -> None:
        raise ending

    monkeypatch.setattr(Runner, "run", interrupted)
    ran = fota("rollout", "run", *plan, "--yes")
    assert (ran.exit_code, f"the jobs of the rollout {lab.plan.name} go on in AWS" in ran.stderr) == (exit_code, True)
    assert f"`fota rollout pause {lab.plan.name}`" in ran.stderr


def test_a_rollout_has_no_single_things_to_choose(fota: FotaCommand, lab: PlanLab, plan: list[object]) -> None:
    fota("rollout", "run", *plan, "--yes", "--once")
    told = fota("watch", lab.plan.name, *bucket_of(lab), "--only", "failed")
    assert (told.exit_code, "is a rollout, and shows no single things" in told.stderr) == (2, True)


def test_a_name_that_is_neither_a_rollout_nor_a_job_is_compared_with_both(
    fota: FotaCommand, lab: PlanLab, plan: list[object]
) -> None:
    fota("rollout", "run", *plan, "--yes", "--once")
    told = fota("watch", f"{lab.plan.name}x", *bucket_of(lab)).stderr
    assert f"there is neither a rollout nor a job {lab.plan.name}x" in told
    assert "did you mean " in told
