"""Whatever a policy does, its answer is Now, Later or No; on CPython one that hangs is not waited for."""

import threading
from collections.abc import Iterator

import pytest

from fota import policy
from fota.policy import Later, No, Now, Offer, _asking_cpython
from fota.policy.asking import Asking


def asked(answer: object) -> "Now | Later | No":
    return Asking().answer(lambda _: answer, Offer())  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("answer", [Now(1, 2, 3), Later("busy", 60), No("never")])
def test_each_answer_comes_back_as_it_is(answer: object) -> None:
    found = asked(answer)
    assert (type(found), vars(found)) == (type(answer), vars(answer))


def test_true_is_now_and_false_is_later() -> None:
    assert vars(asked(True)) == vars(Now())
    assert vars(asked(False)) == vars(Later("not now"))


def mangled(answer: object, **attributes: object) -> object:
    for name, value in attributes.items():
        setattr(answer, name, value)
    return answer


@pytest.mark.parametrize(
    "answer",
    [
        None,
        1,
        0,
        "now",
        Now,
        Offer(),
        mangled(Now(), max_bytes=-1),
        mangled(Later("busy"), again_s="soon"),
        mangled(Later("busy"), reason=b"busy"),
        mangled(No("never"), reason=""),
    ],
)
def test_any_other_answer_is_later(answer: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    found = asked(answer)
    assert isinstance(found, Later)
    assert (found.reason, found.again_s) == ("policy-failed", 300)
    assert "policy-failed job= moment=download problem=" in caplog.text


@pytest.mark.parametrize(
    "error", [ValueError("odd"), MemoryError(), SystemExit(3), KeyboardInterrupt(), GeneratorExit()]
)
def test_whatever_it_raises_is_later(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Offer) -> bool:
        raise error

    caplog.set_level("INFO")
    found = Asking().answer(fail, Offer())
    assert isinstance(found, Later)
    assert found.reason == "policy-failed"
    assert type(error).__name__ in caplog.text


def test_the_text_of_its_error_is_logged_up_to_the_query_of_a_url(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Offer) -> bool:
        raise ValueError("https://images.example/x?X-Amz-Signature=5ec7e7")

    caplog.set_level("INFO")
    Asking().answer(fail, Offer())
    assert "https://images.example/x" in caplog.text
    assert "5ec7e7" not in caplog.text


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What a policy that hangs waits for; it comes back at the end of the test."""
    event = threading.Event()
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name == "aws-iot-fota-policy":
            thread.join(10)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds of real time would be all that such a test does."""
    monkeypatch.setattr(_asking_cpython, "MAX_ANSWER_S", 0.2)
    monkeypatch.setattr(_asking_cpython, "_TELL_EVERY_S", 0.05)


@pytest.mark.usefixtures("impatient")
def test_one_that_hangs_is_later_and_no_second_thread_is_begun_until_it_came_back(release: threading.Event) -> None:
    asking, calls = Asking(), []

    def hang(_: Offer) -> Now:
        calls.append(threading.current_thread())
        release.wait(30)
        return Now()

    assert vars(asking.answer(hang, Offer())) == vars(Later("policy-failed"))
    for _ in range(3):
        assert vars(asking.answer(hang, Offer())) == vars(Later("policy-failed"))
        assert vars(asking.answer(lambda _: True, Offer())) == vars(Later("policy-failed"))
    assert len(calls) == 1
    release.set()
    calls[0].join(10)
    assert isinstance(asking.answer(lambda _: True, Offer()), Now)


@pytest.mark.usefixtures("impatient")
def test_what_it_answers_too_late_counts_for_nothing(release: threading.Event) -> None:
    asking, threads = Asking(), []

    def late(_: Offer) -> No:
        threads.append(threading.current_thread())
        release.wait(30)
        return No("too late")

    asking.answer(late, Offer())
    release.set()
    threads[0].join(10)
    assert isinstance(asking.answer(lambda _: True, Offer()), Now)


@pytest.mark.usefixtures("impatient")
def test_a_device_whose_policy_hangs_does_not_hold_up_that_of_another(release: threading.Event) -> None:
    first, second = Asking(), Asking()
    first.answer(lambda _: release.wait(30), Offer())
    assert isinstance(second.answer(lambda _: True, Offer()), Now)


def test_it_is_waited_for_ten_seconds() -> None:
    assert _asking_cpython.MAX_ANSWER_S == 10


@pytest.mark.usefixtures("impatient")
def test_a_wait_for_it_is_told_to_the_progress(release: threading.Event) -> None:
    from fota.progress import Progress
    from fota.waiting import Listening

    told: list[str] = []

    class Told(Progress):
        def waiting(self) -> None:
            told.append(threading.current_thread().name)

    with Listening(Told()):
        Asking().answer(lambda _: release.wait(30), Offer())
    assert len(told) >= 2
    assert "aws-iot-fota-policy" not in told


def test_a_process_that_can_start_no_thread_puts_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    # No process here runs out of threads.
    monkeypatch.setattr(threading.Thread, "start", fail)
    assert vars(asked(True)) == vars(Later("policy-failed"))


def test_the_words_of_urgency_are_those_of_the_manifest() -> None:
    assert (policy.NOW, policy.WHEN_CONVENIENT) == ("now", "when-convenient")
