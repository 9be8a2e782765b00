"""A job whose URL expired: a fresh one is asked for, and what comes then may be another job or none."""

import pytest

from fota.progress import Progress
from tests.labs.device_lab import JOB, DeviceLab
from tests.labs.job_resume_lab import IMAGE, ResumeLab, lab

__all__ = ("lab",)


@pytest.mark.parametrize("disconnect_mqtt", [True, False])
def test_a_url_that_expired_is_replaced_by_the_one_that_the_job_has_now(
    lab: ResumeLab, disconnect_mqtt: bool
) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1
    lab.wake(disconnect_mqtt=disconnect_mqtt)
    first, fresh = lab.server.asked
    assert first.split("?")[0] == fresh.split("?")[0]
    assert first != fresh
    lab.live()
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_a_url_that_expired_over_a_reset_does_not_cost_what_came_before(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.cut()
    lab.server.expires = 1
    lab.live()
    assert lab.server.ranges == [None, "bytes=1024-", "bytes=1024-"]
    assert lab.status() == "SUCCEEDED"


def test_asking_for_fresh_urls_comes_to_an_end(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1000
    lab.wake()
    assert (lab.status(), lab.reason()) == ("FAILED", "http-status")
    # Half an hour of patience, with waits of up to a minute: a session that has expired may be renewed meanwhile.
    assert 20 < len(set(lab.server.asked)) == len(lab.server.asked) < 400


@pytest.mark.parametrize("disconnect_mqtt", [True, False])
def test_a_fresh_document_is_asked_for_with_the_connection_as_it_is_kept(
    lab: ResumeLab, disconnect_mqtt: bool
) -> None:
    connected: list[bool] = []
    lab.publish(IMAGE)
    lab.server.expires = 1
    lab.server.at(500, lambda: connected.append(lab.service.is_connected()))
    lab.wake(disconnect_mqtt=disconnect_mqtt)
    assert connected == [not disconnect_mqtt]


@pytest.mark.parametrize("field", ["bc_crc", "bc_size", "bc_sha256"])
def test_a_job_that_wants_another_image_by_now_fails(lab: ResumeLab, field: str) -> None:
    lab.publish(IMAGE)
    changed = {"bc_crc": "0" * 32, "bc_size": len(IMAGE) - 1, "bc_sha256": "0" * 64}[field]

    def change() -> None:
        lab.service.execution(JOB).document = lab.document(IMAGE, **{field: changed})

    lab.server.expires, lab.server.on_expiry = 1, change
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "bad-document")
    assert (lab.boots, lab.is_settled, len(lab.server.asked)) == (0, True, 1)


def test_a_job_whose_document_cannot_be_read_any_more_fails(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1
    lab.server.on_expiry = lambda: setattr(lab.service.execution(JOB), "document", {"operation": "fota"})
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "bad-document")


@pytest.mark.parametrize("end", ["CANCELED", "TIMED_OUT", "REMOVED", "deleted"])
@pytest.mark.parametrize("disconnect_mqtt", [True, False])
def test_a_job_that_is_over_when_asked_for_a_fresh_url_is_let_go(
    lab: ResumeLab, end: str, disconnect_mqtt: bool
) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1
    lab.server.on_expiry = lambda: lab.service.delete(JOB) if end == "deleted" else lab.service.end(JOB, end)
    lab.live(disconnect_mqtt=disconnect_mqtt)
    assert (lab.boots, lab.is_settled, len(lab.server.asked)) == (0, True, 1)
    assert not lab.spare_is_bootable
    assert lab.service.is_connected()


class Mends(Progress):
    """Lets the broker be reachable again at the next pause."""

    def __init__(self, lab: DeviceLab) -> None:
        self.reasons: list[str] = []
        self._lab = lab

    def retrying(self, reason: str, delay_ms: int) -> None:
        self.reasons.append(reason)
        self._lab.service.reachable = True


def test_while_nobody_answers_for_a_fresh_url_it_is_asked_for_again(lab: ResumeLab) -> None:
    progress = Mends(lab)
    lab.publish(IMAGE)
    lab.server.expires = 2
    lab.server.on_expiry = lambda: setattr(lab.service, "reachable", lab.server.expires == 0)
    lab.wake(progress=progress)
    assert progress.reasons == ["unreachable", "http-status"]
    lab.live()
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_asking_for_a_fresh_url_where_nobody_answers_comes_to_an_end(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1000
    lab.server.on_expiry = lambda: setattr(lab.service, "reachable", False)
    lab.wake()
    lab.service.reachable = True
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "http-status")
    assert len(lab.server.asked) < 400
    assert lab.is_settled
