"""One connection and the broker that it meets, for one clause of `fota_testing.connection_contract`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fota_testing.servers.authority import Authority
from fota_testing.servers.mqtt_broker import Broker

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.mqtt import Connection

_QUOTAS = 8
"""The clause that speaks of AWS IoT's quotas."""

_MARGIN_MS = 3_000
"""The time that a busy machine may add to any bound."""


@dataclass(frozen=True, kw_only=True)
class ConnectionTraits:
    """The facts about a connection that the check cannot know, each with what a connection to AWS IoT should have."""

    mended_within_ms: int = 20_000
    """How long a reconnect may take after a loss, the longest wait between tries included."""
    granted_within_ms: int = 10_000
    """How long `subscribe` waits for the broker's answer."""
    ended_within_ms: int = 5_000
    """How long `disconnect` and `close` may take."""
    sent_again_within_ms: int = 75_000
    """From a message that is not acknowledged until it is sent again."""
    asked_again_within_ms: int = 30_000
    """From a filter that is refused at a reconnect until it is asked for again."""
    connects_apart_ms: int = 1_000
    """AWS IoT's quota for one client ID; less only where the pace of the connection is set faster too."""
    second_ms: int = 1_000
    """How long the second is in which AWS IoT takes 100 messages; less only as above."""
    drops_forbidden: bool = True
    """Whether clause 9 holds; False where the MQTT client below never forgets a message."""
    minds_aws: bool = True
    """Whether the connection itself minds AWS IoT's quotas, its silence and its refusals; False leaves that out."""
    marks_repeated: bool = True
    """Whether a message that is sent again is marked; False where the client below forgets it with the clean session,
    so that it is a new message of the next session."""


class ConnectionScene:
    """Arranges for a clause and judges it. A context: at its end the connection and the broker are closed."""

    def __init__(self, clause: int, make: Callable[[str, str], Connection], traits: ConnectionTraits) -> None:
        authority = Authority()
        self.clause = clause
        self.traits = traits
        self.broker = Broker(authority.server_context(["localhost"]))
        self.broker.quotas.second_ms = traits.second_ms
        self.broker.quotas.connects_apart_ms = traits.connects_apart_ms
        self.heard: list[tuple[str, str, bytes]] = []
        """Filter, topic and payload of each message that a callback from `hear` got."""
        self.connection = make(f"localhost:{self.broker.port}", authority.pem)

    @property
    def margin_ms(self) -> int:
        """The time that a busy machine may add to any bound."""
        return _MARGIN_MS

    def __enter__(self) -> ConnectionScene:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close both. *Raises* AssertionError for what went against a quota, unless the clause is broken already."""
        self.broker.withheld.clear()
        self.broker.hangs_up_on.clear()
        self.broker.kick()
        try:
            self.connection.close()
        finally:
            self.broker.close()
        if kind is None and self.traits.minds_aws and self.broker.quotas.breaches:
            raise AssertionError(f"clause {_QUOTAS}: {self.broker.quotas.breaches[0]}")

    def connect(self) -> Connection:
        """The connection, connected."""
        self.within(10_000, "connect", self.connection.connect, timeout_ms=10_000)
        return self.connection

    def hear(self, topic_filter: str) -> None:
        """Subscribe, and add each message that comes to `heard`."""

        def note(topic: str, payload: bytes) -> None:
            self.heard.append((topic_filter, topic, payload))

        self.within(self.traits.granted_within_ms, "subscribe", self.connection.subscribe, topic_filter, note)

    def lose(self) -> None:
        """Cut the connection, and prevent a reconnect until `mend`."""
        self.broker.hangs_up_on.add(1)
        self.broker.kick()
        self.eventually(lambda: not self.connection.is_connected(), "is_connected sees that the broker has hung up")

    def mend(self, sessions: int) -> None:
        """Let the connection be made again, and wait for that session."""
        self.broker.hangs_up_on.discard(1)
        self.eventually(
            lambda: self.connection.sessions >= sessions and self.connection.is_connected(),
            "a lost connection is mended by itself, and sessions grows",
        )

    def publish(self, topic: str, payload: bytes | str | dict[str, object], qos: int = 1) -> None:
        """Publish, and require that it does not wait."""
        self.within(0, "publish", self.connection.publish, topic, payload, qos)

    def within(self, bound_ms: int, name: str, call: Callable[..., object], *given: object, **named: object) -> None:
        """Call, and require that it returns or raises within its bound."""
        began_s = time.monotonic()
        try:
            call(*given, **named)
        finally:
            took_ms = (time.monotonic() - began_s) * 1000
            self.require(took_ms <= bound_ms + _MARGIN_MS, f"{name} returns within {bound_ms} ms")

    def require_error(
        self,
        kind: type[Exception],
        bound_ms: int,
        sentence: str,
        call: Callable[..., object],
        *given: object,
        **named: object,
    ) -> None:
        """Require that the call raises that kind of error, within its bound."""
        try:
            self.within(bound_ms, sentence, call, *given, **named)
        except kind:
            return
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"clause {self.clause}: {sentence} is {kind.__name__}, not {error!r}") from error
        self.require(False, f"{sentence} is {kind.__name__}")

    def eventually(self, fact: Callable[[], object], sentence: str, within_ms: int | None = None) -> None:
        """Require that a condition becomes true while the connection is served."""
        until_s = time.monotonic() + (within_ms or self.traits.mended_within_ms) / 1000
        while not fact():
            self.require(time.monotonic() < until_s, sentence)
            self.connection.wait(10)
            time.sleep(0.002)

    def pause(self, duration_ms: int) -> None:
        """Serve the connection for that long, to see that something does not happen."""
        until_s = time.monotonic() + duration_ms / 1000
        while time.monotonic() < until_s:
            self.connection.wait(10)
            time.sleep(0.002)

    def require(self, condition: object, sentence: str) -> None:
        """*Raises* AssertionError with the number of the clause."""
        if not condition:
            raise AssertionError(f"clause {self.clause}: {sentence}")
