"""A file of authorities that cannot be used is told by its name, and as an error of ours, on each client."""

import datetime
import errno

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from aws.iot.credentials import Credentials
from aws.iot.errors import BadCredentials
from fota.errors import Unreachable, UntrustedServer
from fota.transfer.authorities import not_trusting
from fota.transfer.http import HttpsClient
from tests.labs.http_micropython_lab import CONTENT, get
from tests.labs.http_micropython_lab import every_half as interpreter
from tests.labs.interpreter import device
from tests.labs.interpreter import only_where_it_runs as pytestmark
from tests.labs.pki import new_identity

__all__ = ("device", "get", "interpreter", "pytestmark")


def revoked():
    """A list of certificates that are revoked, which OpenSSL takes for authorities too."""
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fota testing")])
    builder = x509.CertificateRevocationListBuilder(name, now, now + datetime.timedelta(days=1))
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM)


UNUSABLE = {
    "missing": None,
    "empty": lambda: b"",
    "blank": lambda: b"\n\n",
    "text": lambda: b"no certificate",
    "cut off": lambda: new_identity().clicert.encode()[:300],
    "a key": lambda: b"# a key\n" + new_identity().pkey.encode(),
    "a list of revoked ones": revoked,
    "a certificate, cut off behind a good one": lambda: (new_identity().clicert * 2).encode()[:-100],
}


@pytest.fixture
def unusable(tmp_path):
    """Files of authorities that are none; and a folder, which cannot be read as a file, whoever runs the test."""
    (tmp_path / "a.folder").mkdir()
    paths = [str(tmp_path / "a.folder")]
    for name, content in UNUSABLE.items():
        path = tmp_path / f"{name}.pem"
        if content is not None:
            path.write_bytes(content())
        paths.append(str(path))
    return paths


def test_the_error_names_the_file_and_what_was_expected(get, serve, unusable):
    server = serve(CONTENT)
    for path in unusable:
        found = get(server.url(), trust=path)
        assert found.error == "UntrustedServer", path
        assert f"{path}: expected certificates to trust, PEM" in found.said
    assert server.requests == []


def test_a_client_tries_again_with_a_file_that_is_there_by_then(serve, authority, tmp_path):
    path = tmp_path / "ca.pem"
    client = HttpsClient(str(path))
    url = serve(CONTENT).url()
    with pytest.raises(UntrustedServer):
        client.get(url, {}, 5_000)
    path.write_text(authority.pem)
    client.get(url, {}, 5_000).close()


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "none"), OSError(errno.ENOMEM, "none"), MemoryError()])
def test_want_of_descriptors_or_memory_is_no_fault_of_the_file(error):
    assert isinstance(not_trusting("ca.pem", "PEM", error), Unreachable)


def test_the_same_files_are_no_authorities_for_mqtt(unusable):
    one = new_identity()
    for path in unusable[:5] + unusable[6:7]:
        with pytest.raises(BadCredentials, match="cacert: ") as caught:
            Credentials(one.clicert, one.pkey, path)
        assert path in str(caught.value)
