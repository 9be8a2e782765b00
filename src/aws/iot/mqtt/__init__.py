"""The contract of the MQTT connection that a Thing needs. A connection of your own must meet it.

The library brings `_client_cpython.PahoConnection` and `_client_micropython.SocketConnection`; `rules` has the
numbers that both use. `fota_testing.connection_contract` checks any connection, clause by clause:

1. `connect` returns once the broker has accepted us: `is_connected` says so, and `sessions` is one more. When
   connected it does nothing. It raises ConnectFailed when time is up or the broker refuses us; another may follow.
2. `publish` sends a dict as compact JSON, text as UTF-8 and bytes as they are, with QoS 1 unless asked otherwise, in
   order, and does not wait for an acknowledgement. It raises NotConnected before `connect` and after `disconnect`,
   and BadTopic for wildcards and for QoS 2.
3. `subscribe` returns after the broker has granted the filter. A filter that is refused (NotConnected), or not
   answered in time (NoAnswer), is forgotten. AWS IoT refuses by hanging up: then the filter is forgotten, the error
   is raised as soon as the connection is lost, and that is mended with the other filters: it is asked for once. It
   raises BadTopic for a text that is no filter.
4. Each message goes, in the order in which messages came, to every callback whose filter matches and to no other, and
   is acknowledged then. A callback may fail or publish. A second `subscribe` replaces the first.
5. `unsubscribe` tells the broker, and the filter is not subscribed to again.
6. `wait` lets messages arrive. One message ends one wait, even if it came before the wait began.
7. A lost connection is mended without a call of the program. Every filter is subscribed to again, at most eight in a
   SUBSCRIBE, which is AWS's limit; then `sessions` grows, and not before. A filter that is refused then is asked for
   again on that connection, later each time, and `sessions` grows when it is granted.
8. Messages published meanwhile are kept and sent in order, up to a bound, and then `publish` raises NotConnected. A
   message of QoS 1 is sent again after each loss, marked as repeated, until it is acknowledged.
   A connection on which a message is not acknowledged for a minute is left. No more than 90 messages are sent in a
   second, and no CONNECT within a second of the one before, though another object sent that: AWS IoT's limits.
9. A message that makes the broker hang up is dropped in the end, and those behind it arrive. A filter that makes it
   hang up at a reconnect is left out in the end, and asked for seldom.
10. `disconnect` gives messages a moment, says goodbye and returns within 5 s, also when nothing is acknowledged;
   `connect` may follow and makes the subscriptions again. `close` forgets subscriptions and messages too.

Every call returns within the bound that is written at it.

This file also has what every connection needs: how an endpoint is parsed, how a payload becomes bytes and received
bytes become an object, and which topics are allowed.
"""

import json

from aws.iot.errors import BadTopic, ConnectFailed
from fota import strict_json
from fota.fields import host_and_port

_DEFAULT_PORT = 8883

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Connection(Protocol):
        """One device's connection to its broker. Every call returns within a bound of its own."""

        @property
        def sessions(self) -> int:
            """How often a broker accepted us: 0 before the first time, one more after every reconnect.

            It grows once the subscriptions are made again, and when one that was refused is granted later. A program
            that depends on notifications compares it with the number seen last, and asks again when it grew: AWS IoT
            does not replay what was published while nobody was subscribed.
            """

        def connect(self, port: "int | None" = None, *, timeout_ms: int = 30_000) -> None:
            """Connect, and return once the broker has accepted us; later losses are mended by itself.

            Does nothing when connected. `port` defaults to that of the last connect, else the endpoint's
            own, else 8883.
            Remembered subscriptions are made again. *Blocks* for at most `timeout_ms`.
            *Raises* ConnectFailed.
            """

        def loop(self) -> None:
            """Start to receive messages in the background; does nothing where that happens already."""

        def is_connected(self) -> bool:
            """Whether the broker has accepted us and the connection is not known to be lost."""

        def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
            """Send, or queue while a lost connection is being mended; a dict is sent as JSON.

            QoS 1 is sent again until acknowledged. Returns without waiting for that.
            AWS IoT hangs up on a message that it forbids: the message that waits longest is dropped when on
            `rules.MAX_FRUITLESS` connections in a row none was acknowledged; that is logged. So is one that was
            not acknowledged within `rules.ACKNOWLEDGE_WITHIN_MS` on this number of connections.
            QoS 0 is sent at most once, and may be lost with the connection.
            *Raises* NotConnected when never connected, after `disconnect`, or when the queue is full;
            BadTopic.
            """

        def subscribe(self, topic_filter: str, callback: "Callable[[str, bytes], None]", qos: int = 1) -> None:
            """Call `callback(topic, payload)` for each message that matches, from now on.

            Remembered: made again at every connect. When connected, returns after the broker granted it.
            The callback may run in another thread; it must be quick, must not raise, may publish, and
            must not subscribe. A filter that is subscribed to already gets the new callback.
            *Raises* NoAnswer when the broker does not answer in 10 s, NotConnected when it refuses or hangs up:
            the subscription is then forgotten, so that it can be tried without harm. BadTopic.
            """

        def unsubscribe(self, topic_filter: str) -> None:
            """Forget a subscription."""

        def wait(self, timeout_ms: int) -> None:
            """Let messages arrive: return once one was handed out since the last `wait`, or after `timeout_ms`.

            May return early; look for what was awaited, and wait again.
            """

        def disconnect(self) -> None:
            """End the session politely; subscriptions are remembered and `connect` may follow.

            Gives messages that were published a moment to be sent and acknowledged. *Blocks* for at most 5 s.
            What was published and not yet acknowledged may be sent by the next `connect`, or be lost.
            """

        def close(self) -> None:
            """End the session and forget every subscription and every message not yet acknowledged."""


def split_endpoint(endpoint: str) -> "tuple[str, int]":
    """The host and the port of `host` or `host:port`. *Raises* ConnectFailed."""
    host, port = host_and_port(endpoint, _DEFAULT_PORT)
    if not port:
        raise ConnectFailed(f"endpoint: expected host or host:port, got {endpoint!r}")
    return host, port


def encode(payload: "bytes | str | dict[str, object]") -> bytes:
    """A payload as it is sent: bytes as they are, text as UTF-8, a dict as compact JSON."""
    if isinstance(payload, dict):
        payload = json.dumps(payload, separators=(",", ":"))
    return payload.encode() if isinstance(payload, str) else bytes(payload)


def parse_object(payload: bytes, *, clips: bool = False) -> "dict[str, object] | None":
    """The JSON object in a payload, or None if it is anything else; `clips` as in `strict_json.parse`."""
    try:
        value = strict_json.parse(payload, clips=clips)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def check_topic(topic: str, qos: int) -> None:
    """*Raises* BadTopic unless messages can be published to `topic`; MQTT 3.1.1, section 4.7."""
    _check(topic, "topic: expected a name without wildcards", topic, qos)


def check_filter(topic_filter: str, qos: int) -> None:
    """*Raises* BadTopic unless `topic_filter` can be subscribed to; MQTT 3.1.1, section 4.7."""
    levels = topic_filter.split("/")
    if levels[-1] == "#":
        levels[-1] = "+"
    # A text is a filter if it becomes a topic name once each wildcard level is replaced by an ordinary one.
    name = "/".join(["x" if level == "+" else level for level in levels])
    _check(name, "topic filter: expected whole levels, `+` or a last `#`", topic_filter, qos)


def _check(name: str, expected: str, given: str, qos: int) -> None:
    if not 0 < len(name.encode()) < 65_536 or "\0" in name or "+" in name or "#" in name:
        raise BadTopic(f"{expected}, got {given!r}")
    if qos not in (0, 1):
        raise BadTopic(f"{given}: qos: expected 0 or 1, got {qos!r}")
