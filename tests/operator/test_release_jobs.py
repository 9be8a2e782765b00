"""Releases on their way: verified before AWS is asked anything, pinned to one version, with their envelope."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace

import pytest

from fota.trust import envelope as envelopes
from fota.trust.keyring import Keyring
from fota_operator.cloud import Access, Cloud, connect
from fota_operator.errors import BadInput, CloudRefused, DeviceWouldRefuse
from fota_operator.images.image import Image
from fota_operator.jobs.image_store import key_of, pinned, require_versions, store_image
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.trust.release import Release
from tests.labs.release_jobs import Untouched, document_for_device, keyring, release
from tests.labs.signatures import Signatures

__all__ = ("keyring", "release")

pytestmark = pytest.mark.e2e

JobsOf = Callable[[str], list[str]]


@pytest.fixture
def granted(request_for: StartRequest, release: Release, keyring: Keyring) -> StartRequest:
    """The request for a release that would be granted."""
    return replace(request_for, envelope=release.envelope, keyring=keyring)


@pytest.fixture
def unversioned(cloud: Cloud, new_name: Callable[[], str]) -> str:
    bucket = f"plain-{new_name()}"
    cloud.s3.create_bucket(Bucket=bucket)
    return bucket


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
    with pytest.raises(BadInput, match="`keyring`"):
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
    with pytest.raises(BadInput, match=f"fota bootstrap bucket={unversioned}"):
        start_job(cloud, replace(granted, bucket=unversioned))
    assert "Contents" not in cloud.s3.list_objects_v2(Bucket=unversioned)
    assert jobs_of(granted.thing) == []


def test_a_bucket_whose_versions_were_suspended_takes_no_release(cloud: Cloud, unversioned: str) -> None:
    for status in ("Enabled", "Suspended"):
        cloud.s3.put_bucket_versioning(Bucket=unversioned, VersioningConfiguration={"Status": status})
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
    monkeypatch.setattr("fota_operator.jobs.document.MAX_DOCUMENT_BYTES", 1500)
    with pytest.raises(BadInput, match="job document has"):
        start_job(cloud, granted)
    assert "Contents" not in cloud.s3.list_objects_v2(Bucket=granted.bucket, Prefix=key_of(granted.image))
