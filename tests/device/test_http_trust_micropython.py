"""A GET without urllib3, on both interpreters: which servers are believed, and where trust comes from."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fota.errors import UntrustedServer
from fota.transfer._http_micropython import SslClient
from fota_testing.servers.authority import Authority
from tests.labs.http_micropython_lab import CONTENT, get, interpreter
from tests.labs.interpreter import device
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("device", "get", "interpreter", "pytestmark")

# Who is believed.


def test_a_server_goes_by_its_name_or_its_address(get, serve):
    server = serve(CONTENT[:10])
    assert [found.body for found in get(server.url(), server.url(host="localhost"))] == [CONTENT[:10]] * 2


@pytest.mark.parametrize("name", ["fota testing", "somebody else"])
def test_a_server_whose_certificate_nobody_vouches_for_gets_no_request(get, serve, name):
    server = serve(CONTENT, authority=Authority(name))
    assert get(server.url()).error == "UntrustedServer"
    assert server.requests == []


@pytest.mark.parametrize(
    ("names", "host"), [(["other.example"], "127.0.0.1"), (["127.0.0.1"], "localhost"), (["*"], "localhost")]
)
def test_a_server_that_goes_by_another_name_gets_no_request(get, serve, names, host):
    server = serve(CONTENT, names=names)
    assert get(server.url(host=host)).error == "UntrustedServer"
    assert server.requests == []


class Odd(Authority):
    """Its servers' certificates are valid for other days, or bear a name in the old place, or sign themselves."""

    def __init__(self, *, first_day=-1, last_day=1, alternatives=True, signs_itself=False):
        super().__init__()
        self._days = first_day, last_day
        self._alternatives = alternatives
        self._signs_itself = signs_itself

    def server_context(self, names):
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        common_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self._name)])
        first, last = (now + datetime.timedelta(days=days) for days in self._days)
        builder = x509.CertificateBuilder(
            common_name if self._signs_itself else issuer, common_name, key.public_key(), 1, first, last
        )
        if self._alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        certificate = builder.sign(key if self._signs_itself else self._key, hashes.SHA256())
        return context_of(certificate, key)


@pytest.mark.parametrize(
    "odd",
    [{"first_day": -3, "last_day": -1}, {"first_day": 1, "last_day": 3}, {"signs_itself": True}],
    ids=["expired", "not yet valid", "signs itself"],
)
def test_a_certificate_that_is_not_valid_today_or_vouches_for_itself_gets_no_request(get, serve, tmp_path, odd):
    authority = Odd(**odd)
    server = serve(CONTENT, authority=authority)
    assert get(server.url(host="localhost"), trust=file_of(authority, tmp_path)).error == "UntrustedServer"
    assert server.requests == []


def test_such_a_certificate_is_believed_when_nothing_is_odd_about_it(get, serve, tmp_path):
    authority = Odd()
    url = serve(CONTENT, authority=authority).url(host="localhost")
    assert get(url, trust=file_of(authority, tmp_path)).body == CONTENT


def test_a_server_of_an_old_tls_is_unreachable(get, serve, authority):
    class Old(Authority):
        def server_context(self, names):
            context = authority.server_context(names)
            context.set_ciphers("ALL:@SECLEVEL=0")
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                context.minimum_version = ssl.TLSVersion.TLSv1_1
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            return context

    server = serve(CONTENT, authority=Old())
    assert get(server.url()).error == "Unreachable"
    assert server.requests == []


# What is trusted.


@pytest.mark.parametrize("form", ["DER", "two in PEM, between words", "PEM, beside what is none"])
def test_trust_comes_from_a_file_of_either_form(get, serve, authority, tmp_path, form):
    path = tmp_path / "trust"
    if form == "DER":
        path.write_bytes(x509.load_pem_x509_certificate(authority.pem.encode()).public_bytes(Encoding.DER))
    elif form == "PEM, beside what is none":
        path.write_text("-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n" + authority.pem)
    else:
        path.write_text("# one\n" + Authority("somebody else").pem + "\n# another\n" + authority.pem)
    assert get(serve(CONTENT).url(), trust=str(path)).body == CONTENT


@pytest.mark.parametrize("content", [None, b"", b"\n", b"no certificate", b"\x30\x03abc"])
def test_without_certificates_nobody_is_trusted(get, serve, tmp_path, content):
    path = tmp_path / "trust"
    if content is not None:
        path.write_bytes(content)
    server = serve(CONTENT)
    assert get(server.url(), trust=str(path)).error == "UntrustedServer"
    assert server.requests == []


def test_there_are_no_certificates_of_the_systems_to_fall_back_on():
    with pytest.raises(UntrustedServer):
        SslClient()


def file_of(authority, folder):
    (folder / "odd.pem").write_text(authority.pem)
    return str(folder / "odd.pem")


def context_of(certificate, key):
    """A server's TLS with that certificate."""
    import tempfile

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(path)
    return context
