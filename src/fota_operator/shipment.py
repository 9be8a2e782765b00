"""Firmware on its way into a job: checked as its devices would, stored, proven, and named in a job document.

Leaves to others: to whom it goes (`jobs`, `rollouts`), the object in S3 (`store`), the text (`document`).
"""

from dataclasses import dataclass

from fota.envelope import Envelope
from fota.keyring import Keyring
from fota_operator.account.roles import presign_role_arn
from fota_operator.cloud import Cloud
from fota_operator.document import build_document
from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from fota_operator.store import (
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
"""S3's name for the version of an object that lay there before its bucket kept versions."""
_VERSION_TO_COME = "VERSION-OF-THE-UPLOAD"


@dataclass(frozen=True)
class Firmware:
    """An image, and with an `envelope` a release; `keyring` is that of the devices, and decides.

    `slot` None takes the image's own, or else whichever is spare.
    """

    image: Image
    envelope: Envelope | None = None
    keyring: Keyring | None = None
    slot: int | None = None


@dataclass(frozen=True)
class Shipment:
    """Firmware that passed every check: all that AWS is going to be told, but for the version of the object."""

    firmware: Firmware
    bucket: str
    role_arn: str
    object_url: str
    is_aws: bool

    @property
    def key(self) -> str:
        """The name of the object in the bucket."""
        return key_of(self.firmware.image)

    def document(self, version_id: str = _VERSION_TO_COME) -> str:
        """The job document, of a release with that version of the object; before the upload nobody knows it.

        *Raises* BadInput if it is too long.
        """
        url = self.object_url
        if self.firmware.envelope is not None:
            url = pinned(url, version_id, is_aws=self.is_aws)
        return build_document(self.firmware.image, url, _slot(self.firmware), self.firmware.envelope)


@dataclass(frozen=True)
class Shipped:
    """What lies in S3 and the document that names it. `version_id` None: the job names no version."""

    stored: StoredImage
    document: str
    version_id: str | None


def check_shipment(cloud: Cloud, firmware: Firmware, *, bucket: str, role: str) -> Shipment:
    """Check the firmware, then the role, the bucket and the length of the document. Changes nothing.

    *Raises* BadInput, DeviceWouldRefuse, NotFound, CloudRefused.
    """
    require_sendable(firmware)
    role_arn = presign_role_arn(cloud, role)
    region = bucket_region(cloud, bucket)
    if firmware.envelope is not None:
        require_versions(cloud, bucket)
    url = object_url(bucket, key_of(firmware.image), region=region, partition=cloud.partition)
    shipment = Shipment(firmware, bucket, role_arn, url, cloud.is_aws)
    shipment.document(_LONGEST_VERSION)
    return shipment


def ship(cloud: Cloud, shipment: Shipment) -> Shipped:
    """Upload the image unless it lies there, and prove it. *Raises* StoredObjectDiffers, CloudRefused."""
    stored = store_image(cloud, shipment.firmware.image, shipment.bucket)
    if shipment.firmware.envelope is None:
        return Shipped(stored, shipment.document(), None)
    version_id = stored.version_id or _VERSION_BEFORE_VERSIONS
    return Shipped(stored, shipment.document(version_id), version_id)


def require_sendable(firmware: Firmware) -> None:
    """Check the firmware alone, asking nobody. *Raises* BadInput, DeviceWouldRefuse."""
    _slot(firmware)
    if firmware.envelope is None:
        if firmware.keyring is not None:
            raise refusal("unsigned", "the image is not signed")
        return
    if firmware.keyring is None:
        raise BadInput("a release is verified before it is sent, and no keyring was given", "name one with --keyring")
    require_taken(firmware.envelope, firmware.image, firmware.keyring)


def _slot(firmware: Firmware) -> int | None:
    slot, linked_for = firmware.slot, firmware.image.slot
    if slot is not None and slot < 0:
        raise BadInput(f"--slot: expected 0 or more, got {slot}", "name a slot of the device")
    if slot is not None and linked_for not in (None, slot):
        raise BadInput(
            f"the image is linked for slot {linked_for} and cannot run in slot {slot}",
            f"leave out --slot, or link it for slot {slot}",
        )
    return linked_for if slot is None else slot
