"""An image in S3, under a name made from its digest: written once, never overwritten, proven there.

Leaves to others: which bucket, and what the object is for.
"""

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import CloudRefused, NotFound, StoredObjectDiffers
from fota_operator.image import Image

_READ_BYTES = 1024 * 1024
# A HEAD answer has no body: for it, boto3's code is the HTTP status as text.
_ABSENT = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}


@dataclass(frozen=True)
class StoredImage:
    """Where an image lies. `reused` says that it lay there before."""

    bucket: str
    key: str
    reused: bool


def key_of(image: Image) -> str:
    """The name under which an image lies: the same bytes, the same name; other bytes, another."""
    return f"fota/{image.sha256}/image"


def bucket_region(cloud: Cloud, bucket: str) -> str:
    """The region of a bucket that exists and that we may use. *Raises* NotFound, CloudRefused."""
    try:
        with explaining(f"look at the bucket {bucket}"):
            return cloud.s3.head_bucket(Bucket=bucket).get("BucketRegion") or cloud.region
    except CloudRefused as error:
        if error.code in _ABSENT:
            raise NotFound(f"there is no bucket {bucket}", f"make it: `aws s3 mb s3://{bucket}`") from error
        raise


def object_url(bucket: str, key: str, *, region: str, partition: str) -> str:
    """The URL of an object, of its own region and percent-encoded, as a job document names it.

    The bucket stands in the path, since a name with dots fits no certificate as a host.
    """
    domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://s3.{region}.{domain}/{bucket}/{quote(key)}"


def store_image(cloud: Cloud, image: Image, bucket: str) -> StoredImage:
    """Upload the image unless it lies there, and see that what lies there is the image.

    *Raises* StoredObjectDiffers, CloudRefused, CloudUnreachable.
    """
    key = key_of(image)
    reused = _lies_there(cloud, bucket, key) or not _uploaded(cloud, image, bucket, key)
    _prove(cloud, image, bucket, key)
    return StoredImage(bucket=bucket, key=key, reused=reused)


def remove_image(cloud: Cloud, stored: StoredImage) -> None:
    """Delete an image that `store_image` has uploaded; one that lay there before stays."""
    if not stored.reused:
        with explaining(f"remove s3://{stored.bucket}/{stored.key}"):
            cloud.s3.delete_object(Bucket=stored.bucket, Key=stored.key)


def _lies_there(cloud: Cloud, bucket: str, key: str) -> bool:
    try:
        with explaining(f"look for s3://{bucket}/{key}"):
            cloud.s3.head_object(Bucket=bucket, Key=key)
    except CloudRefused as error:
        if error.code in _ABSENT:
            return False
        raise
    return True


def _uploaded(cloud: Cloud, image: Image, bucket: str, key: str) -> bool:
    try:
        with explaining(f"upload the image to s3://{bucket}/{key}"):
            cloud.s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=image.content,
                ContentType="application/octet-stream",
                ChecksumSHA256=_base64(image.sha256),
                IfNoneMatch="*",
            )
    except CloudRefused as error:
        # Somebody uploaded the same image since we looked.
        if error.code == "PreconditionFailed":
            return False
        raise
    return True


def _prove(cloud: Cloud, image: Image, bucket: str, key: str) -> None:
    with explaining(f"verify s3://{bucket}/{key}"):
        head = cloud.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    size_bytes = head["ContentLength"]
    checksum = head.get("ChecksumSHA256")
    if size_bytes == image.size_bytes and (checksum is None or "-" in checksum):
        # Uploaded by something else, without a SHA-256 or with one of its parts (which ends in `-` and their
        # number): then only the bytes themselves can tell.
        checksum = _base64(_sha256_of_object(cloud, bucket, key))
    if size_bytes != image.size_bytes or checksum != _base64(image.sha256):
        raise StoredObjectDiffers(
            f"s3://{bucket}/{key} does not hold the image ({size_bytes} bytes there, {image.size_bytes} here)",
            "find out who changed it, delete it, and run this again",
        )


def _sha256_of_object(cloud: Cloud, bucket: str, key: str) -> str:
    digest = hashlib.sha256()
    with explaining(f"read s3://{bucket}/{key}"):
        body = cloud.s3.get_object(Bucket=bucket, Key=key)["Body"]
        for chunk in body.iter_chunks(_READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _base64(hex_digest: str) -> str:
    return base64.b64encode(bytes.fromhex(hex_digest)).decode()
