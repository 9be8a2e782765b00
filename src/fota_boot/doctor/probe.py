"""The doctor's requests to a server: connect, get the time, open an MQTT session; each with a deadline.

CPython only. This file returns the answers; `network` knows what they mean.
"""

import contextlib
import email.utils
import queue
import re
import socket
import ssl
import struct
import threading
import time

from fota import machine
from fota.transfer import proxy_cpython

HTTPS_PORT = 443

_MAX_HEAD_BYTES = 16_384
_KEEP_ALIVE_S = 30
_CLEAN_SESSION = 0x02
_DISCONNECT = b"\xe0\x00"
_CONNACK = 0x20

_DATE = re.compile(rb"\r\ndate:[ \t]*([^\r\n]+)", re.IGNORECASE)


def connected(host: str, port: int, within_s: float) -> socket.socket:
    """A connection as the device makes it, whose waits all have that deadline. *Raises* OSError, as TimeoutError.

    On the port of HTTPS it goes through the proxy of this machine, if there is one. It is made in a thread of its
    own, since the resolver has no deadline.
    """
    connect = proxy_cpython.connected if port == HTTPS_PORT else proxy_cpython.direct
    deadline_ms = machine.now_ms() + int(within_s * 1000)
    answers: queue.SimpleQueue[socket.socket | OSError] = queue.SimpleQueue()
    is_given_up = threading.Event()

    def ask() -> None:
        try:
            answers.put(connect(host, port, deadline_ms))
        except OSError as error:
            answers.put(error)
        if is_given_up.is_set():
            _hang_up(answers)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=within_s)
    except queue.Empty:
        is_given_up.set()
        _hang_up(answers)
        raise TimeoutError("no answer in time") from None
    if isinstance(answer, OSError):
        raise answer
    answer.settimeout(within_s)
    return answer


def is_ended(secured: ssl.SSLSocket, within_s: float) -> bool:
    """Whether the server ends the connection, or refuses it, within that time."""
    before_s = secured.gettimeout()
    secured.settimeout(within_s)
    try:
        return secured.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        secured.settimeout(before_s)


def date_of(plain: socket.socket, context: ssl.SSLContext, host: str) -> float | None:
    """The server's time, in seconds since 1970. *Raises* OSError unless the server was verified."""
    with context.wrap_socket(plain, server_hostname=host) as secured:
        secured.sendall(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        found = _DATE.search(_read(secured, _MAX_HEAD_BYTES, until=b"\r\n\r\n"))
    if found is None:
        return None
    try:
        return email.utils.parsedate_to_datetime(found.group(1).decode("latin-1")).timestamp()
    except (ValueError, OverflowError):
        return None


def open_session(secured: ssl.SSLSocket, client_id: str) -> int | None:
    """Open an MQTT 3.1.1 session and end it again; returns its code, or None if the connection ended instead.

    This ends the session that a device has under this client id.
    """
    name = client_id.encode()
    body = b"\x00\x04MQTT\x04" + struct.pack(">BHH", _CLEAN_SESSION, _KEEP_ALIVE_S, len(name)) + name
    try:
        secured.sendall(b"\x10" + _length(len(body)) + body)
        answer = _read(secured, 4)
        if len(answer) != 4 or answer[0] != _CONNACK:
            return None
        if answer[3] == 0:
            secured.sendall(_DISCONNECT)
    except OSError:
        return None
    return answer[3]


def _hang_up(answers: "queue.SimpleQueue[socket.socket | OSError]") -> None:
    """Close what was connected when nobody waited for it any more."""
    with contextlib.suppress(queue.Empty):
        late = answers.get_nowait()
        if isinstance(late, socket.socket):
            late.close()


def _read(secured: ssl.SSLSocket, most_bytes: int, until: bytes | None = None) -> bytes:
    """Read that many bytes; fewer if the connection ended, `until` came, or time was up. *Raises* OSError."""
    deadline_s = time.monotonic() + (secured.gettimeout() or 0)
    content = b""
    while len(content) < most_bytes and (until is None or until not in content):
        if time.monotonic() >= deadline_s:
            raise TimeoutError("too slow")
        chunk = secured.recv(most_bytes - len(content))
        if not chunk:
            break
        content += chunk
    return content


def _length(count: int) -> bytes:
    """MQTT's remaining length, section 2.2.3."""
    low, high = count % 128, count // 128
    return bytes([low | 0x80, high]) if high else bytes([low])
