import os
from collections.abc import Callable

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import NotFound, StoredObjectDiffers
from fota_operator.images.image import Image
from fota_operator.jobs.image_store import bucket_region, key_of, remove_image, store_image
from fota_operator.local.aws import LocalAws

pytestmark = pytest.mark.e2e


@pytest.fixture
def bucket(local_aws: LocalAws) -> str:
    return local_aws.bucket


def content_of(cloud: Cloud, bucket: str, image: Image) -> bytes:
    return cloud.s3.get_object(Bucket=bucket, Key=key_of(image))["Body"].read()


def test_an_image_is_stored_under_its_digest(cloud: Cloud, image: Image, bucket: str) -> None:
    stored = store_image(cloud, image, bucket)
    assert (stored.key, stored.reused) == (f"fota/{image.sha256}/image", False)
    assert content_of(cloud, bucket, image) == image.content


def test_an_image_that_lies_there_is_used_again(cloud: Cloud, image: Image, bucket: str) -> None:
    store_image(cloud, image, bucket)
    written = cloud.s3.head_object(Bucket=bucket, Key=key_of(image))["LastModified"]
    assert store_image(cloud, image, bucket).reused
    assert cloud.s3.head_object(Bucket=bucket, Key=key_of(image))["LastModified"] == written


@pytest.mark.parametrize("damage", ["shorter", "changed"])
def test_a_damaged_object_is_refused_and_never_overwritten(
    cloud: Cloud, image: Image, bucket: str, damage: str
) -> None:
    other = image.content[:-1] if damage == "shorter" else os.urandom(image.size_bytes)
    cloud.s3.put_object(Bucket=bucket, Key=key_of(image), Body=other)
    with pytest.raises(StoredObjectDiffers, match="does not hold the image"):
        store_image(cloud, image, bucket)
    assert content_of(cloud, bucket, image) == other


def test_an_object_without_a_sha256_is_proven_by_its_bytes(cloud: Cloud, image: Image, bucket: str) -> None:
    cloud.s3.put_object(Bucket=bucket, Key=key_of(image), Body=image.content, ChecksumAlgorithm="CRC32")
    assert "ChecksumSHA256" not in cloud.s3.head_object(Bucket=bucket, Key=key_of(image), ChecksumMode="ENABLED")
    assert store_image(cloud, image, bucket).reused


def test_somebody_else_uploading_the_same_image_at_the_same_time_is_no_error(
    cloud: Cloud, image: Image, bucket: str
) -> None:
    def first(**_: object) -> None:
        cloud.s3.meta.events.unregister("before-call.s3.PutObject", first)
        cloud.s3.put_object(Bucket=bucket, Key=key_of(image), Body=image.content)

    cloud.s3.meta.events.register("before-call.s3.PutObject", first)
    assert store_image(cloud, image, bucket).reused


def test_only_what_was_uploaded_is_removed(
    cloud: Cloud, image: Image, bucket: str, objects: Callable[[], set[str]]
) -> None:
    uploaded = store_image(cloud, image, bucket)
    remove_image(cloud, store_image(cloud, image, bucket))
    assert uploaded.key in objects()
    remove_image(cloud, uploaded)
    assert uploaded.key not in objects()


def test_a_bucket_that_is_not_there_is_named(cloud: Cloud) -> None:
    with pytest.raises(NotFound, match="no bucket nobodys-bucket"):
        bucket_region(cloud, "nobodys-bucket")


def test_the_region_of_a_bucket_is_its_own(cloud: Cloud) -> None:
    cloud.s3.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert bucket_region(cloud, "far-away") == "eu-west-1"


@pytest.mark.parametrize("is_default", [True, False])
def test_of_the_default_bucket_alone_it_is_asked_whether_it_is_ours(
    cloud: Cloud, bucket: str, monkeypatch: pytest.MonkeyPatch, is_default: bool
) -> None:
    # Its name can be guessed, and so taken; another one was named by whoever uses it. The local AWS asks nobody.
    if is_default:
        monkeypatch.setattr("fota_operator.jobs.image_store.default_bucket", lambda _cloud: bucket)
    asked: list[object] = []

    def note(params: dict[str, object], **_: object) -> None:
        asked.append(params.get("ExpectedBucketOwner"))

    cloud.s3.meta.events.register("provide-client-params.s3.HeadBucket", note)
    try:
        bucket_region(cloud, bucket)
    finally:
        cloud.s3.meta.events.unregister("provide-client-params.s3.HeadBucket", note)
    assert asked == [cloud.account_id if is_default else None]
