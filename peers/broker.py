"""The device's own connection and its job calls against a broker with mutual TLS.

A responder, another client of the broker, answers for AWS IoT Jobs. Leaves to others: whole updates (`updates`).
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aws.iot import jobs
from aws.iot.errors import ConnectFailed, NoAnswer, NotConnected
from peers.brokers import Broker, Mosquitto, RabbitMq
from peers.responder import WITHIN_S


def strangers(broker: Broker) -> None:
    """A certificate that the broker does not know is refused, as ConnectFailed; ours is accepted."""
    thing = broker.thing("stranger")
    try:
        thing.mqtt.connect(broker.port, timeout_ms=3_000)
    except ConnectFailed:
        pass
    else:
        raise AssertionError("the broker accepted a certificate that it does not know")
    finally:
        thing.mqtt.close()
    thing = broker.thing()
    thing.mqtt.connect(broker.port, timeout_ms=10_000)
    thing.mqtt.close()


def job_to_its_end(broker: Broker) -> None:
    """A job is notified, listed, described and reported as SUCCEEDED."""
    with broker.responder() as service, _connected(broker) as mine:
        _await_no_job(mine)
        service.create("job-1", {"operation": "fota"})
        _await(mine.changed, "no notification came")
        _play(mine, ["IN_PROGRESS", "SUCCEEDED"])
        _require(service.statuses("job-1"), ["QUEUED", "IN_PROGRESS", "SUCCEEDED"])


def restarted(folder: Path) -> None:
    """The broker ends while a job is in progress and comes back: the job is reported all the same."""
    broker = Mosquitto(folder)
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        first.enter_context(broker.start())
        service = second.enter_context(broker.responder())
        mine = second.enter_context(_connected(broker))
        service.create("job-1", {"operation": "fota"})
        _play(mine, ["IN_PROGRESS"])
        first.close()
        second.enter_context(broker.start())
        _await(lambda: mine.thing.mqtt.sessions >= 2, "the device did not connect again")
        _await(lambda: _is_told(mine, "SUCCEEDED"), "the job was not reported")
        _require(service.statuses("job-1"), ["QUEUED", "IN_PROGRESS", "SUCCEEDED"])


def _on(kind: type[Broker], *checks: Callable[[Broker], None]) -> Callable[[Path], None]:
    """One broker, and these checks on it in turn."""

    def check(folder: Path) -> None:
        broker = kind(folder)
        with broker.start():
            for one in checks:
                one(broker)

    return check


MOSQUITTO_CHECKS: dict[str, Callable[[Path], None]] = {
    "mutual TLS": _on(Mosquitto, strangers),
    "job to SUCCEEDED": _on(Mosquitto, job_to_its_end),
    "broker restarted, job in progress": restarted,
}
RABBITMQ_CHECKS: dict[str, Callable[[Path], None]] = {
    "mutual TLS, job to SUCCEEDED": _on(RabbitMq, strangers, job_to_its_end),
}


@contextlib.contextmanager
def _connected(broker: Broker) -> Iterator[jobs.Jobs]:
    thing = broker.thing()
    thing.mqtt.connect(broker.port, timeout_ms=10_000)
    try:
        yield jobs.Jobs(thing)
    finally:
        thing.mqtt.close()


def _await_no_job(mine: jobs.Jobs) -> None:
    """The first look: after it, only a notification makes `changed` True."""
    _require(mine.changed(), True)
    _require(mine.list(), ([], []))
    _require(mine.changed(), False)


def _play(mine: jobs.Jobs, statuses: list[str]) -> None:
    in_progress, queued = mine.list()
    _require((len(in_progress), len(queued)), (0, 1))
    job = queued[0]
    _require(job.describe(), True)
    for status in statuses:
        _require(job.update(status), True)


def _is_told(mine: jobs.Jobs, status: str) -> bool:
    """Report the status; False while there is no answer, since the responder connects by itself too."""
    try:
        in_progress, _ = mine.list()
        return bool(in_progress) and in_progress[0].describe() and in_progress[0].update(status)
    except (NoAnswer, NotConnected):
        return False


def _require(found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"expected {wanted}, got {found}")


def _await(is_so: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError(f"{problem} within {WITHIN_S:.0f} s")
