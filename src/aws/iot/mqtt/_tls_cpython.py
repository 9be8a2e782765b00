"""Mutual TLS as AWS IoT requires it: a context that always verifies, and shows the device's certificate.

There is no way to switch verification off, and the private key does not touch a disk.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html (ports, ALPN)
"""

import os
import socket
import ssl

from aws.iot._credentials_cpython import label_of, to_pem
from aws.iot.credentials import Credentials
from aws.iot.errors import BadCredentials
from fota.transfer.tls_socket_cpython import TlsSocket

ALPN_PORT = 443
ALPN_PROTOCOL = "x-amzn-mqtt-ca"


class _Socket(TlsSocket):
    """A socket that sends without delay, and is closed after a failed handshake; paho does neither."""

    def do_handshake(self, block: bool = False) -> None:
        """As in `ssl`, but the socket is closed when it fails."""
        try:
            # Else a small packet waits for the answer to the one before it, which Linux delays by 40 ms.
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def tls_context(credentials: Credentials) -> ssl.SSLContext:
    """A context for one device. *Raises* BadCredentials, naming which of them TLS cannot use."""
    # PROTOCOL_TLS_CLIENT requires a certificate with the host's name.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _Socket
    _trust(context, credentials)
    _show(context, credentials)
    return context


def offer_alpn(context: ssl.SSLContext, port: int) -> None:
    """Ask for MQTT by name where HTTPS shares the port, and only there."""
    context.set_alpn_protocols([ALPN_PROTOCOL] if port == ALPN_PORT else [])


def _trust(context: ssl.SSLContext, credentials: Credentials) -> None:
    if credentials.authorities is None:
        context.load_default_certs()
        return
    try:
        context.load_verify_locations(cadata=b"".join(credentials.authorities))
    except OSError as error:
        raise BadCredentials(f"cacert: {_problem(error)}", cause=error) from error


def _show(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Load certificate and key; `load_cert_chain` takes a path only, so give it one that is in memory."""
    shown = [credentials.private_key, *credentials.certificates]
    try:
        # This file has no name and is on no disk: even a power cut leaves no key behind.
        with open(os.memfd_create("credentials", os.MFD_CLOEXEC), "wb") as file:
            file.writelines(to_pem(label_of("pkey", der), der) for der in shown)
            file.flush()
            # A password callback, so that OpenSSL never asks the terminal for one.
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}", password=lambda: "")
    except OSError as error:
        raise BadCredentials(f"clicert, pkey: {_problem(error)}", cause=error) from error


def _problem(error: OSError) -> str:
    """What TLS, or the system below it, has to say: no descriptor is free, or /proc is not mounted."""
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    if reason == "KEY_VALUES_MISMATCH":
        return "the certificate is not for this private key"
    return f"TLS cannot use them ({reason})"
