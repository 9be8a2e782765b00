"""The MQTT connection that a Thing needs, in words. Bring your own by meeting it.

Those that come with the library are `_mqtt_cpython.PahoConnection` and `_mqtt_micropython.SocketConnection`. Here
is also the little that every connection needs alike: how an endpoint is read, how a payload becomes bytes and what
came becomes an object, which topics are allowed.
"""

import json

from aws.iot.errors import BadTopic, ConnectFailed
from fota import strict_json

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

            It grows once the subscriptions are made again. Whoever depends on notifications compares it
            with the number seen last, and asks again when it grew: AWS IoT does not replay what was
            published while a device was away.
            """

        def connect(self, port: "int | None" = None, *, timeout_ms: int = 30_000) -> None:
            """Connect, and return once the broker has accepted us; later losses are mended by itself.

            Does nothing when connected. `port` defaults to that of the last connect, else the endpoint's
            own, else 8883.
            Remembered subscriptions are made again. *Blocks* for at most `timeout_ms`.
            *Raises* ConnectFailed.
            """

        def loop(self) -> None:
            """See that messages are received in the background; does nothing where that is so already."""

        def is_connected(self) -> bool:
            """Whether the broker has accepted us and the connection is not known to be lost."""

        def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
            """Send, or queue while a lost connection is being mended; a dict is sent as JSON.

            QoS 1 is sent again until acknowledged. Returns without waiting for that.
            AWS IoT hangs up on a message that it forbids: the one that waits longest is dropped when on
            MOST_FRUITLESS connections in a row none was acknowledged; the log tells.
            QoS 0 is sent at most once, and may be lost with the connection.
            *Raises* NotConnected when never connected, after `disconnect`, or when the queue is full;
            BadTopic.
            """

        def subscribe(self, topic_filter: str, callback: "Callable[[str, bytes], None]", qos: int = 1) -> None:
            """Call `callback(topic, payload)` for each message that matches, from now on.

            Remembered: made again at every connect. When connected, returns after the broker granted it.
            The callback may run in another thread; it must be quick, must not raise, may publish, and
            must not subscribe. A filter that is subscribed to already gets the new callback.
            *Raises* NoAnswer when the broker does not answer in 10 s, NotConnected when it refuses:
            the subscription is then forgotten. BadTopic.
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


MOST_FRUITLESS = 5
"""On so many connections in a row a message is sent without one acknowledgement; then it is dropped."""


def split_endpoint(endpoint: str) -> "tuple[str, int]":
    """The host and the port of `host` or `host:port`. *Raises* ConnectFailed."""
    host, colon, digits = endpoint.partition(":")
    if not host or "/" in host or (colon and not (digits.isdigit() and 0 < int(digits) < 65_536)):
        raise ConnectFailed(f"endpoint: expected host or host:port, got {endpoint!r}")
    return host, int(digits) if colon else _DEFAULT_PORT


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
    # A filter is what becomes a name when each level that is a wildcard becomes an ordinary one.
    name = "/".join(["x" if level == "+" else level for level in levels])
    _check(name, "topic filter: expected whole levels, `+` or a last `#`", topic_filter, qos)


def _check(name: str, expected: str, given: str, qos: int) -> None:
    if not 0 < len(name.encode()) < 65_536 or "\0" in name or "+" in name or "#" in name:
        raise BadTopic(f"{expected}, got {given!r}")
    if qos not in (0, 1):
        raise BadTopic(f"{given}: qos: expected 0 or 1, got {qos!r}")
