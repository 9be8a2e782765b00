"""Paho's client, which can also repeat a packet on the connection on which it was sent first.

It also makes the connection in our way: no address of the broker costs the time of the others, and on the port of
HTTPS it goes through the proxy of the machine, which lets nothing else out.

Paho itself repeats messages after a loss only, and a SUBSCRIBE never. It offers no other way to send a packet under a
number that was used already, or to make its connection, so this file uses members of paho that are private; a test
sees that they do their work.
"""

import socket
import ssl
import struct
from collections.abc import Sequence

from paho.mqtt import client as paho

from aws.iot.mqtt._tls_cpython import ALPN_PORT
from fota import machine
from fota.transfer import dial, proxy_cpython

_SUBSCRIBE = 0x82


class RepeatingClient(paho.Client):
    """A client that repeats what it is told to. For the thread that drives it."""

    def publish_again(self, packet: int) -> None:
        """Send the message with that number again, marked as repeated; it need not be known any more."""
        with self._out_message_mutex:
            message = self._out_messages.get(packet)
        if message is not None:
            topic = message.topic.encode()
            self._send_publish(packet, topic, message.payload, message.qos, message.retain, dup=True)

    def subscribe_again(self, request: int, batch: Sequence[tuple[str, int]]) -> None:
        """Send the SUBSCRIBE with that number again."""
        body = bytearray(struct.pack("!H", request))
        for topic_filter, qos in batch:
            self._pack_str16(body, topic_filter)
            body.append(qos)
        packet = bytearray((_SUBSCRIBE,))
        self._pack_remaining_length(packet, len(body))
        self._packet_queue(_SUBSCRIBE, packet + body, request, 1)

    def _create_socket_connection(self) -> socket.socket:
        if self._get_proxy():
            # One that paho knows of, with PySocks, from `mqtt_proxy`.
            return super()._create_socket_connection()
        within_s = self._connect_timeout
        connect = proxy_cpython.connected if self._port == ALPN_PORT else proxy_cpython.direct
        tcp = connect(self._host, self._port, machine.now_ms() + int(within_s * 1000))
        tcp.settimeout(within_s)
        return tcp

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        secured = super()._ssl_wrap_socket(tcp_sock)
        worked = proxy_cpython.worked if self._port == ALPN_PORT else dial.worked
        worked(self._host, self._port)
        return secured
