"""Releases on their way: verified before AWS is asked anything, pinned to one version, with their envelope."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from fota import envelope as envelopes
from fota import keyring as keyrings
from fota.envelope import Envelope
from fota.keyring import Keyring
from fota_operator.cloud import Access, Cloud, connect
from fota_operator.errors import BadInput, CloudRefused, DeviceWouldRefuse
from fota_operator.images.image import Image
from fota_operator.jobs import StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.store import key_of, pinned, require_versions, store_image
from fota_operator.trust.keyring_job import start_keyring_job
from fota_operator.trust.keyrings import sign_successor, write_envelope, write_keyring
from fota_operator.trust.release import Release
from fota_operator.trust.release_file import write_release

from .conftest import Command, Signatures

pytestmark = pytest.mark.e2e

JobsOf = Callable[[str], list[str]]


class Untouched(Cloud):
    """A cloud that nobody may ask anything."""

    def __init__(self) -> None:
        pass

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(f"asked for {name}")


@pytest.fixture
def keyring(signatures: Signatures) -> Keyring:
    return signatures.keyring("a", "b", threshold=2)


@pytest.fixture
def release(signatures: Signatures, image: Image) -> Release:
    return signatures.release(image, "a", "b")


@pytest.fixture
def granted(request_for: StartRequest, release: Release, keyring: Keyring) -> StartRequest:
    """The request for a release that would be granted."""
    return replace(request_for, envelope=release.envelope, keyring=keyring)


@pytest.fixture
def unversioned(cloud: Cloud, new_name: Callable[[], str]) -> str:
    bucket = f"plain-{new_name()}"
    cloud.s3.create_bucket(Bucket=bucket)
    return bucket


def document_for_device(local_aws: LocalAws, thing: str, job_id: str) -> dict[str, object]:
    """What a device is given, with its presigned URL."""
    environment = local_aws.environment()
    client = boto3.client(
        "iot-jobs-data",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        verify=environment["AWS_CA_BUNDLE"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    execution = client.describe_job_execution(jobId=job_id, thingName=thing, includeJobDocument=True)
    client.close()
    found: dict[str, object] = json.loads(execution["execution"]["jobDocument"])
    return found


def fetched(local_aws: LocalAws, url: object) -> bytes:
    context = ssl.create_default_context(cafile=str(local_aws.ca_bundle))
    with urllib.request.urlopen(str(url), context=context) as answer:
        content: bytes = answer.read()
    return content


# Verified first.


@pytest.mark.parametrize(
    ("claim", "names", "reason"),
    [
        ({"product": "valve"}, ["a", "b"], "wrong-product"),
        ({"hardware": ("rev-b",)}, ["a", "b"], "wrong-hardware"),
        ({"not_after": 1}, ["a", "b"], "not-valid-now"),
        ({}, ["a"], "too-few-signatures"),
        ({}, ["x"], "unknown-key"),
    ],
)
def test_what_a_device_would_refuse_is_refused_before_aws_is_asked_anything(
    signatures: Signatures, image: Image, keyring: Keyring, claim: dict[str, object], names: list[str], reason: str
) -> None:
    made = signatures.release(image, *names, **claim)
    request = StartRequest("pump", image, "bucket", "role", envelope=made.envelope, keyring=keyring)
    with pytest.raises(DeviceWouldRefuse) as caught:
        start_job(Untouched(), request)
    assert caught.value.reason == reason


def test_another_image_than_the_one_that_was_signed_is_not_sent(granted: StartRequest, image: Image) -> None:
    with pytest.raises(DeviceWouldRefuse, match="contradiction"):
        start_job(Untouched(), replace(granted, image=replace(image, sha256="0" * 64)))


def test_a_release_without_a_keyring_is_not_sent(granted: StartRequest) -> None:
    with pytest.raises(BadInput, match="--keyring"):
        start_job(Untouched(), replace(granted, keyring=None))


def test_an_image_that_is_not_signed_is_not_sent_to_a_device_that_has_a_keyring(granted: StartRequest) -> None:
    with pytest.raises(DeviceWouldRefuse, match="unsigned"):
        start_job(Untouched(), replace(granted, envelope=None))


# Sent.


def test_the_job_of_a_release_has_the_fields_of_any_and_its_envelope(
    cloud: Cloud, local_aws: LocalAws, granted: StartRequest, release: Release, image: Image
) -> None:
    started = start_job(cloud, granted)
    document = document_for_device(local_aws, granted.thing, started.job_id)
    url = document.pop("bc_url")
    assert document == {
        "operation": "fota",
        "bc_idx": "any",
        "bc_crc": image.md5,
        "bc_size": image.size_bytes,
        "bc_sha256": image.sha256,
        "envelope": envelopes.fields(release.envelope),
    }
    assert fetched(local_aws, url) == image.content


def test_the_job_of_a_release_names_the_version_that_was_verified(
    cloud: Cloud, granted: StartRequest, image: Image
) -> None:
    started = start_job(cloud, granted)
    head = cloud.s3.head_object(Bucket=granted.bucket, Key=key_of(image))
    assert started.version_id == head["VersionId"] != "null"
    stored = cloud.iot.get_job_document(jobId=started.job_id)["document"]
    assert stored == started.document
    assert json.loads(stored)["bc_url"].endswith(f"/{key_of(image)}?versionId={started.version_id}}}")


def test_on_aws_the_version_is_named_as_aws_documents_it(
    cloud: Cloud, granted: StartRequest, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cloud, "is_aws", True)
    url = json.loads(start_job(cloud, granted, dry_run=True).document)["bc_url"]
    assert url.endswith(f"/{granted.bucket}/{key_of(image)}%3FversionId%3DVERSION-OF-THE-UPLOAD}}")


def test_ministack_does_not_serve_a_version_as_aws_documents_it(
    cloud: Cloud, local_aws: LocalAws, granted: StartRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why there are two forms. When this fails MiniStack has learned it, and one form is enough."""
    monkeypatch.setattr(Cloud, "is_aws", True)
    started = start_job(cloud, granted)
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetched(local_aws, document_for_device(local_aws, granted.thing, started.job_id)["bc_url"])
    assert caught.value.code == 404
    caught.value.close()


@pytest.mark.parametrize(
    ("endpoint_url", "expected"),
    [
        (None, True),
        ("https://iot.eu-west-1.amazonaws.com", True),
        ("https://localhost:4566", False),
        ("https://iot.amazonaws.com.example.net", False),
    ],
)
def test_aws_itself_is_known_by_its_endpoint(endpoint_url: str | None, expected: bool) -> None:
    access = Access(
        endpoint_url=endpoint_url, region="eu-west-1", access_key_id="AKIAEXAMPLE", secret_access_key="example-secret"
    )
    assert connect(access).is_aws is expected


def test_a_version_is_pinned_in_the_form_that_is_understood() -> None:
    url = "https://s3.eu-west-1.amazonaws.com/b/fota/aa/image"
    assert pinned(url, "3sL4kq.J_V", is_aws=True) == url + "%3FversionId%3D3sL4kq.J_V"
    assert pinned(url, "3sL4kq.J_V", is_aws=False) == url + "?versionId=3sL4kq.J_V"


def test_the_version_that_was_verified_stays_whatever_is_written_over_it(
    cloud: Cloud, granted: StartRequest, image: Image
) -> None:
    started = start_job(cloud, granted)
    assert started.version_id is not None
    cloud.s3.put_object(Bucket=started.bucket, Key=started.key, Body=b"something else")
    body = cloud.s3.get_object(Bucket=started.bucket, Key=started.key, VersionId=started.version_id)["Body"]
    assert body.read() == image.content


def test_a_bucket_that_keeps_no_versions_takes_no_release(
    cloud: Cloud, granted: StartRequest, unversioned: str, jobs_of: JobsOf
) -> None:
    with pytest.raises(BadInput, match=f"fota bootstrap --bucket {unversioned}"):
        start_job(cloud, replace(granted, bucket=unversioned))
    assert "Contents" not in cloud.s3.list_objects_v2(Bucket=unversioned)
    assert jobs_of(granted.thing) == []


def test_a_bucket_whose_versions_were_suspended_takes_no_release(cloud: Cloud, unversioned: str) -> None:
    for status in ("Enabled", "Suspended"):
        cloud.s3.put_bucket_versioning(Bucket=unversioned, VersioningConfiguration={"Status": status})  # type: ignore[typeddict-item]
    with pytest.raises(BadInput, match="keeps no versions"):
        require_versions(cloud, unversioned)


def test_an_image_that_lay_there_before_the_bucket_kept_versions_is_pinned_too(
    cloud: Cloud, granted: StartRequest, unversioned: str, image: Image
) -> None:
    store_image(cloud, image, unversioned)
    cloud.s3.put_bucket_versioning(Bucket=unversioned, VersioningConfiguration={"Status": "Enabled"})
    started = start_job(cloud, replace(granted, bucket=unversioned))
    assert (started.reused, started.version_id) == (True, "null")
    body = cloud.s3.get_object(Bucket=unversioned, Key=started.key, VersionId="null")["Body"]
    assert body.read() == image.content


def test_an_image_without_a_signature_still_goes_to_a_bucket_without_versions(
    cloud: Cloud, local_aws: LocalAws, request_for: StartRequest, unversioned: str
) -> None:
    started = start_job(cloud, replace(request_for, bucket=unversioned))
    assert started.version_id is None
    assert "versionId" not in started.document
    assert "envelope" not in json.loads(started.document)


def test_an_upload_for_a_release_that_is_refused_leaves_no_version(
    cloud: Cloud, granted: StartRequest, refusing: Callable[[str, str], None], image: Image
) -> None:
    refusing("CreateJob", "LimitExceededException")
    with pytest.raises(CloudRefused):
        start_job(cloud, granted)
    left = cloud.s3.list_object_versions(Bucket=granted.bucket, Prefix=key_of(image))
    assert (left.get("Versions", []), left.get("DeleteMarkers", [])) == ([], [])


def test_a_dry_run_of_a_release_changes_nothing(cloud: Cloud, granted: StartRequest, jobs_of: JobsOf) -> None:
    started = start_job(cloud, granted, dry_run=True)
    assert json.loads(started.document)["envelope"]
    assert (started.version_id, jobs_of(granted.thing)) == (None, [])


def test_an_envelope_that_makes_the_document_too_long_is_refused_before_the_upload(
    cloud: Cloud, granted: StartRequest, release: Release, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fota_operator.document.MAX_DOCUMENT_BYTES", 1500)
    with pytest.raises(BadInput, match="job document has"):
        start_job(cloud, granted)
    assert "Contents" not in cloud.s3.list_objects_v2(Bucket=granted.bucket, Prefix=key_of(granted.image))


# The commands.


@pytest.fixture
def release_file(release: Release, tmp_path: Path) -> Path:
    write_release(tmp_path / "firmware", release)
    return tmp_path / "firmware"


@pytest.fixture
def keyring_file(keyring: Keyring, signatures: Signatures) -> Path:
    write_keyring(signatures.keys.path / "keyring.json", keyring)
    return signatures.keys.path / "keyring.json"


def test_start_knows_a_release_by_its_content_and_finds_the_keyring_beside_the_keys(
    fota: Command, release_file: Path, keyring_file: Path, thing: str, local_aws: LocalAws, cloud: Cloud
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
    fota: Command, release_file: Path, keyring_file: Path, thing: str, local_aws: LocalAws
) -> None:
    result = fota("start", thing, release_file, local_aws.bucket, local_aws.role, "--keyring", keyring_file)
    assert "stand-in" in result.stderr


def test_start_says_that_an_image_is_not_signed(
    fota: Command, image_file: Path, thing: str, local_aws: LocalAws
) -> None:
    result = fota("start", thing, image_file, local_aws.bucket, local_aws.role)
    assert (result.exit_code, "not signed" in result.stderr) == (0, True)


def test_start_without_a_keyring_says_where_it_looked(elsewhere: Command, release_file: Path, tmp_path: Path) -> None:
    result = elsewhere("start", "pump", release_file, "bucket", "role", "--keys", tmp_path / "none")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert str(tmp_path / "none/keyring.json") in result.stderr


def test_start_refuses_with_the_device_s_reason_where_there_is_no_aws_at_all(
    elsewhere: Command, signatures: Signatures, image: Image, keyring_file: Path, tmp_path: Path
) -> None:
    write_release(tmp_path / "other", signatures.release(image, "a", "b", hardware=("rev-z",)))
    result = elsewhere("start", "pump", tmp_path / "other", "bucket", "role", "--keyring", keyring_file)
    assert (result.exit_code, result.stderr.count("\n"), "wrong-hardware" in result.stderr) == (1, 1, True)


def test_start_refuses_a_release_that_was_cut_short(elsewhere: Command, release_file: Path) -> None:
    release_file.write_bytes(release_file.read_bytes()[:-1])
    result = elsewhere("start", "pump", release_file, "bucket", "role")
    assert (result.exit_code, result.stderr.count("\n"), "release" in result.stderr) == (2, 1, True)


# The next keyring.


@pytest.fixture
def successor(signatures: Signatures, keyring: Keyring) -> Envelope:
    new = signatures.keyring("b", "c", threshold=2, version=2)
    return sign_successor(keyring, new, signatures.signers("a", "b", "c"), any_hardware=False)


def test_the_job_of_a_keyring_carries_its_envelope_and_nothing_else(
    cloud: Cloud, local_aws: LocalAws, thing: str, keyring: Keyring, successor: Envelope
) -> None:
    started = start_keyring_job(cloud, thing, successor, keyring, timeout_minutes=5)
    document = document_for_device(local_aws, thing, started.job_id)
    assert document == {"operation": "fota-keyring", "envelope": envelopes.fields(successor)}
    assert keyrings.successor(keyring, document["envelope"]).version == started.version == 2
    job = cloud.iot.describe_job(jobId=started.job_id)["job"]
    assert job["timeoutConfig"] == {"inProgressTimeoutInMinutes": 5}


def test_a_keyring_that_a_device_would_refuse_is_refused_before_aws_is_asked_anything(
    signatures: Signatures, successor: Envelope
) -> None:
    with pytest.raises(DeviceWouldRefuse, match="unknown-key"):
        start_keyring_job(Untouched(), "pump", successor, signatures.keyring("x", "y"))


def test_a_keyring_can_be_sent_dry(
    cloud: Cloud, thing: str, keyring: Keyring, successor: Envelope, jobs_of: JobsOf
) -> None:
    assert start_keyring_job(cloud, thing, successor, keyring, dry_run=True).dry_run
    assert jobs_of(thing) == []


def test_the_command_sends_a_keyring(
    fota: Command, thing: str, keyring_file: Path, successor: Envelope, tmp_path: Path, jobs_of: JobsOf
) -> None:
    write_envelope(tmp_path / "next", successor)
    result = fota("keys", "send", thing, tmp_path / "next", "--keys", keyring_file.parent)
    assert (result.exit_code, jobs_of(thing)) == (0, [result.stdout.strip()])


def test_a_keyring_for_a_thing_that_is_not_there_ends_in_one_line(
    fota: Command, keyring_file: Path, successor: Envelope, tmp_path: Path
) -> None:
    write_envelope(tmp_path / "next", successor)
    result = fota("keys", "send", "nobody", tmp_path / "next", "--keyring", keyring_file)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "no thing nobody" in result.stderr
