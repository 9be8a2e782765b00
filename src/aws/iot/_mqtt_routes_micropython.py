"""Which filters are subscribed to, and who hears their messages. Outlives a connection; sends nothing."""

from aws.iot._mqtt_packets_micropython import matches
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 8
"""AWS IoT takes this many filters in one SUBSCRIBE; it closes the connection for more."""

_REFUSED = 0x80


class Route:
    """One filter. `is_granted` is None until the broker has answered."""

    def __init__(self, topic_filter: str, callback: "Callable[[str, bytes], None]", qos: int) -> None:
        self.topic_filter = topic_filter
        self.callback = callback
        self.qos = qos
        self.is_granted: "bool | None" = None


class Routes:
    """Every filter that is remembered, in the order in which they were."""

    def __init__(self) -> None:
        # A list, since dictionaries keep no order there.
        self._routes: "list[Route]" = []

    def remember(self, route: Route) -> None:
        """Want this from now on, in the place of what was wanted of the same filter."""
        self.forget(route.topic_filter)
        self._routes.append(route)

    def forget(self, topic_filter: str) -> None:
        """Want it no longer; it need not be known."""
        self._routes = [route for route in self._routes if route.topic_filter != topic_filter]

    def batches(self) -> "list[list[Route]]":
        """Everything, as it fits into packets."""
        return [self._routes[start : start + BATCH] for start in range(0, len(self._routes), BATCH)]

    def call(self, topic: str, payload: memoryview) -> None:
        """Have a message heard by everybody whose filter matches. What goes wrong with them is told, and no more."""
        listeners = [route.callback for route in self._routes if matches(route.topic_filter, topic)]
        if not listeners:
            log("message-dropped", topic=topic, problem="nobody subscribed to it")
        for callback in listeners:
            try:
                callback(topic, bytes(payload))
            except Exception as error:  # noqa: BLE001 - the application's code must not end the session
                # Its kind alone: the text may quote the message, and a message may hold a presigned URL.
                log("message-dropped", topic=topic, problem=type(error).__name__)


def settle(batch: "list[Route]", codes: memoryview) -> None:
    """The broker answered for a batch: one code for each; without one it is refused."""
    for position, route in enumerate(batch):
        route.is_granted = position < len(codes) and codes[position] < _REFUSED
    refused = [route.topic_filter for route in batch if not route.is_granted]
    if refused:
        log("subscribe-refused", topics=", ".join(refused))
