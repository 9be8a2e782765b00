"""One connection: MQTT packets over mutual TLS over TCP, on MicroPython's sockets, without a wait.

Two things do wait, since MicroPython offers no other way: the look-up of the host's name (nothing bounds it but
the network stack), and the arithmetic of the handshake (on a microcontroller up to seconds, in a few steps).

The authority, the host name and the dates (by the device's clock) are verified: set the clock first. MicroPython's
`ssl` begins with verification off, unlike CPython's. It has no ALPN, so that port 443 of AWS IoT is out of
reach, and shows a single certificate of the device's.

Errors are an OSError, or a ValueError where trying again would not help: a certificate is not good.
"""

import select
import ssl

from aws.iot.errors import BadCredentials
from aws.iot.mqtt import _packets_micropython as packets
from fota import machine
from fota.transfer.dial import Dial

TYPE_CHECKING = False
if TYPE_CHECKING:
    # A socket of MicroPython; the type checker knows only those of CPython.
    from typing import Any

    from aws.iot.credentials import Credentials

_PING_AFTER_MS = 60_000
"""A ping is sent after this much silence of either side: a router may forget a connection that is silent."""

_PONG_WITHIN_MS = 10_000
_WRITE_WITHIN_MS = 60_000
"""The time to send one packet; the longest packet has 128 KiB."""

# Numbers, since not every port of MicroPython has the names.
_IPPROTO_TCP = 6
_TCP_NODELAY = 1


def tls_context(credentials: "Credentials") -> "ssl.SSLContext":
    """A context for one device, which verifies. *Raises* BadCredentials, naming which of them TLS cannot use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    name = "cacert"
    try:
        if credentials.authorities is None:
            raise ValueError("there are none of the system's here")
        for authority in credentials.authorities:
            context.load_verify_locations(cadata=authority)
        name = "clicert, pkey"
        context.load_cert_chain(credentials.certificates[0], credentials.private_key)
    except (ValueError, OSError) as error:
        raise BadCredentials(f"{name}: TLS cannot use them: {error}", cause=error)
    return context


class Link:
    """One connection, from the first try to make it until it is closed. Every method but `close` may raise."""

    def __init__(self, context: "ssl.SSLContext", host: str, port: int, buffer: bytearray) -> None:
        """Begin to connect. *Blocks* while the name is looked up.

        Received packets are put into `buffer`; a longer packet gets one of its own.
        """
        self.is_reached = False
        """Whether somebody listens at the address; TLS has begun."""
        self.unsent: "memoryview | None" = None
        """The unsent rest of the last packet. Nothing is received meanwhile: there is no room for an answer."""
        self.pinged_ms: "int | None" = None
        """When an answer to a ping began to be due."""
        self._sent_ms = self._heard_ms = machine.now_ms()
        self._context = context
        self._host = host
        self._buffer = memoryview(buffer)
        self._first = self._size = 0
        # How many bits of the size have come; -1 before the first byte of a packet.
        self._size_bits = -1
        # The body of a packet whose head is complete, and its end, which has not come yet.
        self._body: "memoryview | None" = None
        self._missing = self._buffer
        self._dial = Dial(host, port)
        # None until somebody listens.
        self._socket: "Any" = None
        self._plain: "Any" = None

    def send(self, packet: "bytes | bytearray") -> None:
        """Send a packet, in one write if the network takes it; *only* when nothing is `unsent`."""
        self.unsent = memoryview(packet)
        self._sent_ms = machine.now_ms()
        self.flush()

    def flush(self) -> None:
        """Send more of the packet that is not sent completely."""
        while self.is_reached and self.unsent is not None:
            try:
                count = self._socket.write(self.unsent)
            except ValueError as error:
                # The handshake raises this only for a certificate that is not good.
                raise ValueError(f"its certificate is not trusted: {str(error).strip()}")
            if not count:
                if machine.now_ms() - self._sent_ms > _WRITE_WITHIN_MS:
                    raise OSError(f"the broker did not take a packet within {_WRITE_WITHIN_MS} ms")
                return
            self.unsent = self.unsent[count:] if count < len(self.unsent) else None

    def receive(self) -> "tuple[int, memoryview] | None":
        """The first byte and the body of a packet that has come; the body is good until the next call."""
        if self.unsent is not None or not self.is_reached:
            return None
        octet = self._buffer[:1]
        while self._body is None:
            if not self._fill(octet):
                return None
            self._take_head(octet[0])
        while len(self._missing):
            count = self._fill(self._missing)
            if not count:
                return None
            self._missing = self._missing[count:]
        # Nothing here holds on to the buffer of a long packet.
        body, self._body, self._missing = self._body, None, octet
        self._heard_ms = machine.now_ms()
        return self._first, body

    def keep_alive(self) -> None:
        """Ping the broker after a long silence of either side; *raises* OSError if it is too slow."""
        now_ms = machine.now_ms()
        if self.pinged_ms is not None:
            if now_ms - self.pinged_ms > _PONG_WITHIN_MS:
                raise OSError(f"the broker did not answer a ping within {_PONG_WITHIN_MS} ms")
        elif self.unsent is None and now_ms - min(self._sent_ms, self._heard_ms) > _PING_AFTER_MS:
            self.pinged_ms = now_ms
            self.send(packets.PINGREQ)

    def await_ready(self, timeout_ms: int) -> None:
        """Wait until it is worth trying again, or for `timeout_ms`."""
        if not self.is_reached:
            self._plain = self._dial.step(timeout_ms)
            if self._plain is not None:
                self._secure()
            return
        poll = select.poll()
        poll.register(self._socket, select.POLLIN if self.unsent is None else select.POLLOUT)
        poll.poll(timeout_ms)

    def close(self) -> None:
        """Hang up."""
        # Both: after a handshake that failed MicroPython's TLS leaves the socket below it open.
        for one in (self._dial, self._socket, self._plain):
            try:
                if one is not None:
                    one.close()
            except OSError:
                pass  # Gone already, which is what was wanted.

    def _fill(self, buffer: memoryview) -> "int | None":
        count: "int | None" = self._socket.readinto(buffer)
        if count == 0:
            raise OSError("the broker closed the connection")
        return count

    def _take_head(self, octet: int) -> None:
        """Take one more byte of a packet's head; once the head is complete, make room for the body."""
        if self._size_bits < 0:
            self._first = octet
            self._size = self._size_bits = 0
            return
        self._size |= (octet & 0x7F) << self._size_bits
        self._size_bits += 7
        if octet > 0x7F:
            if self._size_bits == 28:
                raise OSError("the broker sent what is not MQTT")
            return
        if self._size > packets.MAX_PACKET_BYTES:
            raise OSError(f"the broker sent a packet of {self._size} bytes, more than {packets.MAX_PACKET_BYTES}")
        self._size_bits = -1
        room = self._buffer if self._size <= len(self._buffer) else memoryview(bytearray(self._size))
        self._body = self._missing = room[: self._size]

    def _secure(self) -> None:
        """Begin TLS, now that somebody listens at an address."""
        try:
            # Else a packet that follows another one waits for the acknowledgement of that one.
            self._plain.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        except OSError:
            pass  # Not every network stack has it, and all works without it.
        self._socket = self._context.wrap_socket(
            self._plain, server_hostname=self._host, do_handshake_on_connect=False
        )
        self.is_reached = True
