"""The job document of an update: what a device is told. Pure.

Leaves to others: the device's reading of it, which refuses any field that it does not know.
"""

import json

from fota_operator.errors import BadInput
from fota_operator.image import Image

MAX_DOCUMENT_BYTES = 32_768
"""AWS: https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html (Jobs quotas)"""


def build_document(image: Image, object_url: str, slot: int | None) -> str:
    """The document, as JSON; AWS IoT puts a presigned URL of the object in the place of its URL.

    `slot` None asks for whichever slot is spare on the device. *Raises* BadInput.
    """
    document = json.dumps(
        {
            "operation": "fota",
            "bc_idx": "any" if slot is None else slot,
            "bc_crc": image.md5,
            "bc_size": image.size_bytes,
            "bc_url": "${aws:iot:s3-presigned-url-v2:" + object_url + "}",
            "bc_sha256": image.sha256,
        },
        separators=(",", ":"),
    )
    size_bytes = len(document.encode())
    if size_bytes > MAX_DOCUMENT_BYTES:
        raise BadInput(f"the job document has {size_bytes} bytes", f"AWS IoT takes at most {MAX_DOCUMENT_BYTES}")
    return document
