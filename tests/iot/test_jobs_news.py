"""`Jobs.changed`: when a program looks again; and a connection that is closed and opened meanwhile."""

import pytest

from aws.iot import errors
from aws.iot.jobs import Jobs
from fota_testing.jobs.service import JobsService
from tests.labs.device_lab import DeviceLab
from tests.labs.jobs_lab import job, jobs, service

__all__ = ("job", "jobs", "service")


# changed


def settle(jobs: Jobs) -> None:
    """Look until there is no news."""
    for _ in range(10):
        if not jobs.changed():
            return
        jobs.list()
    pytest.fail("there is always news")


def test_a_new_connection_is_a_reason_to_look_once(jobs: Jobs) -> None:
    assert [jobs.changed(), jobs.changed()] == [True, False]


def test_a_notification_is_a_reason_to_look_once(service: JobsService, jobs: Jobs) -> None:
    settle(jobs)
    service.create("a", {})
    assert [jobs.changed(), jobs.changed()] == [True, False]


def test_a_reconnect_is_a_reason_to_look_since_notifications_are_not_replayed(
    service: JobsService, jobs: Jobs
) -> None:
    settle(jobs)
    service.drop()
    service.create("a", {})
    assert jobs.changed() is False
    service.mend()
    assert [jobs.changed(), jobs.changed()] == [True, False]


def test_what_was_put_off_is_due_once_when_its_time_has_come(lab: DeviceLab, jobs: Jobs) -> None:
    settle(jobs)
    delay_ms = jobs.put_off()
    if delay_ms:
        lab.pass_ms(delay_ms - 1)
        assert jobs.changed() is False
        lab.pass_ms(1)
    assert [jobs.changed(), jobs.changed()] == [True, False]


def test_putting_off_takes_longer_each_time_within_a_bound(jobs: Jobs) -> None:
    delays_ms = [jobs.put_off() for _ in range(40)]
    assert all(delay_ms <= 2_000 * 2**number for number, delay_ms in enumerate(delays_ms))
    assert max(delays_ms) <= 300_000
    assert max(delays_ms[20:]) > 100_000


def test_putting_off_starts_anew_when_nothing_is_left(jobs: Jobs) -> None:
    for _ in range(10):
        jobs.put_off()
    jobs.nothing_left()
    assert jobs.put_off() <= 2_000


def test_asking_whether_there_is_news_asks_nobody(service: JobsService, jobs: Jobs) -> None:
    settle(jobs)
    before = len(service.published)
    for _ in range(100):
        jobs.changed()
    assert len(service.published) == before


# disconnect and reconnect


def test_reconnecting_without_having_disconnected_does_nothing(service: JobsService, jobs: Jobs) -> None:
    jobs.reconnect()
    assert service.sessions == 1


def test_disconnecting_and_reconnecting_is_a_reason_to_look(service: JobsService, jobs: Jobs) -> None:
    settle(jobs)
    jobs.disconnect()
    assert service.is_connected() is False
    jobs.reconnect()
    assert service.is_connected() is True
    assert jobs.changed() is True


def test_a_reconnect_that_fails_is_made_up_for_later(service: JobsService, jobs: Jobs) -> None:
    jobs.disconnect()
    service.reachable = False
    with pytest.raises(errors.ConnectFailed):
        jobs.reconnect()
    service.reachable = True
    jobs.reconnect()
    assert jobs.list() == ([], [])


def test_a_connection_that_the_program_closes_itself_is_left_closed(service: JobsService, jobs: Jobs) -> None:
    jobs.disconnect()
    jobs.reconnect()
    service.disconnect()
    jobs.reconnect()
    assert service.is_connected() is False


def test_jobs_that_cannot_subscribe_say_so_at_once(lab: DeviceLab) -> None:
    lab.service.refused_filters = {"$aws/things/lamp/jobs/notify-next"}
    with pytest.raises(errors.NotConnected):
        Jobs(lab.jobs.thing, clock=lab.clock)
