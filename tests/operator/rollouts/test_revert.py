"""Things go back to the release before: as a rollout of its own, of the same bytes under a new number."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fota.trust.errors import OlderRelease
from fota.trust.floor import Floor
from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, DeviceWouldRefuse, NotFound
from fota_operator.jobs.look_up import envelope_in, manifest_in
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.history import followers
from fota_operator.rollouts.revert import AT_ONCE, under_way, way_back
from fota_operator.rollouts.run import RunOptions
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.release import require_taken
from fota_operator.trust.release_file import write_release
from tests.labs.fleet import SUCCEEDS, fails
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
def left(lab: FollowLab) -> FollowLab:
    """All four took the older release, and three the newer one."""
    lab.older, lab.newer = lab.release("1.0"), lab.release("2.0")  # type: ignore[attr-defined]
    lab.offer(f"{lab.name}-old", lab.older)  # type: ignore[attr-defined]
    failing = lab.fleet.names[0]
    lab.offer(lab.name, lab.newer, lambda thing, _: fails("unreachable") if thing == failing else SUCCEEDS)  # type: ignore[attr-defined]
    lab.answer()
    return lab


def words(lab: FollowLab, folder: Path) -> list[object]:
    """The options that a test of the command always gives."""
    if not (folder / "keyring.json").exists():
        write_keyring(folder / "keyring.json", lab.keyring)
    return [
        *("--bucket", lab.local.bucket, "--keys", lab.signatures.keys.path, "--keyring", folder / "keyring.json"),
        *("--sign", "maker"),
    ]


def test_those_that_took_it_are_offered_the_bytes_before_under_a_number_that_they_take(left: FollowLab) -> None:
    found = way_back(left.rollout, left.keyring)
    prepared = found.signed(left.signatures.signers("maker"))
    status = prepared.run(clock=left.clock)
    assert (status.name, status.state) == (f"{left.name}-back", "done")
    assert set(found.plan.targets.things) == set(left.fleet.names[1:])
    assert [len(stage.job_ids) for stage in status.stages] == [1, 1]
    assert status.stages[0].things == 2

    document = left.document(f"{left.name}-back")
    envelope, manifest = envelope_in(document), manifest_in(document)
    assert envelope is not None
    assert manifest is not None
    older = left.older  # type: ignore[attr-defined]
    require_taken(envelope, older.image, left.keyring)
    floor = Floor().after_healthy_boot(left.newer.manifest)  # type: ignore[attr-defined]
    floor.require(manifest)
    with pytest.raises(OlderRelease):
        floor.require(older.manifest)
    assert (manifest.version, manifest.hardware) == (older.manifest.version, older.manifest.hardware)


def test_what_is_killed_goes_on_with_the_same_document_and_the_same_things(left: FollowLab) -> None:
    way_back(left.rollout, left.keyring).signed(left.signatures.signers("maker")).run(ONCE, clock=left.clock)
    first = left.document(f"{left.name}-back")
    going_on = under_way(left.rollout)
    assert going_on is not None
    going_on.clock = left.clock
    assert going_on.run().state == "done"
    assert left.document(f"{left.name}-back") == first


def test_running_it_again_when_all_are_back_is_harmless_and_says_done(left: FollowLab) -> None:
    way_back(left.rollout, left.keyring).signed(left.signatures.signers("maker")).run(clock=left.clock)
    again = under_way(left.rollout)
    assert again is not None
    assert again.run().state == "done"
    assert len(followers(left.cloud, left.name, "back", left.local.bucket)[0]) == 1


def test_what_is_killed_before_its_first_job_goes_on_with_its_own_plan(left: FollowLab, monkeypatch: object) -> None:
    from fota_operator.rollouts.aws.plan_store import store_plan

    prepared = way_back(left.rollout, left.keyring).signed(left.signatures.signers("maker"))
    store_plan(left.cloud, prepared.reader.stored)
    again = way_back(left.rollout, left.keyring, stages=AT_ONCE)
    assert again.plan == prepared.plan
    assert again.signed(left.signatures.signers("maker")).run(clock=left.clock).state == "done"


def test_things_that_took_another_release_since_then_are_left_alone(left: FollowLab) -> None:
    moved = left.fleet.names[1]
    left.offer(f"{left.name}-third", left.release("3.0"), things=(moved,))
    assert set(way_back(left.rollout, left.keyring).plan.targets.things) == set(left.fleet.names[2:])


def test_when_all_are_back_there_is_nothing_left_to_do(left: FollowLab) -> None:
    way_back(left.rollout, left.keyring).signed(left.signatures.signers("maker")).run(clock=left.clock)
    with pytest.raises(BadInput, match="no thing still has the release of the rollout"):
        way_back(left.rollout, left.keyring)


def test_without_a_release_before_it_asks_for_a_file_and_takes_one(lab: FollowLab) -> None:
    older = lab.release("1.0")
    lab.offer(lab.name, lab.release("2.0"))
    with pytest.raises(NotFound, match=r"no rollout of .* before .*`to`"):
        way_back(lab.rollout, lab.keyring)
    assert way_back(lab.rollout, lab.keyring, to=older).plan.release == older.image.sha256


def test_what_was_signed_by_somebody_else_is_not_signed_again(lab: FollowLab) -> None:
    theirs = lab.signatures.keyring("mallory", product=lab.product)
    lab.offer(f"{lab.name}-old", lab.release("1.0", "mallory"), keyring=theirs)
    lab.offer(lab.name, lab.release("2.0"))
    with pytest.raises(DeviceWouldRefuse, match="unknown-key"):
        way_back(lab.rollout, lab.keyring)


def test_another_image_in_the_place_of_the_one_before_is_not_signed(left: FollowLab) -> None:
    key = f"fota/{left.older.image.sha256}/image"  # type: ignore[attr-defined]
    left.cloud.s3.put_object(Bucket=left.local.bucket, Key=key, Body=left.image("1.0").content)
    with pytest.raises(BadInput, match="its image is not the one that was signed"):
        way_back(left.rollout, left.keyring)


def test_an_image_that_is_gone_is_asked_for(left: FollowLab) -> None:
    key = f"fota/{left.older.image.sha256}/image"  # type: ignore[attr-defined]
    left.cloud.s3.delete_object(Bucket=left.local.bucket, Key=key)
    with pytest.raises(NotFound, match=r"is not in s3.*`to`"):
        way_back(left.rollout, left.keyring)


def test_a_key_that_may_not_sign_is_refused_before_anything_is_made(left: FollowLab) -> None:
    found = way_back(left.rollout, left.keyring)
    with pytest.raises(DeviceWouldRefuse, match="unknown-key"):
        found.signed(left.signatures.signers("mallory"))
    assert followers(left.cloud, left.name, "back", left.local.bucket)[0] == []


def test_below_a_security_version_that_was_raised_there_is_no_way_back(lab: FollowLab) -> None:
    lab.offer(f"{lab.name}-old", lab.release("1.0"))
    lab.offer(lab.name, lab.release("2.0", secver=1))
    with pytest.raises(DeviceWouldRefuse, match="security version to 1"):
        way_back(lab.rollout, lab.keyring)


def test_after_a_number_that_was_far_too_high_the_next_one_is_taken(lab: FollowLab) -> None:
    lab.offer(f"{lab.name}-old", lab.release("1.0"))
    lab.offer(lab.name, lab.release("2.0", seq=8_000_000_000_000_000, allow_jump=True))
    found = way_back(lab.rollout, lab.keyring)
    found.signed(lab.signatures.signers("maker")).run(ONCE, clock=lab.clock)
    manifest = manifest_in(lab.document(f"{lab.name}-back"))
    assert manifest is not None
    assert manifest.seq == 8_000_000_000_000_001


def test_what_is_still_offered_is_ended_first(lab: FollowLab) -> None:
    lab.offer(f"{lab.name}-old", lab.release("1.0"))
    lab.fleet.offline.update(lab.fleet.names)
    lab.offer(lab.name, lab.release("2.0"), options=ONCE)
    with pytest.raises(BadInput, match=r"is running: .*fota rollout abort"):
        way_back(lab.rollout, lab.keyring)


def test_the_command_shows_then_does_and_says_what_it_did(left: FollowLab, fota: FotaCommand, tmp_path: Path) -> None:
    options = words(left, tmp_path)
    dry = fota("rollout", "revert", left.name, *options, "--dry-run")
    assert (dry.exit_code, "Nothing was changed." in dry.stderr) == (0, True), dry.output
    assert f"back to {left.product} 1.0, the release of the rollout {left.name}-old" in dry.stderr
    assert f"{left.name}-back: 3 things" in dry.stdout
    asked = fota("rollout", "revert", left.name, *options)
    assert (asked.exit_code, "Take 3 devices back to 1.0?" in asked.stderr) == (2, True)
    for _ in range(3):
        done = fota("rollout", "revert", left.name, *options, "--yes", "--once")
        left.fleet.turn()
    assert done.exit_code == 0, done.output
    assert left.status(f"{left.name}-back").state == "done"


def test_the_command_names_the_option_that_is_missing(left: FollowLab, fota: FotaCommand, tmp_path: Path) -> None:
    refused = fota("rollout", "revert", left.name, *words(left, tmp_path)[:-2])
    assert (refused.exit_code, "--sign: missing" in refused.stderr) == (2, True)


def test_the_command_takes_a_file(lab: FollowLab, fota: FotaCommand, tmp_path: Path) -> None:
    write_release(tmp_path / "old.release", lab.release("1.0"))
    lab.offer(lab.name, lab.release("2.0"))
    options = words(lab, tmp_path)
    assert "--to" in fota("rollout", "revert", lab.name, *options, "--dry-run").stderr
    shown = fota("rollout", "revert", lab.name, *options, "--to", tmp_path / "old.release", "--dry-run")
    assert (shown.exit_code, "1.0, the release of the file" in shown.stderr) == (0, True), shown.output
