import json

import pytest

from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from fota_operator.jobs.document import build_document
from fota_operator.jobs.image_store import object_url
from fota_operator.jobs.start import new_job_id

URL = "https://s3.eu-west-1.amazonaws.com/bucket/fota/aa/image"


def test_a_document_holds_what_a_device_knows_and_nothing_else(image: Image) -> None:
    assert json.loads(build_document(image, URL, 1)) == {
        "operation": "fota",
        "bc_idx": 1,
        "bc_crc": image.md5,
        "bc_size": image.size_bytes,
        "bc_url": "${aws:iot:s3-presigned-url-v2:" + URL + "}",
        "bc_sha256": image.sha256,
    }


def test_a_document_without_a_slot_asks_for_any(image: Image) -> None:
    assert json.loads(build_document(image, URL, None))["bc_idx"] == "any"


def test_a_document_over_32768_bytes_is_refused(image: Image) -> None:
    fits = 32_768 - len(build_document(image, "", None))
    build_document(image, "x" * fits, None)
    with pytest.raises(BadInput, match="32769 bytes"):
        build_document(image, "x" * (fits + 1), None)


@pytest.mark.parametrize(
    ("region", "partition", "host"),
    [
        ("eu-west-1", "aws", "s3.eu-west-1.amazonaws.com"),
        ("us-east-1", "aws", "s3.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "s3.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "aws-cn", "s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_defect_55_the_url_is_of_the_buckets_own_region(region: str, partition: str, host: str) -> None:
    url = object_url("b", "fota/aa/image", region=region, partition=partition)
    assert url == f"https://{host}/b/fota/aa/image"


def test_defect_53_job_ids_do_not_collide_and_fit_however_long_the_things_name() -> None:
    ids = {new_job_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) <= 64 and one.replace("-", "").isalnum() for one in ids)
