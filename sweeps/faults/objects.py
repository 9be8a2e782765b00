"""The server of images: S3 in a virtual network, on good and on bad days."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sweeps.powercut.patches import by_url
from sweeps.powercut.scenarios import PATCHES_AT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweeps.faults.network import Wire
    from sweeps.faults.world import World

CHUNKS = 4
CHUNK_MS = 400
ASKED_S = 120
"""What a busy server asks for by Retry-After."""

_STATUS = {
    "http-500": "500 Internal Server Error",
    "http-503": "503 Slow Down",
    "http-503-coded": "503 Slow Down",
    "http-503-asks": "503 Slow Down",
    "http-429": "429 Too Many Requests",
    "http-403": "403 Forbidden",
    "http-404": "404 Not Found",
    "http-redirect": "307 Temporary Redirect",
}
_OF_PATCHES = {"patch-403": "403 Forbidden", "patch-404": "404 Not Found"}
"""The same for patches alone."""
_DAMAGE = frozenset(("patch-damaged", "patch-damaged-cut"))

_BY_URL = by_url()


class Objects:
    """See `network.Server`. `saw` is called with how much of an image is about to come: 0, 0.5 and 1."""

    def __init__(self, world: World, active: set[str], saw: Callable[[float], None]) -> None:
        self._world = world
        self._active = active
        self._saw = saw
        self._received: dict[Wire, bytes] = {}
        self.expires: set[str] = set()
        """URLs that were asked for while a fault said that they expire."""
        self.served_bytes = 0
        self.served: Counter[str] = Counter()
        """The bytes of each URL that were sent, without its query."""
        self._asked_for: dict[Wire, str] = {}
        self.chunk_ms = CHUNK_MS
        self._stalled: set[Wire] = set()
        self.asked = 0
        self._busy_until_ms = 0
        self.breaches: list[str] = []
        """Where the device came back sooner than it was asked to."""
        self.url_lives = False
        """True: each URL is good for one request."""
        self.refused_to = 0
        """The URLs up to the one with this number have expired."""

    def opened(self, wire: Wire) -> None:
        """A client."""
        self._received[wire] = b""

    def closed(self, wire: Wire) -> None:
        """It is gone."""
        self._received.pop(wire, None)

    def received(self, wire: Wire, octets: bytes) -> None:
        """Answer each request."""
        if wire not in self._received:
            return
        self._received[wire] += octets
        head, end, rest = self._received[wire].partition(b"\r\n\r\n")
        if end:
            self._received[wire] = rest
            self._answer(wire, head.decode())

    def _answer(self, wire: Wire, head: str) -> None:  # noqa: PLR0911 - one for each bad day
        lines = head.split("\r\n")
        url = lines[0].split(" ")[1]
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        asked_for = self._asked_for[wire] = "https://images.example" + url.partition("?")[0]
        content = _BY_URL[asked_for]
        first = int(fields.get("range", "bytes=0-")[len("bytes=") :].partition("-")[0])
        self.asked += 1
        self._saw(first / len(content))
        is_old = int(url.partition("X-Amz-Signature=")[2] or "0", 16) <= self.refused_to
        if is_old or (self.url_lives and url in self.expires):
            self._refuse(wire, "403 Forbidden", [])
            return
        self.expires.add(url)
        active = self._active
        if "http-503-asks" in active:
            self._asks_for_a_wait()
        for name, status in (_STATUS | _OF_PATCHES if self._asks_for_patch(wire) else _STATUS).items():
            if name in active:
                more = ["Content-Encoding: gzip"] if name.endswith("coded") else []
                more += [f"Retry-After: {ASKED_S}"] if name.endswith("asks") else []
                more += ["Location: https://elsewhere.example/"] if "redirect" in name else []
                self._refuse(wire, status, more)
                return
        if "head-silent" in active:
            return
        if "head-dripped" in active:
            self._drip(wire, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100_000, 0)
            return
        if "head-endless" in active:
            self._repeat(wire, b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 7_990 + b"\r\n")
            return
        if "interim-endless" in active:
            self._repeat(wire, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 320)
            return
        if "not-http" in active:
            wire.deliver(b"SSH-2.0-OpenSSH_9\r\n")
            wire.deliver(b"")
            return
        self._serve(wire, content, first, fields)

    def _asks_for_patch(self, wire: Wire) -> bool:
        return self._asked_for[wire].startswith(PATCHES_AT)

    def _asks_for_a_wait(self) -> None:
        """By Retry-After; what comes sooner is kept."""
        now_ms = self._world.now_ms()
        if now_ms < self._busy_until_ms:
            self.breaches.append(f"asked again {(self._busy_until_ms - now_ms) // 1000} s before Retry-After ended")
        self._busy_until_ms = now_ms + ASKED_S * 1000

    def _refuse(self, wire: Wire, status: str, more: list[str]) -> None:
        body = b"<Error/>"
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *more]
        wire.deliver("\r\n".join([*lines, "", ""]).encode() + body)
        wire.deliver(b"")

    def _serve(self, wire: Wire, content: bytes, first: int, fields: dict[str, str]) -> None:
        active = self._active
        etag = '"' + content[:8].hex() + '"'
        if "ranges-ignored" in active or fields.get("if-range", etag) != etag:
            first = 0
        total = len(content)
        if "longer" in active:
            content, total = content + b"more", total + 4
        if "shorter" in active:
            content, total = content[:-4], total - 4
        body = content[first:]
        if "other-bytes" in active or (active & _DAMAGE and self._asks_for_patch(wire)):
            body = bytes(octet ^ 0x55 for octet in body)
        lines = ["HTTP/1.1 206 Partial Content" if first else "HTTP/1.1 200 OK"]
        if first:
            lines.append(f"Content-Range: bytes {first}-{total - 1}/{total}")
        if "coded" in active:
            lines.append("Content-Encoding: gzip")
        lines += [f"Content-Length: {len(body)}", f"ETag: {etag}", "Connection: close", "", ""]
        wire.deliver("\r\n".join(lines).encode())
        if "dripped" in active:
            self._drip(wire, body, first)
            return
        size = -(-total // CHUNKS)
        for number in range(-(-len(body) // size)):
            chunk = body[number * size : (number + 1) * size]
            self._world.at(
                self.chunk_ms * (number + 1),
                lambda chunk=chunk, number=number: self._chunk(  # type: ignore[misc]
                    wire, chunk, first + (number + 1) * size, total
                ),
            )

    def _chunk(self, wire: Wire, chunk: bytes, end: int, total: int) -> None:
        if wire not in self._received:
            return
        self._saw(min(end, total) / total)
        if "body-stalls" in self._active or wire in self._stalled:
            self._stalled.add(wire)
            return
        if "body-breaks" in self._active:
            wire.deliver(chunk[: len(chunk) // 2])
            wire.deliver(b"")
            self.closed(wire)
            return
        self.served_bytes += len(chunk)
        self.served[self._asked_for[wire]] += len(chunk)
        wire.deliver(chunk)
        if end >= total:
            wire.deliver(b"")
            self.closed(wire)

    def _drip(self, wire: Wire, octets: bytes, offset: int) -> None:
        if wire not in self._received or wire.is_closed or offset < 0 or not octets:
            return
        if "dripped" not in self._active and "head-dripped" not in self._active:
            # The line is good again, and the rest comes.
            wire.deliver(octets)
            wire.deliver(b"")
            return
        wire.deliver(octets[:25])
        self.served_bytes += 25
        self._world.at(5_000, lambda: self._drip(wire, octets[25:], offset))

    def _repeat(self, wire: Wire, start: bytes, more: bytes) -> None:
        if start:
            wire.deliver(start)

        def again() -> None:
            if wire in self._received and not wire.is_closed and self._active & {"head-endless", "interim-endless"}:
                wire.deliver(more)
                self.served_bytes += len(more)
                self._world.at(500, again)
            elif wire in self._received:
                wire.deliver(b"")

        again()
