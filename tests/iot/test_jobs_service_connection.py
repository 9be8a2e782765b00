"""The connection of the published fake of AWS IoT Jobs: what it loses, what waits in it, and what it refuses."""

import pytest

from aws.iot.errors import ConnectFailed, NotConnected
from fota_testing.clock import FakeClock
from fota_testing.jobs.memory_connection import MAX_QUEUED
from fota_testing.jobs.service import ANSWER_MS, JobsService
from fota_testing.misuse import Misuse
from tests.labs.jobs_service_lab import JOBS, Device, device, service

__all__ = ("device", "service")


def test_before_connecting_and_after_disconnecting_nothing_can_be_published() -> None:
    service = JobsService(FakeClock(), "lamp")
    for _ in range(2):
        with pytest.raises(NotConnected):
            service.publish("a", b"")
        service.connect()
        service.publish("a", b"")
        service.disconnect()
    assert service.published == [("a", b"")] * 2


def test_an_unreachable_broker_takes_all_the_time_allowed() -> None:
    clock = FakeClock()
    service = JobsService(clock, "lamp")
    service.reachable = False
    with pytest.raises(ConnectFailed):
        service.connect(timeout_ms=7_000)
    assert clock.now_ms() - FakeClock().now_ms() == 7_000


def test_every_connection_counts_once(service: JobsService) -> None:
    service.connect()
    service.drop()
    service.mend()
    service.mend()
    service.disconnect()
    service.connect()
    assert service.sessions == 3


def test_what_is_sent_while_a_lost_connection_is_mended_waits_for_it(service: JobsService, device: Device) -> None:
    service.drop()
    service.publish("a", "first")
    assert service.published == []
    service.mend()
    assert service.published == [("a", b"first")]


def test_only_so_much_waits(service: JobsService) -> None:
    service.drop()
    for _ in range(MAX_QUEUED):
        service.publish("a", b"")
    with pytest.raises(NotConnected):
        service.publish("a", b"")


def test_what_was_told_while_the_device_was_away_is_lost(service: JobsService, device: Device) -> None:
    service.drop()
    service.create("a", {})
    service.mend()
    service.wait(1000)
    assert device.inbox == []


def test_a_wait_ends_with_the_first_message_or_with_its_time(service: JobsService, device: Device) -> None:
    service.publish(f"{JOBS}/get", {"clientToken": "a"})
    begin_ms = service._clock.now_ms()
    service.wait(10_000)
    assert service._clock.now_ms() - begin_ms == ANSWER_MS
    service.wait(10_000)
    assert service._clock.now_ms() - begin_ms == ANSWER_MS + 10_000


def test_a_powered_off_device_knows_no_subscription_and_no_session(service: JobsService, device: Device) -> None:
    service.power_off()
    assert (service.sessions, service.filters, service.is_connected()) == (0, [], False)


def test_a_wait_ends_at_once_when_a_message_came_since_the_last(service: JobsService, device: Device) -> None:
    service.create("a", {})
    begin_ms = service._clock.now_ms()
    service.wait(10_000)
    assert service._clock.now_ms() == begin_ms
    service.wait(10_000)
    assert service._clock.now_ms() == begin_ms + 10_000


def test_a_callback_that_subscribes_is_misuse(service: JobsService) -> None:
    service.subscribe(f"{JOBS}/notify", lambda topic, payload: service.subscribe("a", print))
    with pytest.raises(Misuse):
        service.create("a", {})


def test_a_subscription_that_is_refused_is_forgotten(service: JobsService, device: Device) -> None:
    service.refused_filters = {f"{JOBS}/#"}
    with pytest.raises(NotConnected):
        service.subscribe(f"{JOBS}/#", print)
    assert service.filters == []


def test_what_waited_to_be_sent_outlives_a_disconnect_and_not_a_close(service: JobsService) -> None:
    for end in (service.disconnect, service.close):
        service.drop()
        service.publish("a", "waiting")
        end()
        service.connect()
    assert service.published == [("a", b"waiting")]
