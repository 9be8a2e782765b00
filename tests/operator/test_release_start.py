"""`fota start` with a release: it is known by its content, and the keyring is found beside the keys."""

import json
from pathlib import Path

import pytest

from fota_operator.cloud import Cloud
from fota_operator.images.image import Image
from fota_operator.local.aws import LocalAws
from fota_operator.trust.release import Release
from fota_operator.trust.release_file import write_release
from tests.labs.fota_command import FotaCommand
from tests.labs.release_jobs import keyring, keyring_file, release
from tests.labs.signatures import Signatures

__all__ = ("keyring", "keyring_file", "release")

pytestmark = pytest.mark.e2e


@pytest.fixture
def release_file(release: Release, tmp_path: Path) -> Path:
    write_release(tmp_path / "firmware", release)
    return tmp_path / "firmware"


def test_start_knows_a_release_by_its_content_and_finds_the_keyring_beside_the_keys(
    fota: FotaCommand, release_file: Path, keyring_file: Path, thing: str, local_aws: LocalAws, cloud: Cloud
) -> None:
    result = fota(
        "start", thing, release_file, local_aws.bucket, local_aws.role, "--keys", keyring_file.parent, "--json"
    )
    assert result.exit_code == 0
    started = json.loads(result.stdout)
    assert started["version_id"] in result.stderr
    assert "not signed" not in result.stderr
    assert "envelope" in json.loads(cloud.iot.get_job_document(jobId=started["job_id"])["document"])


def test_start_says_that_a_stand_in_for_aws_may_not_keep_to_the_version(
    fota: FotaCommand, release_file: Path, keyring_file: Path, thing: str, local_aws: LocalAws
) -> None:
    result = fota("start", thing, release_file, local_aws.bucket, local_aws.role, "--keyring", keyring_file)
    assert "stand-in" in result.stderr


def test_start_refuses_a_release_that_was_signed_with_another_time_or_may_be_put_off_for_longer_than_the_job(
    fota: FotaCommand, signatures: Signatures, image: Image, keyring_file: Path, thing: str, local_aws: LocalAws,
    tmp_path: Path,
) -> None:  # fmt: skip
    write_release(tmp_path / "x", signatures.release(image, "a", "b", release="pump-2", within_s=86_400))
    words = ["start", thing, tmp_path / "x", local_aws.bucket, local_aws.role, "--keyring", keyring_file]
    other = fota(*words, "--within", "3 days")
    assert "pump-2 was signed with within = 1 day, and the command asks for 3 days" in other.stderr
    short = fota(*words, "--timeout-minutes", 60)
    assert "--timeout-minutes: expected 1440 or more, got 60" in short.stderr
    assert (other.exit_code, short.exit_code) == (2, 2)
    agreed = fota(*words, "--within", "24 hours", "--urgency", "when-convenient", "--timeout-minutes", 1440, "--json")
    assert (json.loads(agreed.stdout)["within_s"], "TIMED_OUT" in agreed.stderr) == (86_400, False)


def test_start_warns_of_a_time_of_the_job_that_may_end_while_a_device_puts_it_off(
    fota: FotaCommand, release_file: Path, image_file: Path, keyring_file: Path, thing: str, local_aws: LocalAws
) -> None:
    for file in (release_file, image_file):
        words = ["start", thing, file, local_aws.bucket, local_aws.role, "--dry-run"]
        words += ["--keyring", keyring_file] if file == release_file else []
        assert "for longer than 60 minutes ends as TIMED_OUT" in fota(*words, "--timeout-minutes", 60).stderr
        assert "TIMED_OUT" not in fota(*words).stderr
    refused = fota(*words, "--within", "1 day")
    assert (refused.exit_code, "within: expected a release, got an image that is not" in refused.stderr) == (2, True)


def test_start_says_that_an_image_is_not_signed(
    fota: FotaCommand, image_file: Path, thing: str, local_aws: LocalAws
) -> None:
    result = fota("start", thing, image_file, local_aws.bucket, local_aws.role)
    assert (result.exit_code, "not signed" in result.stderr) == (0, True)


def test_start_without_a_keyring_says_where_it_looked(
    elsewhere: FotaCommand, release_file: Path, tmp_path: Path
) -> None:
    result = elsewhere("start", "pump", release_file, "bucket", "role", "--keys", tmp_path / "none")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert str(tmp_path / "none/keyring.json") in result.stderr


def test_start_refuses_with_the_device_s_reason_where_there_is_no_aws_at_all(
    elsewhere: FotaCommand, signatures: Signatures, image: Image, keyring_file: Path, tmp_path: Path
) -> None:
    write_release(tmp_path / "other", signatures.release(image, "a", "b", hardware=("rev-z",)))
    result = elsewhere("start", "pump", tmp_path / "other", "bucket", "role", "--keyring", keyring_file)
    assert (result.exit_code, result.stderr.count("\n"), "wrong-hardware" in result.stderr) == (1, 1, True)


def test_start_refuses_a_release_that_was_cut_short(elsewhere: FotaCommand, release_file: Path) -> None:
    release_file.write_bytes(release_file.read_bytes()[:-1])
    result = elsewhere("start", "pump", release_file, "bucket", "role")
    assert (result.exit_code, result.stderr.count("\n"), "release" in result.stderr) == (2, 1, True)
