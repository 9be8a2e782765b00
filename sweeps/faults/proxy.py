"""An HTTP proxy in a virtual network: the only way to the server of images in the cells of rows that have one."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.faults.network import Wire

HOST = "proxy.example"
_CREDENTIALS = "lamp:what a secret"
SETTING = f"http://lamp:what%20a%20secret@{HOST}:3128"
"""What HTTPS_PROXY says."""

_WANTED = f"Proxy-Authorization: Basic {base64.b64encode(_CREDENTIALS.encode()).decode()}"
_REFUSALS = {
    "proxy-wants-password": "407 Proxy Authentication Required",
    "proxy-bad-gateway": "502 Bad Gateway",
}


class Proxy:
    """See `network.Server`."""

    def __init__(self, active: set[str]) -> None:
        self._active = active
        self._received: dict[Wire, bytes] = {}

    def opened(self, wire: Wire) -> None:
        """Nobody speaks TLS to it."""

    def closed(self, wire: Wire) -> None:
        """A client is gone."""
        self._received.pop(wire, None)

    def received(self, wire: Wire, octets: bytes) -> None:
        """Answer a CONNECT, and stand aside from then on."""
        head, end, _ = (self._received.pop(wire, b"") + octets).partition(b"\r\n\r\n")
        if not end:
            self._received[wire] = head
        elif "proxy-closes" in self._active:
            wire.deliver(b"")
        elif "proxy-silent" not in self._active:
            self._answer(wire, head.decode().split("\r\n"))

    def _answer(self, wire: Wire, lines: list[str]) -> None:
        host = lines[0].split(" ")[1].partition(":")[0]
        refusal = next((status for kind, status in _REFUSALS.items() if kind in self._active), None)
        if _WANTED not in lines:
            refusal = _REFUSALS["proxy-wants-password"]
        if refusal is None:
            wire.leads_to(host)
            wire.deliver(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            wire.deliver(f"HTTP/1.1 {refusal}\r\nContent-Length: 4\r\n\r\nno: ".encode())
            wire.deliver(b"")
