"""An image in S3, under a name made from its digest: written once, never overwritten, verified there.

In a bucket that keeps versions, the verified version has an id: a job can name it, and no later version replaces it.

Leaves to others: which bucket, and what the object is for.
"""

import base64
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypedDict
from urllib.parse import quote

from fota_operator.account.names import default_bucket
from fota_operator.account.no_bucket import no_bucket
from fota_operator.aws_hosts import domain_of
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import BadInput, CloudRefused, StoredObjectDiffers
from fota_operator.images.image import Image

_READ_BYTES = 1024 * 1024
# A HEAD answer has no body: for it, boto3's code is the HTTP status as text.
_ABSENT = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}


class _OfVersion(TypedDict, total=False):
    """The arguments that make boto3 get one version of an object; empty if the bucket keeps no versions."""

    VersionId: str


class _OnlyIf(TypedDict, total=False):
    """The arguments that make S3 write an object only if there is none; empty to replace one."""

    IfNoneMatch: str


class Storable(Protocol):
    """Bytes that are stored, and their digest."""

    @property
    def content(self) -> bytes:
        """The bytes."""

    @property
    def sha256(self) -> str:
        """Their SHA-256, in hex."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""


@dataclass(frozen=True)
class StoredImage:
    """Where an image is stored. `reused`: it was there before. `version_id` is None if there are no versions."""

    bucket: str
    key: str
    reused: bool
    version_id: str | None


def key_of(image: Image) -> str:
    """The key of an image: the same bytes have the same key, other bytes have another."""
    return image_key(image.sha256)


def image_key(sha256: str) -> str:
    """The key of the image with this digest."""
    return f"fota/{sha256}/image"


def patch_key(from_sha256: str, to_sha256: str) -> str:
    """The key of the patch between two images: beside the one that it makes, where the role may read."""
    return f"fota/{to_sha256}/patch-from-{from_sha256}"


def bucket_region(cloud: Cloud, bucket: str) -> str:
    """The region of a bucket that exists and that we may use. *Raises* NotFound, CloudRefused."""
    try:
        with explaining(f"look at the bucket {bucket}"):
            if bucket == default_bucket(cloud):
                # A name that can be guessed: somebody else may have taken it.
                found = cloud.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=cloud.account_id)
            else:
                found = cloud.s3.head_bucket(Bucket=bucket)
            return found.get("BucketRegion") or cloud.region
    except CloudRefused as error:
        if error.code in _ABSENT:
            raise no_bucket(cloud, bucket) from error
        raise


def require_versions(cloud: Cloud, bucket: str) -> None:
    """*Raises* BadInput unless the bucket keeps every version of its objects; CloudRefused."""
    with explaining(f"ask whether the bucket {bucket} keeps versions"):
        status = cloud.s3.get_bucket_versioning(Bucket=bucket).get("Status")
    if status != "Enabled":
        raise BadInput(
            f"the bucket {bucket} keeps no versions, and a release is one version of an object",
            f"turn them on: `fota bootstrap bucket={bucket}`",
        )


def object_url(bucket: str, key: str, *, region: str, partition: str) -> str:
    """The URL of an object in its own region, percent-encoded, as a job document names it.

    The bucket is in the path, since a name with dots fits no certificate as a host.
    """
    return f"https://s3.{region}.{domain_of(partition)}/{bucket}/{quote(key)}"


def pinned(url: str, version_id: str, *, is_aws: bool) -> str:
    """The URL of one version of an object, as a placeholder of AWS IoT takes it.

    The question mark is encoded too:
    https://docs.aws.amazon.com/iot/latest/developerguide/create-manage-jobs.html#create-manage-jobs-presigned-URLs-versioning
    MiniStack would take that for a part of the object's name, so it gets a plain query, which it ignores: its devices
    get the newest version.
    """
    query = f"?versionId={version_id}"
    return url + (quote(query, safe="") if is_aws else query)


def store_image(cloud: Cloud, image: Image, bucket: str) -> StoredImage:
    """Upload the image unless it is there, and verify that the object is the image.

    *Raises* StoredObjectDiffers, CloudRefused, CloudUnreachable.
    """
    key = key_of(image)
    reused = _lies_there(cloud, bucket, key) or not _uploaded(cloud, image, bucket, key)
    version_id = _verify(cloud, image, bucket, key)
    return StoredImage(bucket=bucket, key=key, reused=reused, version_id=version_id)


def store_patch(cloud: Cloud, patch: Storable, bucket: str, key: str) -> StoredImage:
    """Upload a patch unless it is there, and verify it. Another patch between the same images is replaced.

    The compression of two versions of zlib differs, so that two machines may make two patches of the same worth; a
    job of a release names the version of the object. *Raises* StoredObjectDiffers, CloudRefused.
    """
    if _lies_there(cloud, bucket, key):
        with suppress(StoredObjectDiffers):
            return StoredImage(bucket, key, True, _verify(cloud, patch, bucket, key))
    _put(cloud, patch, bucket, key, {})
    return StoredImage(bucket, key, False, _verify(cloud, patch, bucket, key))


def fetch_object(cloud: Cloud, bucket: str, key: str, max_bytes: int) -> bytes | None:
    """The bytes of an object; None if it is not there, or larger. *Raises* CloudRefused, CloudUnreachable."""
    try:
        with explaining(f"read s3://{bucket}/{key}"):
            found = cloud.s3.get_object(Bucket=bucket, Key=key)
            return found["Body"].read() if found["ContentLength"] <= max_bytes else None
    except CloudRefused as error:
        if error.code in _ABSENT:
            return None
        raise


def remove_image(cloud: Cloud, stored: StoredImage) -> None:
    """Delete an image that `store_image` has uploaded; an image that was there before stays."""
    if not stored.reused:
        of_version = _of_version(stored.version_id)
        with explaining(f"remove s3://{stored.bucket}/{stored.key}"):
            # Without the version id, a bucket that keeps versions would only hide the object.
            cloud.s3.delete_object(Bucket=stored.bucket, Key=stored.key, **of_version)


def _lies_there(cloud: Cloud, bucket: str, key: str) -> bool:
    try:
        with explaining(f"look for s3://{bucket}/{key}"):
            cloud.s3.head_object(Bucket=bucket, Key=key)
    except CloudRefused as error:
        if error.code in _ABSENT:
            return False
        raise
    return True


def _put(cloud: Cloud, content: Storable, bucket: str, key: str, only_if: _OnlyIf) -> None:
    with explaining(f"upload s3://{bucket}/{key}"):
        cloud.s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=content.content,
            ContentType="application/octet-stream",
            ChecksumSHA256=_base64(content.sha256),
            **only_if,
        )


def _uploaded(cloud: Cloud, image: Image, bucket: str, key: str) -> bool:
    try:
        _put(cloud, image, bucket, key, {"IfNoneMatch": "*"})
    except CloudRefused as error:
        # Somebody uploaded the same image since we looked.
        if error.code == "PreconditionFailed":
            return False
        raise
    return True


def _verify(cloud: Cloud, image: Storable, bucket: str, key: str) -> str | None:
    """The id of the version that was verified."""
    with explaining(f"verify s3://{bucket}/{key}"):
        head = cloud.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    size_bytes, version_id = head["ContentLength"], head.get("VersionId")
    checksum = head.get("ChecksumSHA256")
    if size_bytes == image.size_bytes and (checksum is None or "-" in checksum):
        # Uploaded by something else, without a SHA-256 or with one of its parts (which ends in `-` and their
        # number): then only the bytes themselves can tell.
        checksum = _base64(_sha256_of_object(cloud, bucket, key, version_id))
    if size_bytes != image.size_bytes or checksum != _base64(image.sha256):
        raise StoredObjectDiffers(
            f"s3://{bucket}/{key} does not hold the image or patch ({size_bytes} bytes, not {image.size_bytes})",
            "find out who changed it, delete it, and run this again",
        )
    return version_id


def _sha256_of_object(cloud: Cloud, bucket: str, key: str, version_id: str | None) -> str:
    digest = hashlib.sha256()
    of_version = _of_version(version_id)
    with explaining(f"read s3://{bucket}/{key}"):
        body = cloud.s3.get_object(Bucket=bucket, Key=key, **of_version)["Body"]
        for chunk in body.iter_chunks(_READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _of_version(version_id: str | None) -> _OfVersion:
    return {} if version_id is None else {"VersionId": version_id}


def _base64(hex_digest: str) -> str:
    return base64.b64encode(bytes.fromhex(hex_digest)).decode()
