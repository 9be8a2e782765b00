"""The published fake of AWS IoT Jobs is stricter where AWS is lenient: a careless request is misuse."""

import pytest

from fota_testing.jobs.memory_connection import matches
from fota_testing.jobs.service import JobsService
from fota_testing.misuse import Misuse
from tests.labs.jobs_service_lab import JOBS, Device, device, service

__all__ = ("device", "service")


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("get", {}),
        ("get", {"clientToken": ""}),
        ("get", {"clientToken": "a" * 65}),
        ("get", {"clientToken": 7}),
        ("get", {"clientToken": "a", "jobId": "b"}),
        ("a/get", {"clientToken": "a", "thingName": "lamp"}),
        ("a/update", {"clientToken": "a", "status": "FAILED", "expectedVersion": "1"}),
        ("a/update", {"clientToken": "a", "status": "FAILED", "executionNumber": True}),
        ("a/update", {"clientToken": "a", "status": "FAILED", "statusDetails": None}),
        ("a.b/get", {"clientToken": "a"}),
        ("a/b/get", {"clientToken": "a"}),
        ("start-next", {"clientToken": "a"}),
        ("$next/get", {"clientToken": "a"}),
        ("get", b""),
        ("get", b"[]"),
        ("get", b"\xff"),
    ],
)
def test_a_careless_request_is_misuse(
    service: JobsService, device: Device, topic: str, payload: bytes | dict[str, object]
) -> None:
    with pytest.raises(Misuse):
        service.publish(f"{JOBS}/{topic}", payload)


def test_a_request_for_another_thing_is_misuse(service: JobsService, device: Device) -> None:
    with pytest.raises(Misuse):
        service.publish("$aws/things/lamp-2/jobs/get", {"clientToken": "a"})


def test_a_token_used_twice_is_misuse(service: JobsService, device: Device) -> None:
    service.publish(f"{JOBS}/get", {"clientToken": "a"})
    with pytest.raises(Misuse):
        service.publish(f"{JOBS}/get", {"clientToken": "a"})


@pytest.mark.parametrize(
    "filters", [("get/accepted",), ("get/rejected",), ("a/get/+",), ("+/get/accepted", "notify")]
)
def test_asking_before_subscribing_to_both_answers_is_misuse(service: JobsService, filters: tuple[str, ...]) -> None:
    Device(service, *filters)
    with pytest.raises(Misuse):
        service.publish(f"{JOBS}/get", {"clientToken": "a"})


def test_a_request_at_qos_0_is_misuse(service: JobsService, device: Device) -> None:
    with pytest.raises(Misuse):
        service.publish(f"{JOBS}/get", {"clientToken": "a"}, qos=0)


@pytest.mark.parametrize("topic_filter", ["", "a/#/b", "a/b#", "a/+b"])
def test_a_filter_that_is_none_is_misuse(service: JobsService, topic_filter: str) -> None:
    with pytest.raises(Misuse):
        service.subscribe(topic_filter, print)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+/c", "a/b/c", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "b", False),
        ("#", "a/b", True),
        ("#", "$aws/a", False),
        ("+/a", "$aws/a", False),
        ("$aws/#", "$aws/a", True),
        ("+", "a", True),
        ("a/b", "a", False),
    ],
)
def test_filters_match_as_mqtt_says(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected
