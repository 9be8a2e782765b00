"""A TCP connection through the HTTP proxy that HTTPS_PROXY names, unless NO_PROXY excepts the host.

The proxy is asked to CONNECT (RFC 9110, section 9.3.6) and passes bytes on, so what TLS proves is proven end to end.
Only a proxy that is spoken to in clear is supported: `http://host:port`, with a name and a password if it wants them.
Those are sent to it and never told. Both variables mean what they mean to `curl`.
"""

import base64
import errno
import socket
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from fota import machine
from fota.fields import is_of_letters
from fota.transfer import dial
from fota.waiting import still_waiting

_MAX_HEAD_BYTES = 8_192

_SILENCE_S = 1.0
"""A program that may have a watchdog to feed hears after so long that its proxy is waited for."""


class Proxy(NamedTuple):
    """A proxy, and the credentials that it gets."""

    host: str
    port: int
    secret: str
    """`name:password`; empty if it wants none."""

    @property
    def place(self) -> str:
        """How a log or an error may name it."""
        return f"{self.host}:{self.port}"


def proxy_for(host: str) -> Proxy | None:
    """The proxy of a host; None if there is none. *Raises* OSError for one that is not supported."""
    text = machine.setting("https_proxy") or machine.setting("HTTPS_PROXY") or ""
    if not text or _is_excepted(host):
        return None
    try:
        url = urlsplit(text if "://" in text else f"http://{text}")
        found = Proxy(url.hostname or "", url.port or 80, _secret(url.username, url.password))
    except ValueError:
        found = None
    if found is None or not found.host or url.scheme != "http":
        # The text itself is not told: it may hold a password.
        raise OSError(errno.EINVAL, "HTTPS_PROXY: expected http://host:port; no other kind of proxy is supported")
    return found


def connected(host: str, port: int, deadline_ms: int) -> socket.socket:
    """A socket connected to the host, through its proxy if it has one.

    *Blocks* until the deadline at most, but for the look-up of a name. *Raises* OSError, TimeoutError.
    """
    proxy = proxy_for(host)
    if proxy is None:
        return direct(host, port, deadline_ms)
    try:
        tcp = direct(proxy.host, proxy.port, deadline_ms)
        try:
            _pass_through(tcp, proxy, f"{host}:{port}", deadline_ms)
        except BaseException:
            tcp.close()
            raise
    except OSError as error:
        number = errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno or errno.EPROTO
        raise OSError(number, f"the proxy {proxy.place}: {error.strerror or error}") from error
    return tcp


def direct(host: str, port: int, deadline_ms: int) -> socket.socket:
    """The same without a proxy."""
    try:
        tcp: socket.socket = dial.connected(host, port, deadline_ms)
    except UnicodeError as error:
        raise OSError(errno.EHOSTUNREACH, f"{host!r} is no host name") from error
    return tcp


def worked(host: str, port: int) -> None:
    """What was connected to last for this host is of use: see `dial.worked`."""
    proxy = proxy_for(host)
    dial.worked(*((host, port) if proxy is None else proxy[:2]))


def _pass_through(tcp: socket.socket, proxy: Proxy, target: str, deadline_ms: int) -> None:
    """Have the proxy connect us to the target."""
    if not is_of_letters(target, ".-_:"):
        raise OSError(errno.EINVAL, f"{target!r} is no name that it can be asked for")
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.secret:
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(proxy.secret.encode()).decode()}")
    tcp.settimeout(_left_s(deadline_ms))
    tcp.sendall("\r\n".join([*lines, "", ""]).encode())
    status = _head(tcp, deadline_ms).split(b" ", 2)[1:2]
    if status != [b"200"]:
        code = status[0].decode("ascii", "replace") if status and status[0].isdigit() else "what is not HTTP"
        hint = "; many let port 443 alone out" if code == "403" else ""
        hint = "; it wants a name and a password in HTTPS_PROXY" if code == "407" else hint
        raise OSError(errno.ECONNREFUSED, f"it answered {code} to CONNECT {target}{hint}")


def _head(tcp: socket.socket, deadline_ms: int) -> bytes:
    """The head of its answer. Read byte by byte: what follows belongs to TLS."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octet = _next_octet(tcp, deadline_ms)
        if not octet or len(head) >= _MAX_HEAD_BYTES:
            raise OSError(errno.EPROTO, "its answer has no head, or no end of it")
        head += octet
    return head


def _next_octet(tcp: socket.socket, deadline_ms: int) -> bytes:
    while True:
        tcp.settimeout(min(_left_s(deadline_ms), _SILENCE_S))
        try:
            return tcp.recv(1)
        except TimeoutError:
            still_waiting()


def _left_s(deadline_ms: int) -> float:
    left_ms = deadline_ms - machine.now_ms()
    if left_ms <= 0:
        raise TimeoutError(errno.ETIMEDOUT, "it did not answer in time")
    return left_ms / 1000


def _secret(name: str | None, password: str | None) -> str:
    return f"{unquote(name or '')}:{unquote(password or '')}" if name or password else ""


def _is_excepted(host: str) -> bool:
    """Whether NO_PROXY names it, or it is this machine."""
    host = host.lower().rstrip(".")
    if host in ("localhost", "::1") or host.startswith("127."):
        return True
    words = machine.setting("no_proxy") or machine.setting("NO_PROXY") or ""
    names = [word.strip().lower().lstrip("*").lstrip(".") for word in words.split(",") if word.strip()]
    # A star alone excepts everything.
    return any(name in ("", host) or host.endswith(f".{name}") for name in names)
