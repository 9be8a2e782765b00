"""What a doctor asks a server: to connect, to say the time, to take an MQTT session; each within a time.

CPython only. Says what was answered and leaves to `_doctor_network_cpython` what that means.
"""

import email.utils
import queue
import re
import socket
import ssl
import struct
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_HEAD_BYTES = 16_384
_KEEP_ALIVE_S = 30
_CLEAN_SESSION = 0x02
_DISCONNECT = b"\xe0\x00"
_CONNACK = 0x20

_DATE = re.compile(rb"\r\ndate:[ \t]*([^\r\n]+)", re.IGNORECASE)


def connected(host: str, port: int, within_s: float) -> socket.socket:
    """A connection whose every wait has that deadline. *Raises* OSError, of which TimeoutError is one."""
    deadline_s = time.monotonic() + within_s
    problem: OSError = TimeoutError("no address")
    for family, kind, protocol, _, address in _addresses(host, port, within_s):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(left_s)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            problem = error
            continue
        connection.settimeout(within_s)
        return connection
    raise problem


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
    """What the server says the time is, in seconds since 1970. *Raises* OSError unless it proves who it is."""
    with context.wrap_socket(plain, server_hostname=host) as secured:
        secured.sendall(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        found = _DATE.search(_read(secured, _MOST_HEAD_BYTES, until=b"\r\n\r\n"))
    if found is None:
        return None
    try:
        return email.utils.parsedate_to_datetime(found.group(1).decode("latin-1")).timestamp()
    except (ValueError, OverflowError):
        return None


def open_session(secured: ssl.SSLSocket, client_id: str) -> int | None:
    """The return code of an MQTT 3.1.1 session, which is ended at once; None for a connection that ended instead.

    A session that a device has under this client id ends by it.
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


def _addresses(host: str, port: int, within_s: float) -> "list[Any]":
    """What the name stands for. In a thread of its own, since the resolver has no deadline. *Raises* OSError."""
    answers: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)
        except UnicodeError:
            answers.put(OSError(f"{host!r} is no host name"))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=within_s)
    except queue.Empty:
        raise TimeoutError("the name was not resolved") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _read(secured: ssl.SSLSocket, most_bytes: int, until: bytes | None = None) -> bytes:
    """So many bytes, or fewer: the connection ended, `until` came, or the time was over. *Raises* OSError."""
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
