"""AWS IoT's quotas for one client, counted as its message broker counts them.

AWS: https://docs.aws.amazon.com/general/latest/gr/iot-core.html (limits of the message broker)
"""

import time
from collections import deque

from fota_testing.servers import mqtt_packets as packets


class Quotas:
    """What came, and what of it was against a quota."""

    MAX_FILTERS = 8
    """In one SUBSCRIBE; AWS IoT hangs up on more."""
    MAX_PUBLISHES = 100
    """In a second on one connection; AWS IoT discards more without an answer."""

    def __init__(self) -> None:
        self.breaches: list[str] = []
        """A sentence for each; a test that finds one here has failed."""
        self.connects_apart_ms: float = 1_000
        """AWS IoT refuses a CONNECT of the same client sooner after the one before; less only for a client whose own
        pace was made faster too."""
        self.second_ms: float = 1_000
        """How long a second of `MAX_PUBLISHES` is; less only as above."""
        self._connected_s: dict[str, float] = {}
        self._published_s: deque[float] = deque(maxlen=self.MAX_PUBLISHES)

    def connect(self, body: bytes) -> None:
        """A CONNECT came."""
        client_id, now_s = packets.client_id(body), time.monotonic()
        apart_ms = (now_s - self._connected_s.get(client_id, now_s - 3_600)) * 1_000
        if apart_ms < self.connects_apart_ms:
            self.breaches.append(f"a CONNECT of {client_id} came {apart_ms:.0f} ms after the one before")
        self._connected_s[client_id] = now_s
        self._published_s.clear()

    def publish(self) -> bool:
        """A message came; returns whether it is within the quota."""
        now_s = time.monotonic()
        is_full = len(self._published_s) == self.MAX_PUBLISHES
        if is_full and (now_s - self._published_s[0]) * 1_000 < self.second_ms:
            self.breaches.append(f"more than {self.MAX_PUBLISHES} messages came within {self.second_ms:g} ms")
            return False
        self._published_s.append(now_s)
        return True

    def subscribe(self, count: int) -> bool:
        """A SUBSCRIBE for this number of filters came; returns whether it is within the quota."""
        if count > self.MAX_FILTERS:
            self.breaches.append(f"a SUBSCRIBE has {self.MAX_FILTERS} filters at most, not {count}")
        return count <= self.MAX_FILTERS
