"""Job handling that is awaited: the event loop goes on, and a cancelled task ends it cleanly."""

import asyncio
import threading
import time
from typing import Any

import pytest

from aws.iot import fota
from fota.errors import Busy
from fota.progress import Progress
from tests.labs.background_lab import until
from tests.labs.device_lab import DeviceLab, lab

__all__ = ("lab",)

IMAGE = bytes(range(256)) * 8


async def look(lab: DeviceLab, **options: Any) -> bool:
    options = {"force": True, "auto_reset": False, "device": lab.device, **options}
    return await fota.aio.handle_fota_jobs(lab.jobs, **options)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "aws-iot-fota"]


class Slow(Progress):
    """Each piece of a download takes real time."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        self.told.append(done_bytes)
        time.sleep(0.02)


def test_it_does_what_the_call_without_it_does(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    assert asyncio.run(look(lab)) is True
    lab.reboot()
    assert asyncio.run(look(lab)) is False
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_the_loop_goes_on_during_a_download(lab: DeviceLab) -> None:
    async def program() -> float:
        update = asyncio.create_task(look(lab, progress=Slow()))
        longest_s, before_s = 0.0, time.monotonic()
        while not update.done():
            await asyncio.sleep(0.001)
            now_s = time.monotonic()
            longest_s, before_s = max(longest_s, now_s - before_s), now_s
        assert await update is True
        return longest_s

    lab.publish(IMAGE)
    began_s = time.monotonic()
    longest_s = asyncio.run(program())
    took_s = time.monotonic() - began_s
    # 32 pieces of 20 ms each; a loop that is held up stands still for all of them.
    assert took_s > 0.6
    assert longest_s < took_s / 3


def test_with_nothing_to_do_it_needs_no_thread(lab: DeviceLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.wake()
    monkeypatch.setattr(threading, "Thread", lambda **_: pytest.fail("a thread"))
    assert asyncio.run(look(lab, force=False)) is False


def test_news_are_taken_once_without_force(lab: DeviceLab) -> None:
    lab.wake()
    lab.publish(IMAGE)
    assert asyncio.run(look(lab, force=False)) is True
    assert lab.device.verdict() == "awaiting-trial"


def test_an_error_is_raised_where_the_call_is_awaited(lab: DeviceLab) -> None:
    with lab.device.update_lock, pytest.raises(Busy):
        asyncio.run(look(lab))


def test_a_cancelled_call_ends_within_a_moment_and_the_next_one_goes_on(lab: DeviceLab) -> None:
    slow = Slow()

    async def program() -> None:
        update = asyncio.create_task(look(lab, progress=slow, disconnect_mqtt=False))
        while len(slow.told) < 5:
            await asyncio.sleep(0.001)
        update.cancel()
        with pytest.raises(asyncio.CancelledError):
            await update
        # It has ended when the task has: the next call is not Busy.
        assert len(slow.told) < 10
        assert lab.status() == "IN_PROGRESS"
        assert await look(lab) is True

    lab.publish(IMAGE)
    asyncio.run(program())
    assert slow.told[-1] < len(IMAGE)
    until(lambda: not threads())


def test_a_timeout_is_a_cancel(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for(look(lab, progress=Slow()), 0.05))
    assert lab.status() == "IN_PROGRESS"
    until(lambda: not threads())


def test_a_task_that_is_cancelled_twice_does_not_wait_for_a_callback_that_hangs(lab: DeviceLab) -> None:
    reached, released = threading.Event(), threading.Event()

    def hang(_job: object) -> None:
        reached.set()
        assert released.wait(20)

    async def program() -> None:
        update = asyncio.create_task(look(lab, job_cbk=hang))
        while not reached.is_set():
            await asyncio.sleep(0.001)
        update.cancel()
        assert await asyncio.wait({update}, timeout=0.05) == (set(), {update})
        update.cancel()
        with pytest.raises(asyncio.CancelledError):
            await update

    lab.publish_document({"operation": "blink"}, "blink-1")
    asyncio.run(program())
    # The loop is closed; the thread ends all the same.
    released.set()
    until(lambda: not threads())


def test_a_call_that_ends_well_is_not_ended_by_its_own_progress(lab: DeviceLab) -> None:
    names: list[str] = []

    class Told(Progress):
        def installed(self, slot: int) -> None:
            names.append(threading.current_thread().name)

    lab.publish(IMAGE)
    assert asyncio.run(look(lab, progress=Told())) is True
    assert names == ["aws-iot-fota"]


def test_it_takes_the_arguments_of_the_call_without_it() -> None:
    import inspect

    theirs = inspect.signature(fota.handle_fota_jobs).parameters
    ours = inspect.signature(fota.aio.handle_fota_jobs).parameters
    assert [(one.name, one.kind, one.default) for one in ours.values()] == [
        (one.name, one.kind, one.default) for one in theirs.values()
    ]
