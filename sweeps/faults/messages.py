"""Counts what one whole update puts on the wire between a device and its broker, with nothing in its way.

The device is at rest, with its old image, when the job comes, and at rest with the new one when the count ends. The
packets are those of the real clients of both interpreters; bytes are those of MQTT, without what TLS and TCP add.
What the program itself sends, and the pings, are left out.
`python -m sweeps.faults.messages` prints the table of docs/reference/device-api.md.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fota_testing.jobs import requests as jobs_requests
from fota_testing.servers import mqtt_packets as packets
from sweeps.faults import halves
from sweeps.faults.broker import Broker
from sweeps.faults.cell import Cell
from sweeps.faults.judging import GOOD_JOB
from sweeps.faults.playing import REST_MS, Playing
from sweeps.faults.row import Row
from sweeps.faults.steps import STEPS
from sweeps.powercut.scenarios import GOOD, Offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweeps.faults.broker import Session
    from sweeps.faults.world import World

REPORTS = 3
"""How many reports of progress the long download sends."""
_SLOW_CHUNK_MS = 20_000
_OF_THE_PROGRAM = "things/lamp/sample"
_NO_FAULT = Row("nothing", "none", "nothing goes wrong", ("nothing",))


@dataclass(frozen=True)
class Way:
    """How a program does its updates."""

    name: str
    stays_connected: bool = True
    reports: int = 0
    tells_state: bool = False
    checks_health: bool = False


WAYS = (
    Way("MQTT open, no state"),
    Way(f"MQTT open, no state, {REPORTS} reports of progress", reports=REPORTS),
    Way("MQTT open, state", tells_state=True),
    Way("MQTT open, state, health check", tells_state=True, checks_health=True),
    Way("MQTT closed during the download, no state", stays_connected=False),
    Way("MQTT closed during the download, state, health check", False, 0, tells_state=True, checks_health=True),
)


@dataclass(frozen=True)
class WireCount:
    """What crossed the wire. `heard`: PUBLISH from the broker, each of which the device acknowledges.

    `reads` and `writes` are the requests that count against the two quotas of AWS IoT Jobs, `states` the writes of
    the shadow, and `filters` what counts against the quota of subscriptions.
    """

    reads: int
    writes: int
    states: int
    heard: int
    filters: int
    connects: int
    sent_bytes: int
    received_bytes: int

    @property
    def messages(self) -> int:
        """What AWS asks money for: messages of the device, those to it, and its acknowledgements of these."""
        return self.reads + self.writes + self.states + 2 * self.heard


class CountingBroker(Broker):
    """Counts packets by their kind and direction, from `begin` on."""

    def __init__(self, world: World, active: set[str], saw: Callable[[str, str, str], None]) -> None:
        super().__init__(world, active, saw)
        self._counts: Counter[str] = Counter()
        self._programs: set[int] = set()
        """Packet numbers of messages of the program, whose acknowledgement is not counted."""

    def begin(self) -> None:
        """Count from now on."""
        self._counts.clear()

    def counted(self) -> WireCount:
        """What was counted so far."""
        counts = self._counts
        reads = counts[jobs_requests.LIST] + counts[jobs_requests.DESCRIBE]
        return WireCount(
            reads,
            counts[jobs_requests.UPDATE],
            counts["state"],
            counts["heard"],
            counts["filters"],
            counts["connect"],
            counts["sent"],
            counts["received"],
        )

    def _take(self, session: Session, kind: int, flags: int, body: bytes) -> None:
        if kind != packets.PINGREQ and not self._is_of_the_program(kind, flags, body):
            self._counts["sent"] += len(packets.encode(kind, body, flags=flags))
            self._counts["connect"] += kind == packets.CONNECT
            if kind == packets.PUBLISH:
                self._counts[self._kind_of(packets.published(flags, body))] += 1
            elif kind == packets.SUBSCRIBE:
                self._counts["filters"] += len(list(packets.filters(body[2:])))
        super()._take(session, kind, flags, body)

    def _reply(self, session: Session, kind: int, body: bytes, *, flags: int = 0) -> None:
        is_for_the_program = kind == packets.PUBACK and int.from_bytes(body[:2], "big") in self._programs
        if kind != packets.PINGRESP and not is_for_the_program:
            self._counts["received"] += len(packets.encode(kind, body, flags=flags))
            self._counts["heard"] += kind == packets.PUBLISH
        super()._reply(session, kind, body, flags=flags)

    def _is_of_the_program(self, kind: int, flags: int, body: bytes) -> bool:
        if kind != packets.PUBLISH:
            return False
        message = packets.published(flags, body)
        is_so = message.topic == _OF_THE_PROGRAM
        (self._programs.add if is_so else self._programs.discard)(message.packet_id)
        return is_so

    def _kind_of(self, message: packets.PublishPacket) -> str:
        if jobs_requests.is_for_jobs(message.topic):
            return jobs_requests.read(self.thing_name, message.topic, message.payload).kind
        return "state" if message.topic.endswith("/shadow/name/fota/update") else message.topic


class _Counting(Playing):
    """A cell without a fault, whose job comes to a device at rest."""

    def __init__(self, way: Way, half: str) -> None:
        super().__init__(Cell(_NO_FAULT, STEPS[0], half))
        self._way = way
        self.counting = CountingBroker(self.world, self.active, self._asked)
        self.broker = self.network.servers["broker.example"] = self.counting
        self.life.stays_connected = way.stays_connected
        self.life.tells_state = way.tells_state
        self.life.checks_health = way.checks_health
        if way.reports:
            self.objects.chunk_ms = _SLOW_CHUNK_MS

    def _play(self) -> None:
        self._begin()
        self.life.power_on()
        self.world.sleep_ms(2 * REST_MS)
        self.counting.begin()
        offer = replace(Offer(GOOD_JOB, GOOD), odd_fields=(("x-progress-reports", self._way.reports),))
        self.broker.create(GOOD_JOB, offer.document())
        self._await(GOOD_JOB)
        self.result.outcome = self._outcome(GOOD_JOB)
        self._judge_outcome()


def count(way: Way, half: str) -> WireCount:
    """Play one update. *Raises* AssertionError if it ends otherwise than well."""
    random.seed(1)
    playing = _Counting(way, half)
    result = playing.run()
    assert not result.problems, (way, half, result.problems)
    return playing.counting.counted()


def messages_table() -> str:
    """A line for each way and interpreter."""
    head = (
        "one whole update",
        "interpreter",
        "reads of jobs",
        "writes of jobs",
        "state told",
        "messages heard",
        "filters subscribed",
        "connections",
        "bytes sent",
        "bytes received",
    )
    lines = [head, ("---",) * 2 + ("---:",) * (len(head) - 2)]
    for way in WAYS:
        for half in halves.HALVES:
            found = count(way, half)
            figures = (found.reads, found.writes, found.states, found.heard, found.filters, found.connects)
            sizes = (found.sent_bytes, found.received_bytes)
            lines.append((way.name, half, *map(str, figures), *(f"{size:,}" for size in sizes)))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    print(messages_table(), end="")
