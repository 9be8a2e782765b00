"""What one go of a download may take: a rate, a number of bytes, a time. Made by who lets it begin.

`fota.transfer.download` keeps to them. Nothing here waits, and no module is imported for a download without bounds.
"""

_PART = 10_000
"""The account of the rate is kept in parts of a byte: the bucket then gains a whole number of them in each ms."""


class Bounds:
    """Bounds for one go, used once. The bytes are those of bodies; what HTTP, TLS and TCP add is not counted.

    The rate is kept by a token bucket that holds a fifth of a second, and is filled so much slower that no ten
    seconds bring more than ten times the rate.
    """

    def __init__(
        self,
        max_bytes_per_s: "int | None" = None,
        max_bytes: "int | None" = None,
        for_s: "int | None" = None,
    ) -> None:
        """None: no such bound. With 0 bytes or 0 seconds nothing is fetched. *Raises* ValueError."""
        for name, value in (("max_bytes_per_s", max_bytes_per_s), ("max_bytes", max_bytes), ("for_s", for_s)):
            least = 0 if name != "max_bytes_per_s" else 1
            if value is not None and (type(value) is not int or value < least):
                raise ValueError(f"{name}: expected a whole number from {least}, or None, got {value!r}")
        self.max_bytes_per_s: "int | None" = max_bytes_per_s
        self.max_bytes: "int | None" = max_bytes
        self.for_s: "int | None" = for_s
        self.is_spent: "bool" = False
        """Whether the go was ended by `max_bytes` or `for_s`, before all bytes had come."""
        self._came_bytes = 0
        self._began_ms: "int | None" = None
        self._burst_bytes = max(1, (max_bytes_per_s or 0) // 5)
        self._parts = self._burst_bytes * _PART
        self._at_ms = 0

    def begin(self, now_ms: int) -> None:
        """The time of the go begins."""
        self._began_ms = self._at_ms = now_ms

    def left_ms(self, now_ms: int, most_ms: int) -> int:
        """The time that is left of the go; at most `most_ms`, and 0 if it is over."""
        if self.for_s is None or self._began_ms is None:
            return most_ms
        return max(0, min(most_ms, self._began_ms + self.for_s * 1_000 - now_ms))

    def left_bytes(self, wanted_bytes: int) -> int:
        """How many of the wanted bytes the go may still take."""
        return (
            wanted_bytes if self.max_bytes is None else max(0, min(wanted_bytes, self.max_bytes - self._came_bytes))
        )

    def end(self, now_ms: int) -> bool:
        """Whether the go is over; it is spent then."""
        if not self.left_ms(now_ms, 1) or not self.left_bytes(1):
            self.is_spent = True
        return self.is_spent

    def to_bytes(self, offset_bytes: int, size_bytes: int) -> int:
        """The offset behind the last byte that the go may take, for a request from an offset on; 0 if it may all.

        What it may not take is not asked for: it would come, and be paid for, all the same.
        """
        may_bytes = self.left_bytes(size_bytes - offset_bytes)
        return offset_bytes + may_bytes if offset_bytes + may_bytes < size_bytes else 0

    def wait_ms(self, wanted_bytes: int, now_ms: int) -> int:
        """For how long nothing may be read, so that a piece worth reading may be read after that; 0 if it may now."""
        if self.max_bytes_per_s is None:
            return 0
        self._fill(now_ms)
        missing = min(wanted_bytes, max(1, self._burst_bytes // 2)) * _PART - self._parts
        return max(0, -(-missing // self._gain()))

    def room_bytes(self, wanted_bytes: int) -> int:
        """How many of the wanted bytes may be read now, once there is no wait."""
        may_bytes = self.left_bytes(wanted_bytes)
        return may_bytes if self.max_bytes_per_s is None else min(may_bytes, self._parts // _PART)

    def took(self, count_bytes: int, now_ms: int) -> None:
        """That many bytes came."""
        self._came_bytes += count_bytes
        if self.max_bytes_per_s is not None:
            self._fill(now_ms)
            self._parts -= count_bytes * _PART

    def _fill(self, now_ms: int) -> None:
        most = self._burst_bytes * _PART
        self._parts = min(most, self._parts + (now_ms - self._at_ms) * self._gain())
        self._at_ms = now_ms

    def _gain(self) -> int:
        """The parts that a millisecond brings: in ten seconds a full bucket and these make ten times the rate."""
        return 10 * (self.max_bytes_per_s or 0) - self._burst_bytes
