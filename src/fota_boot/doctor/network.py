"""The doctor's checks of the endpoint: that it answers, that it is the right one, and accepts our certificate.

CPython only. It speaks TLS as the device does, but no MQTT: a session under the client id of a device ends the one
that the device has. Only `connect` opens one. Nothing is ever sent to a server that was not verified.
"""

import contextlib
import ssl
import time

from fota.transfer.proxy_cpython import proxy_for
from fota_boot.doctor import probe
from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding
from fota_boot.doctor.thing import Identity

WITHIN_S = 10.0
REFUSES_WITHIN_S = 2.0
"""The wait for a refusal: with TLS 1.3 a server refuses a certificate only after the handshake."""

MAX_OFFSET_S = 300
FAR_OFF_S = 86_400

MIN_VERSION = ssl.TLSVersion.TLSv1_2

_ALPN_PORT = 443
_ALPN_PROTOCOL = "x-amzn-mqtt-ca"

_CLOCK = "look at this machine's clock first, then at the endpoint's certificate"
_WHOM = "trust what issued the endpoint's certificate: cacert in thing.conf.json, for AWS Amazon Root CA 1"
_NAME = "use the endpoint that `aws iot describe-endpoint --endpoint-type iot:Data-ATS` names"
_REGISTER = "see that the certificate is registered, ACTIVE, and of this account and region"
_POLICY = "attach a policy to it that allows iot:Connect for this client id"

_VERIFY_REMEDIES = {9: _CLOCK, 10: _CLOCK, 62: _NAME, 64: _NAME}
"""Texts by OpenSSL's X509_V_ERR numbers: not yet valid, expired, another host name, another address."""


def examine_endpoint(
    identity: Identity,
    *,
    connect: bool = False,
    within_s: float = WITHIN_S,
    refuses_within_s: float = REFUSES_WITHIN_S,
) -> list[Finding]:
    """The findings about the endpoint. *Blocks* for at most `within_s` at each of connecting, TLS and MQTT."""
    place = f"{identity.host}:{identity.port}"
    try:
        context = _trusting(identity)
    except (OSError, ssl.SSLError):
        return [Finding("cacert", ERROR, f"{identity.cacert}: not a file of certificates", _WHOM)]
    shows = _show(context, identity)
    if identity.port == _ALPN_PORT:
        context.set_alpn_protocols([_ALPN_PROTOCOL])
    try:
        with (
            probe.connected(identity.host, identity.port, within_s) as plain,
            context.wrap_socket(plain, server_hostname=identity.host) as secured,
        ):
            text = f"{place} answers in {secured.version()}, and proves who it is{_way(identity)}"
            findings = [Finding("endpoint", OK, text)]
            if shows:
                findings += _shown_to(secured, identity, place, refuses_within_s, connect=connect)
            return findings
    except ssl.SSLError as error:
        return [_handshake_failed(place, error)]
    except TimeoutError:
        text = f"{place} does not answer within {within_s:g} s"
        return [Finding("endpoint", ERROR, text, _way_out(identity))]
    except OSError as error:
        text = f"{place}: {error.strerror or error}"
        return [Finding("endpoint", ERROR, text, _way_out(identity))]


def examine_clock(identity: Identity, *, within_s: float = WITHIN_S) -> Finding:
    """How far this machine's clock is from the endpoint's, if the endpoint speaks HTTPS and gives the time."""
    unknown = Finding("clock", OK, f"not compared: {identity.host} does not say the time")
    if identity.https_port is None:
        return unknown
    try:
        with probe.connected(identity.host, identity.https_port, within_s) as plain:
            there_s = probe.date_of(plain, _trusting(identity), identity.host)
    except OSError:
        return unknown
    if there_s is None:
        return unknown
    offset_s = round(time.time() - there_s)
    level = OK if abs(offset_s) <= MAX_OFFSET_S else ERROR if abs(offset_s) > FAR_OFF_S else WARNING
    side = "behind" if offset_s < 0 else "ahead of"
    remedy = "" if level == OK else "let the machine keep its clock by NTP"
    return Finding("clock", level, f"{abs(offset_s)} s {side} that of {identity.host}", remedy)


def _way(identity: Identity) -> str:
    proxy = proxy_for(identity.host) if identity.port == _ALPN_PORT else None
    return f", through the proxy {proxy.place}" if proxy else ""


def _way_out(identity: Identity) -> str:
    """What to do about an endpoint that is not reached."""
    with contextlib.suppress(OSError):
        if identity.port != _ALPN_PORT and proxy_for(identity.host):
            return f"write it as {identity.host}:{_ALPN_PORT} if HTTPS_PROXY is the only way out: it is for that port"
    return f"see that the network is there and lets port {identity.port} out"


def _trusting(identity: Identity) -> ssl.SSLContext:
    """*Raises* OSError, ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = MIN_VERSION
    if identity.cacert is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(identity.cacert)
    return context


def _show(context: ssl.SSLContext, identity: Identity) -> bool:
    """Whether there is a certificate to show; another finding says what is wrong with it."""
    try:
        # A password callback, so that OpenSSL never asks the terminal for one.
        context.load_cert_chain(identity.certificate, identity.private_key, password=lambda: "")
    except (OSError, ssl.SSLError):
        return False
    return True


def _shown_to(
    secured: ssl.SSLSocket, identity: Identity, place: str, refuses_within_s: float, *, connect: bool
) -> list[Finding]:
    if probe.is_ended(secured, refuses_within_s):
        text = f"{place} ended the connection once it had seen the certificate"
        return [Finding("certificate", ERROR, text, _REGISTER)]
    findings = [Finding("certificate", OK, f"{place} did not refuse it")]
    return [*findings, _session(secured, identity)] if connect else findings


def _session(secured: ssl.SSLSocket, identity: Identity) -> Finding:
    answer = probe.open_session(secured, identity.client_id)
    if answer == 0:
        return Finding("session", OK, f"accepted as {identity.client_id}")
    text = "ended the connection" if answer is None else f"refused with return code {answer}"
    return Finding("session", ERROR, f"MQTT as {identity.client_id}: {text}", _POLICY)


def _handshake_failed(place: str, error: ssl.SSLError) -> Finding:
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = _VERIFY_REMEDIES.get(error.verify_code, _WHOM)
        return Finding("endpoint", ERROR, f"{place} does not prove who it is: {error.verify_message}", remedy)
    reason = error.reason or "TLS failed"
    if "ALERT" in reason and ("CERT" in reason or "CA" in reason or "ACCESS" in reason):
        return Finding("certificate", ERROR, f"{place} refuses it: {reason}", _REGISTER)
    text = f"{place} does not speak TLS 1.2 or later as AWS IoT does: {reason}"
    return Finding("endpoint", ERROR, text, "see that nothing stands between: a proxy, a captive portal")
