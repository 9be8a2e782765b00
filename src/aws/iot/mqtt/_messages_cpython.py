"""A message of CPython's connection on its way: it waits, or it was sent and is not acknowledged."""

from typing import NamedTuple

from fota import machine


class Message(NamedTuple):
    """A message that waits to be sent."""

    topic: str
    body: bytes
    qos: int


class Sent:
    """A message that was sent and is not acknowledged."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.times_overdue = 0
        self.restart()

    def restart(self) -> None:
        """It was sent on a new connection."""
        self.first_ms = self.sent_ms = machine.now_ms()
