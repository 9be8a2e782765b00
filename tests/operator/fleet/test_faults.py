from collections.abc import Callable
from dataclasses import replace

import pytest

from fota_operator.account.roles import presign_role_arn
from fota_operator.cloud import Cloud
from fota_operator.errors import CloudUnreachable
from fota_operator.images.image import Image
from fota_operator.jobs.image_store import store_image
from fota_operator.local.aws import LocalAws
from tests.labs.aws_faults import Proxy, answer_lost, cut_in_the_middle, hung_up, request_lost, throttled

pytestmark = pytest.mark.e2e


def test_what_is_asked_through_the_proxy_is_answered_and_known_by_its_name(
    through: Cloud, proxy: Proxy, local_aws: LocalAws, image: Image
) -> None:
    store_image(through, image, local_aws.bucket)
    presign_role_arn(through, local_aws.role)
    through.iot.create_thing(thingName="through-the-proxy")
    through.iot.describe_thing(thingName="through-the-proxy")
    assert [call for call in proxy.calls if not call.startswith("sts")] == [
        "s3.HeadObject", "s3.PutObject", "s3.HeadObject", "iam.GetRole", "iot.CreateThing", "iot.DescribeThing"
    ]  # fmt: skip


def test_a_request_whose_answer_is_lost_has_taken_effect(through: Cloud, proxy: Proxy, cloud: Cloud) -> None:
    proxy.on("iot.CreateThingGroup", answer_lost, answer_lost, answer_lost, answer_lost)
    with pytest.raises(Exception, match="Connection was closed"):
        through.iot.create_thing_group(thingGroupName="answer-lost")
    assert cloud.iot.describe_thing_group(thingGroupName="answer-lost")["thingGroupName"] == "answer-lost"


def test_a_request_that_is_lost_has_no_effect(through: Cloud, proxy: Proxy, cloud: Cloud) -> None:
    proxy.on("iot.CreateThingGroup", request_lost)
    through.iot.create_thing_group(thingGroupName="request-lost")
    assert proxy.calls.count("iot.CreateThingGroup") == 2
    assert cloud.iot.describe_thing_group(thingGroupName="request-lost")["thingGroupName"] == "request-lost"


def test_what_is_throttled_once_succeeds_the_second_time(through: Cloud, proxy: Proxy) -> None:
    proxy.on("iot.CreateThingGroup", throttled)
    through.iot.create_thing_group(thingGroupName="throttled")
    assert proxy.calls.count("iot.CreateThingGroup") == 2


def test_an_upload_that_is_cut_each_time_leaves_no_object(
    through: Cloud, proxy: Proxy, image: Image, local_aws: LocalAws, objects: Callable[[], set[str]]
) -> None:
    before = objects()
    proxy.on("s3.PutObject", *4 * [cut_in_the_middle])
    with pytest.raises(CloudUnreachable):
        store_image(through, image, local_aws.bucket)
    assert objects() == before


def test_a_line_that_breaks_within_tls_is_not_taken_for_a_certificate_that_is_not_trusted(
    through: Cloud, proxy: Proxy, image: Image, local_aws: LocalAws
) -> None:
    proxy.on("s3.PutObject", *4 * [hung_up])
    with pytest.raises(CloudUnreachable) as raised:
        store_image(through, replace(image, content=bytes(4_000_000)), local_aws.bucket)
    assert "certificate" not in str(raised.value)
