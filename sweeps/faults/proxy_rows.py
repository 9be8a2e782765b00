"""The faults of a proxy, which the images come through; MQTT goes past it."""

from __future__ import annotations

from dataclasses import replace

from sweeps.faults.halves import CPYTHON
from sweeps.faults.row import LASTING_S, PASSING_S, STATUS, TIMEOUT, UNREACHABLE, UPDATED, Row, lasting


def _proxy(name: str, about: str) -> list[Row]:
    # MicroPython's half knows no proxy.
    row = Row(name, "proxy", about, (name,), halves=(CPYTHON,), is_proxied=True)
    # The session of a URL may be over when the proxy works again.
    return [
        *lasting(row, PASSING_S),
        *lasting(replace(row, outcomes=(UPDATED, UNREACHABLE, TIMEOUT, STATUS)), (LASTING_S,)),
    ]


PROXY_ROWS: tuple[Row, ...] = (
    *_proxy("proxy-refuses", "the proxy is not there: each connection to it is refused"),
    *_proxy("proxy-silent", "the proxy takes connections, and answers nothing"),
    *_proxy("proxy-closes", "the proxy hangs up without an answer"),
    *_proxy("proxy-wants-password", "407, the proxy does not take the password any more"),
    *_proxy("proxy-bad-gateway", "502, the proxy does not reach the server of images"),
)
