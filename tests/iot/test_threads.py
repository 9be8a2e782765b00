"""Two threads of one program on one connection: each gets its own answers and misses no message."""

import threading
import time
from collections.abc import Callable

from aws.iot.iot import Thing
from aws.iot.jobs import Job, Jobs
from aws.iot.mqtt._waits_cpython import Arrivals
from fota_testing.clock import FakeClock
from fota_testing.jobs.service import JobsService

ROUNDS = 40


def at_one_time(*calls: Callable[[], object]) -> None:
    """Run each call in a thread, and wait for all; their errors are raised."""
    errors: list[BaseException] = []

    def run(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


class Slowly(JobsService):
    """A service whose device gives other threads their turn in each wait."""

    def wait(self, timeout_ms: int) -> None:
        time.sleep(0.001)
        super().wait(timeout_ms)


def test_requests_of_two_threads_each_get_their_own_answer() -> None:
    clock = FakeClock()
    service = Slowly(clock, "lamp", answer_ms=20)
    thing = Thing("broker.example", "lamp", b"", b"", connection=service)
    thing.mqtt.connect()
    jobs = Jobs(thing, clock=clock)
    for name in ("a", "b"):
        service.create(name, {"operation": name})

    def work(name: str) -> None:
        job = jobs.job(name)
        for _ in range(ROUNDS):
            job.describe()
            assert job.document == {"operation": name}
            job.update(Job.IN_PROGRESS, {"of": name})

    at_one_time(lambda: work("a"), lambda: work("b"), lambda: [jobs.list() for _ in range(ROUNDS)])
    # Nothing was asked twice, as after an answer that another thread took.
    assert len(service.requests) == 5 * ROUNDS


def test_a_callback_that_asks_while_its_own_thread_waits_is_not_held_up() -> None:
    clock = FakeClock()
    service = JobsService(clock, "lamp", answer_ms=20)
    thing = Thing("broker.example", "lamp", b"", b"", connection=service)
    thing.mqtt.connect()
    jobs = Jobs(thing, clock=clock)
    service.create("a", {"operation": "a"})
    wait, asked = service.wait, [True]

    def ask_within(timeout_ms: int) -> None:
        wait(timeout_ms)
        if asked:
            asked.pop()
            jobs.job("a").describe()

    service.wait = ask_within  # type: ignore[method-assign]
    at_one_time(jobs.list)
    assert len(service.asked("describe")) == 1


def test_one_message_ends_the_wait_of_each_thread_that_waits() -> None:
    arrivals, waiting = Arrivals(), threading.Semaphore(0)

    def wait() -> None:
        waiting.release()
        began_s = time.monotonic()
        arrivals.wait(20_000)
        assert time.monotonic() - began_s < 10

    def arrive() -> None:
        for _ in range(2):
            waiting.acquire()
        arrivals.add()

    at_one_time(wait, wait, arrive)


def test_a_wait_of_one_thread_does_not_take_the_message_of_another_that_waits_later() -> None:
    arrivals = Arrivals()
    arrivals.wait(0)
    arrivals.add()
    at_one_time(lambda: arrivals.wait(20_000))
    began_s = time.monotonic()
    arrivals.wait(20_000)
    assert time.monotonic() - began_s < 10


def test_a_second_wait_of_the_same_thread_waits_for_the_next_message() -> None:
    arrivals = Arrivals()
    arrivals.add()
    arrivals.wait(20_000)
    began_s = time.monotonic()
    arrivals.wait(50)
    assert time.monotonic() - began_s >= 0.05
