"""Requests to AWS IoT Jobs from several threads of a program: one at a time, each with its own answer."""

import threading

from aws.iot.exchange import Exchange
from fota import machine
from fota.waiting import still_waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.mqtt import Connection
    from fota.clock import Clock

_TELL_EVERY_S = 1.0


class SharedExchange(Exchange):
    """An `Exchange` whose threads take turns.

    A turn ends within `exchange.ANSWER_TIMEOUT_MS`. A callback that asks while its own thread waits has that turn.
    """

    def __init__(self, connection: "Connection", thing_name: str, clock: "Clock" = machine) -> None:
        self._turn = threading.RLock()
        super().__init__(connection, thing_name, clock)

    def _ask_once(self, topic: str, request: "dict[str, object]", qos: int = 1) -> "dict[str, object]":
        while not self._turn.acquire(timeout=_TELL_EVERY_S):
            still_waiting()
        try:
            return super()._ask_once(topic, request, qos)
        finally:
            self._turn.release()
