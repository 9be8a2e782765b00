"""Publishes firmware for a job: checks it as devices do, stores and verifies it, and names it in a job document.

Leaves to others: who gets it (`start`, `rollouts`), the object in S3 (`image_store`), the text (`document`).
"""

from dataclasses import dataclass, replace

from fota.trust import manifest as manifests
from fota.trust.envelope import Envelope
from fota.trust.keyring import Keyring
from fota.trust.manifest import Manifest
from fota_operator.account.roles import presign_role_arn
from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from fota_operator.jobs.document import build_document
from fota_operator.jobs.image_store import (
    StoredImage,
    bucket_region,
    key_of,
    object_url,
    pinned,
    require_versions,
    store_image,
)
from fota_operator.trust.release import refusal, require_taken

# S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
_LONGEST_VERSION = "x" * 1024
_VERSION_BEFORE_VERSIONS = "null"
"""S3's version id for an object that was uploaded before its bucket kept versions."""
_VERSION_TO_COME = "VERSION-OF-THE-UPLOAD"


@dataclass(frozen=True)
class Firmware:
    """An image; with an `envelope` it is a release, and the devices' `keyring` decides whether it may be published.

    `slot` None means the image's own slot, or, if it has none, the slot that is spare on the device.
    `insist`: devices on which it was rolled back try it again, instead of refusing it as `known-bad`.
    """

    image: Image
    envelope: Envelope | None = None
    keyring: Keyring | None = None
    slot: int | None = None
    insist: bool = False


@dataclass(frozen=True)
class Publication:
    """Firmware that passed every check: everything that AWS will be given, except the version of the object."""

    firmware: Firmware
    bucket: str
    role_arn: str
    object_url: str
    is_aws: bool
    progress: tuple[int, int] | None = None
    """How many reports of progress a device sends at most, and the percentage of devices that send any."""

    @property
    def key(self) -> str:
        """The name of the object in the bucket."""
        return key_of(self.firmware.image)

    def document(self, version_id: str = _VERSION_TO_COME) -> str:
        """The job document; for a release it names that version of the object, which is unknown before the upload.

        *Raises* BadInput if it is too long.
        """
        firmware, url = self.firmware, self.object_url
        if firmware.envelope is not None:
            url = pinned(url, version_id, is_aws=self.is_aws)
        return build_document(
            firmware.image,
            url,
            _slot(firmware),
            firmware.envelope,
            insist=firmware.insist,
            progress=self.progress,
        )

    def with_progress(self, reports: int, share: int) -> "Publication":
        """The same, with that many reports of progress; the job document says it. *Raises* BadInput if too long."""
        limited = replace(self, progress=(reports, share))
        limited.document(_LONGEST_VERSION)
        return limited


@dataclass(frozen=True)
class Published:
    """The object in S3, and the job document that names it. `version_id` None: the job names no version."""

    stored: StoredImage
    document: str
    version_id: str | None


def check_publication(cloud: Cloud, firmware: Firmware, *, bucket: str, role: str) -> Publication:
    """Check the firmware, then the role, the bucket and the length of the document. Changes nothing.

    *Raises* BadInput, DeviceWouldRefuse, NotFound, CloudRefused.
    """
    require_publishable(firmware)
    role_arn = presign_role_arn(cloud, role)
    region = bucket_region(cloud, bucket)
    if firmware.envelope is not None:
        require_versions(cloud, bucket)
    url = object_url(bucket, key_of(firmware.image), region=region, partition=cloud.partition)
    publication = Publication(firmware, bucket, role_arn, url, is_aws=not cloud.is_stand_in)
    publication.document(_LONGEST_VERSION)
    return publication


def ship(cloud: Cloud, publication: Publication) -> Published:
    """Upload the image unless it is there, and verify the object. *Raises* StoredObjectDiffers, CloudRefused."""
    stored = store_image(cloud, publication.firmware.image, publication.bucket)
    if publication.firmware.envelope is None:
        return Published(stored, publication.document(), None)
    version_id = stored.version_id or _VERSION_BEFORE_VERSIONS
    return Published(stored, publication.document(version_id), version_id)


def require_publishable(firmware: Firmware) -> None:
    """Check the firmware without asking AWS. *Raises* BadInput, DeviceWouldRefuse."""
    _slot(firmware)
    if firmware.envelope is None:
        if firmware.keyring is not None:
            raise refusal("unsigned", "the image is not signed")
        return
    if firmware.keyring is None:
        raise BadInput("a release is verified before it is sent, and no keyring was given", "name one with `keyring`")
    require_taken(firmware.envelope, firmware.image, firmware.keyring)


def manifest_of(firmware: Firmware) -> Manifest | None:
    """What was signed of firmware that passed the checks; None if it is an image alone."""
    return None if firmware.envelope is None else manifests.parse(firmware.envelope.payload)


def _slot(firmware: Firmware) -> int | None:
    slot, linked_for = firmware.slot, firmware.image.slot
    if slot is not None and slot < 0:
        raise BadInput(f"`slot`: expected 0 or more, got {slot}", "name a slot of the device")
    if slot is not None and linked_for not in (None, slot):
        raise BadInput(
            f"the image is linked for slot {linked_for} and cannot run in slot {slot}",
            f"leave out `slot`, or link it for slot {slot}",
        )
    return linked_for if slot is None else slot
