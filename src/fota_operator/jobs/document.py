"""Job documents: what a job asks a device to do. Pure.

Leaves to others: the device's reading of them, which refuses any field that it does not know.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from fota.trust import envelope as envelopes
from fota.trust.envelope import Envelope
from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from fota_operator.jobs.limits import MAX_DOCUMENT_BYTES
from fota_operator.patches.offers import ALWAYS


@dataclass(frozen=True)
class NamedPatch:
    """A patch as a job document names it: the digest of the image that it starts from, and where and what it is."""

    from_sha256: str
    object_url: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class NamedPatches:
    """The patches of a document. `whole`: "always", "never" or a number of bytes, see the reference of documents."""

    patches: Sequence[NamedPatch]
    whole: str | int


def build_document(
    image: Image,
    object_url: str,
    slot: int | None,
    envelope: Envelope | None = None,
    *,
    insist: bool = False,
    progress: tuple[int, int] | None = None,
    patches: NamedPatches | None = None,
) -> str:
    """The document of an update, as JSON; AWS IoT puts a presigned URL of the object in the place of its URL.

    `slot` None asks for the slot that is spare on the device; `envelope` makes it a release.
    `insist` lets devices try an image again that was rolled back there. `progress`: how many reports of progress a
    device sends at most, and how many percent of the devices send any; None leaves it to them. `patches` are what
    is offered beside the image. *Raises* BadInput.
    """
    fields: dict[str, object] = {
        "operation": "fota",
        "bc_idx": "any" if slot is None else slot,
        "bc_crc": image.md5,
        "bc_size": image.size_bytes,
        "bc_url": _placeholder(object_url),
        "bc_sha256": image.sha256,
    }
    if insist:
        fields["bc_insist"] = True
    if progress is not None:
        fields["x-progress-reports"], fields["x-progress-share"] = progress
    if patches is not None and patches.patches:
        fields["x-patches"] = [
            {
                "from": one.from_sha256,
                "url": _placeholder(one.object_url),
                "size": one.size_bytes,
                "sha256": one.sha256,
            }
            for one in patches.patches
        ]
        if patches.whole != ALWAYS:
            fields["x-whole"] = patches.whole
    if envelope is not None:
        fields["envelope"] = envelopes.fields(envelope)
    return _fitting(fields)


def build_keyring_document(envelope: Envelope) -> str:
    """The document that brings the next keyring, as JSON. *Raises* BadInput."""
    return _fitting({"operation": "fota-keyring", "envelope": envelopes.fields(envelope)})


def _placeholder(object_url: str) -> str:
    return "${aws:iot:s3-presigned-url-v2:" + object_url + "}"


def _fitting(fields: dict[str, object]) -> str:
    document = json.dumps(fields, separators=(",", ":"))
    size_bytes = len(document.encode())
    if size_bytes > MAX_DOCUMENT_BYTES:
        raise BadInput(f"the job document has {size_bytes} bytes", f"AWS IoT takes at most {MAX_DOCUMENT_BYTES}")
    return document
