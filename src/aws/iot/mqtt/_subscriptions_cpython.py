"""This file keeps the filters of CPython's connection, and the SUBSCRIBEs that are not answered.

It sends nothing and locks nothing; its user does both. What is remembered outlives a connection; what the broker said
does not.
"""

from collections.abc import Callable

from aws.iot.mqtt import rules
from aws.iot.mqtt.filters import ASKED, Filter, Filters, matches
from fota.log import log

Callback = Callable[[str, bytes], None]


class _Request:
    """A SUBSCRIBE that is not answered."""

    def __init__(self, batch: list[Filter], sent_ms: int) -> None:
        self.batch = batch
        self.sent_ms = sent_ms


class Subscriptions(Filters):
    """Every filter that is remembered, and the packets that ask for them on the present connection."""

    def __init__(self) -> None:
        super().__init__()
        self._requests: dict[int, _Request] = {}

    def forget_all(self) -> None:
        """Want nothing."""
        self.all = []
        self._requests.clear()

    def ask(self, request: int, batch: list[Filter], now_ms: int) -> None:
        """The batch was sent in the packet numbered `request`."""
        self._requests[request] = _Request(batch, now_ms)
        for one in batch:
            one.state = ASKED

    def take_unanswered(self, now_ms: int) -> tuple[int, list[tuple[str, int]]] | None:
        """A request that is to be sent again, if one has had no answer for long and its filters are still wanted."""
        for number, request in self._requests.items():
            is_wanted = all(one.state == ASKED and self.find(one.topic_filter) is one for one in request.batch)
            if is_wanted and now_ms - request.sent_ms >= rules.ASK_AGAIN_AFTER_MS:
                request.sent_ms = now_ms
                return number, wanted(request.batch)
        return None

    def answer_request(self, request: int, granted: list[bool]) -> tuple[list[str], list[str]]:
        """The broker answered that packet; returns what `answer` does."""
        asked = self._requests.pop(request, None)
        return self.answer(asked.batch if asked else (), granted)

    def lose(self, *, hung_up: bool) -> str:
        """See `Filters.lose`."""
        self._requests.clear()
        return super().lose(hung_up=hung_up)

    def listeners(self, topic: str) -> list[Callback]:
        """Who hears a message on this topic."""
        return [one.callback for one in self.all if matches(one.topic_filter, topic)]


def hand_out(listeners: list[Callback], topic: str, payload: bytes) -> None:
    """Hand a message to every callback. An exception in one is only logged."""
    if not listeners:
        log("message-dropped", topic=topic, problem="nobody subscribed to it")
    for callback in listeners:
        try:
            callback(topic, payload)
        except Exception as error:  # noqa: BLE001 - the application's code must not end the network's thread
            # Only the type is logged: the text may quote the message, and a message may hold a presigned URL.
            log("message-dropped", topic=topic, problem=type(error).__name__)


def wanted(batch: list[Filter]) -> list[tuple[str, int]]:
    """What a SUBSCRIBE says of these filters."""
    return [(one.topic_filter, one.qos) for one in batch]
