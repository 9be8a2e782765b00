"""The MQTT connection that a Thing needs, in words. Bring your own by meeting it.

The one that comes with the library is `_mqtt_cpython.PahoConnection`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Connection(Protocol):
        """One device's connection to its broker. Every call returns within a bound of its own."""

        sessions: int
        """How often a broker accepted us: 0 before the first time, one more after every reconnect.

        Whoever depends on notifications compares it with the number seen last, and asks again when it
        grew: AWS IoT does not replay what was published while a device was away.
        """

        def connect(self, port: "int | None" = None, *, timeout_ms: int = 30_000) -> None:
            """Connect, and return once the broker has accepted us; later losses are mended by itself.

            Does nothing when connected. `port` defaults to the endpoint's own, else 8883.
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
            *Raises* NotConnected when never connected, after `disconnect`, or when the queue is full.
            """

        def subscribe(self, topic_filter: str, callback: "Callable[[str, bytes], None]", qos: int = 1) -> None:
            """Call `callback(topic, payload)` for each message that matches, from now on.

            Remembered: made again at every connect. When connected, returns after the broker granted it.
            The callback may run in another thread; it must be quick and must not raise.
            *Raises* NoAnswer when the broker does not answer in 10 s, NotConnected when it refuses.
            """

        def unsubscribe(self, topic_filter: str) -> None:
            """Forget a subscription."""

        def wait(self, timeout_ms: int) -> None:
            """Let messages arrive: return after at least one was handed out, or after `timeout_ms`."""

        def disconnect(self) -> None:
            """End the session politely; subscriptions are remembered and `connect` may follow."""

        def close(self) -> None:
            """End the session and forget every subscription."""
