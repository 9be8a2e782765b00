"""How fast a device may connect and send, by AWS IoT's limits. Nothing here waits: it says how long to wait.

AWS: https://docs.aws.amazon.com/general/latest/gr/iot-core.html (limits of the message broker)
"""

from aws.iot.mqtt import rules
from fota import machine

_MAX_CLIENTS = 8

_connects: "list[tuple[str, int]]" = []
"""Client ID and time of the last CONNECTs, the oldest first: a new connection object must know of them too."""


def connect_wait_ms(client_id: str) -> int:
    """How long this client must wait before its next CONNECT; 0: it may send one now."""
    for name, at_ms in _connects:
        if name == client_id:
            return max(0, at_ms + rules.CONNECT_EVERY_MS - machine.now_ms())
    return 0


def note_connect(client_id: str) -> None:
    """This client has sent a CONNECT."""
    others = [entry for entry in _connects if entry[0] != client_id]
    _connects[:] = others[1 - _MAX_CLIENTS :] + [(client_id, machine.now_ms())]


class PublishPace:
    """The messages of one connection: a burst, and then one in each interval."""

    def __init__(self) -> None:
        self._booked_ms = machine.now_ms()

    def begin(self) -> None:
        """A connection begins: AWS IoT counts from here."""
        self._booked_ms = machine.now_ms()

    def wait_ms(self) -> int:
        """How long to wait before the next message; 0: it may be sent now."""
        ahead_ms = (rules.PUBLISH_BURST - 1) * rules.PUBLISH_EVERY_MS
        return max(0, self._booked_ms - ahead_ms - machine.now_ms())

    def take(self) -> None:
        """A message was sent."""
        self._booked_ms = max(self._booked_ms, machine.now_ms()) + rules.PUBLISH_EVERY_MS
