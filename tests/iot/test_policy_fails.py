"""A policy that raises, answers nonsense, hangs or calls back: the update is put off, and loop and device go on."""

import threading

import pytest

from aws.iot import fota
from fota.policy import Now, Offer, _asking_cpython
from tests.labs.device_lab import DeviceLab
from tests.labs.policy_lab import ScriptedPolicy, told

IMAGE = b"new image" * 20
MOMENTS = ("download", "restart")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("wrong", [ValueError("odd"), SystemExit(1), None, 1, "now", Now])
def test_a_policy_that_fails_puts_off_and_is_asked_again(lab: DeviceLab, moment: str, wrong: object) -> None:
    policy = ScriptedPolicy(**{moment: wrong})
    lab.publish(IMAGE)
    lab.live(120, policy=policy)
    assert (lab.boots, [details["reason"] for details in told(lab)]) == (0, ["policy-failed"])
    assert told(lab)[0]["moment"] == moment
    policy.answers[moment] = True
    lab.live(policy=policy)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_policy_that_hangs_puts_off_and_the_loop_goes_on(
    lab: DeviceLab, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ten seconds of real time would be all that this test does.
    monkeypatch.setattr(_asking_cpython, "MAX_ANSWER_S", 0.1)
    release, threads = threading.Event(), []

    def hang(offer: Offer) -> bool:
        if offer.moment == moment and not release.is_set():
            threads.append(threading.current_thread())
            release.wait(30)
        return True

    lab.publish(IMAGE)
    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.live(1_000, policy=hang, job_cbk=lambda job: job.update("SUCCEEDED"))
    assert (len(threads), lab.boots, lab.status("blink-1")) == (1, 0, "SUCCEEDED")
    assert {details["reason"] for details in told(lab)} == {"policy-failed"}
    release.set()
    threads[0].join(10)
    lab.live(policy=hang)
    assert lab.status() == "SUCCEEDED"


def test_a_policy_that_calls_the_library_back_gets_busy_and_puts_off(lab: DeviceLab) -> None:
    found: list[BaseException] = []

    def back(_: Offer) -> bool:
        try:
            return fota.handle_fota_jobs(lab.jobs, force=True, device=lab.device)
        except Exception as error:
            found.append(error)
            raise

    lab.publish(IMAGE)
    lab.wake(policy=back)
    assert ([type(error).__name__ for error in found], told(lab)[0]["reason"]) == (["Busy"], "policy-failed")


def test_a_policy_that_changes_its_offer_changes_nothing(lab: DeviceLab) -> None:
    found: list[tuple[str, int]] = []

    def scribble(offer: Offer) -> bool:
        found.append((offer.moment, offer.size_bytes))
        offer.moment, offer.size_bytes, offer.within_s, offer.waited_s = "restart", 1, 10**9, -(10**9)
        return False

    lab.publish(IMAGE)
    lab.live(3_600, policy=scribble)
    assert set(found) == {("download", len(IMAGE))}
    assert {details["moment"] for details in told(lab)} == {"download"}
