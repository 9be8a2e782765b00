"""Things whose devices have made their own keys: only the signing request reaches the operator."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere, BadInput, CloudRefused, NotFound
from fota_operator.local.aws import LocalAws
from fota_operator.things.cleanup import cleanup_things
from fota_operator.things.signing_request import SigningRequest, read_signing_request, read_signing_requests
from fota_operator.things.things import ThingOptions, add_things
from tests.labs.fota_command import FotaCommand
from tests.labs.things_lab import NewName, folder, parts_of

__all__ = ("folder",)

Refusing = Callable[[str, str], None]


def request_of(key: CertificateIssuerPrivateKeyTypes, name: str = "pump") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signs = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key, signs).public_bytes(serialization.Encoding.PEM)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def write_request(folder: Path, name: str, key: CertificateIssuerPrivateKeyTypes | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.csr"
    path.write_bytes(request_of(key or new_key(), name))
    return path


def options_for(local: LocalAws, requests: dict[str, SigningRequest], **more: object) -> ThingOptions:
    given = local.thing_options()
    return ThingOptions(endpoint=given.endpoint, cacert=given.cacert, requests=requests, **more)  # type: ignore[arg-type]


class CountingClock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(0, timezone.utc) + timedelta(seconds=sum(self.slept))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.e2e
class TestAdded:
    def test_the_certificate_is_for_the_key_of_the_device_and_no_key_is_here(
        self, local_aws: LocalAws, cloud: Cloud, folder: Path, tmp_path: Path, new_name: NewName
    ) -> None:
        name, key = new_name(), new_key()
        request = read_signing_request(write_request(tmp_path / "in", name, key))

        (added,) = add_things(cloud, [name], folder, options_for(local_aws, {name: request}))

        assert {path.name for path in added.folder.iterdir()} == {
            "certificate.pem.crt",
            "thing.conf.json",
            "cacert.pem",
        }
        certificate = x509.load_pem_x509_certificate((added.folder / "certificate.pem.crt").read_bytes())
        assert certificate.public_key() == key.public_key()

    def test_many_are_continued_where_a_failure_stopped_them(
        self,
        local_aws: LocalAws,
        cloud: Cloud,
        folder: Path,
        tmp_path: Path,
        new_name: NewName,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        names = [new_name() for _ in range(4)]
        for name in names:
            write_request(tmp_path / "in", name)
        requests = read_signing_requests(tmp_path / "in")
        # The third cannot be written: where its folder is put together, something stands that is none.
        third = list(requests)[2]
        folder.mkdir()
        (folder / f".{third}.part").write_text("")
        with pytest.raises(Exception, match="cannot write"):
            add_things(cloud, list(requests), folder, options_for(local_aws, requests))
        (folder / f".{third}.part").unlink()

        again = add_things(cloud, list(requests), folder, options_for(local_aws, requests))

        assert [one.made for one in again] == [False, False, True, True]
        assert [one.name for one in again] == sorted(names)

    def test_a_device_that_has_another_key_now_is_not_taken_for_done(
        self, local_aws: LocalAws, cloud: Cloud, folder: Path, tmp_path: Path, new_name: NewName
    ) -> None:
        name = new_name()
        first = read_signing_request(write_request(tmp_path / "in", name))
        add_things(cloud, [name], folder, options_for(local_aws, {name: first}))
        other = read_signing_request(write_request(tmp_path / "in", name))
        before = parts_of(cloud)

        with pytest.raises(AlreadyThere, match=f"{name} has a certificate for another key"):
            add_things(cloud, [name], folder, options_for(local_aws, {name: other}))

        assert parts_of(cloud) == before

    def test_it_can_be_removed_without_a_key(
        self, local_aws: LocalAws, cloud: Cloud, folder: Path, tmp_path: Path, new_name: NewName
    ) -> None:
        before, name = parts_of(cloud), new_name()
        request = read_signing_request(write_request(tmp_path / "in", name))
        add_things(cloud, [name], folder, options_for(local_aws, {name: request}))
        cleanup_things(cloud, folder)
        assert (parts_of(cloud), list(folder.iterdir())) == (before, [])

    def test_things_are_made_at_the_rate_and_those_that_are_there_cost_no_time(
        self, local_aws: LocalAws, cloud: Cloud, folder: Path, new_name: NewName
    ) -> None:
        clock, names = CountingClock(), [new_name() for _ in range(3)]
        add_things(cloud, names, folder, options_for(local_aws, {}, per_second=2.0), clock=clock)
        assert clock.slept == [0.5, 0.5]
        add_things(cloud, names, folder, options_for(local_aws, {}, per_second=2.0), clock=clock)
        assert clock.slept == [0.5, 0.5]

    def test_two_devices_with_one_key_are_refused_before_anything_is_made(
        self, cloud: Cloud, folder: Path, tmp_path: Path
    ) -> None:
        before, key = parts_of(cloud), new_key()
        for name in ("twin-1", "twin-2"):
            write_request(tmp_path / "in", name, key)
        requests = read_signing_requests(tmp_path / "in")
        with pytest.raises(BadInput, match="twin-1 and twin-2 have the same key"):
            add_things(cloud, list(requests), folder, ThingOptions(requests=requests))
        assert (parts_of(cloud), folder.exists()) == (before, False)

    @pytest.mark.parametrize("rate", [0.0, -1.0, 101.0, float("nan")])
    def test_a_rate_out_of_range_is_refused(self, cloud: Cloud, folder: Path, rate: float) -> None:
        with pytest.raises(BadInput, match="`per_second`: expected more than 0"):
            add_things(cloud, ["pump"], folder, ThingOptions(per_second=rate))

    def test_aws_s_refusal_leaves_nothing(
        self, cloud: Cloud, folder: Path, tmp_path: Path, new_name: NewName, refusing: Refusing
    ) -> None:
        before, name = parts_of(cloud), new_name()
        request = read_signing_request(write_request(tmp_path / "in", name))
        refusing("CreateCertificateFromCsr", "LimitExceededException")
        with pytest.raises(CloudRefused):
            add_things(cloud, [name], folder, ThingOptions(requests={name: request}))
        assert (parts_of(cloud), folder.exists()) == (before, False)

    def test_the_command_answers_for_a_folder_of_requests_in_json(
        self, fota: FotaCommand, tmp_path: Path, new_name: NewName
    ) -> None:
        names = sorted(new_name() for _ in range(2))
        for name in names:
            write_request(tmp_path / "in", name)
        done = fota("things", "add", "--csr-folder", tmp_path / "in", "--folder", tmp_path / "out", "--json")
        assert [(one["name"], one["made"]) for one in json.loads(done.stdout)] == [(name, True) for name in names]
        assert not list((tmp_path / "out").rglob("*.key"))

    def test_the_command_takes_one_request(self, fota: FotaCommand, tmp_path: Path, new_name: NewName) -> None:
        name = new_name()
        path = write_request(tmp_path / "in", "any")
        done = fota("things", "add", name, "--csr", path, "--folder", tmp_path / "out", "--json")
        assert [one["name"] for one in json.loads(done.stdout)] == [name]


@pytest.mark.parametrize(
    "options",
    [
        ["a", "b", "--csr", "x.csr"],
        ["--csr", "x.csr", "--base-name", "a", "--count", "2"],
        ["a", "--csr-folder", "in"],
        ["--csr", "x.csr"],
    ],
)
def test_options_that_contradict_each_other_are_misuse(elsewhere: FotaCommand, options: list[str]) -> None:
    done = elsewhere("things", "add", *options)
    assert done.exit_code == 2
    assert "which things is not clear" in done.stderr or "--csr: expected one NAME" in done.stderr


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: ec.generate_private_key(ec.SECP521R1()),
        lambda: rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-256", "P-384", "P-521", "RSA-2048"],
)
def test_keys_that_aws_iot_certifies_are_taken(
    tmp_path: Path, make: Callable[[], CertificateIssuerPrivateKeyTypes]
) -> None:
    path = write_request(tmp_path, "pump", make())
    assert read_signing_request(path).pem.encode() == path.read_bytes()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ec.generate_private_key(ec.SECP256K1()), "EC on secp256k1"),
        (lambda: rsa.generate_private_key(65537, 1024), "RSA of 1024 bits"),
        (ed25519.Ed25519PrivateKey.generate, "Ed25519PublicKey"),
        # One of 2048 bits is refused by the same line, and takes a second to make.
        (lambda: dsa.generate_private_key(1024), "DSAPublicKey"),
    ],
    ids=["another-curve", "short-rsa", "ed25519", "dsa"],
)
def test_keys_that_aws_iot_does_not_certify_are_refused(
    tmp_path: Path, make: Callable[[], CertificateIssuerPrivateKeyTypes], told: str
) -> None:
    with pytest.raises(BadInput, match=rf"expected a key on P-256, .* got .*{told}"):
        read_signing_request(write_request(tmp_path, "pump", make()))


def test_a_private_key_that_somebody_sent_along_is_refused(tmp_path: Path) -> None:
    key = new_key()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "pump.csr").write_bytes(request_of(key) + pem)
    with pytest.raises(BadInput, match="holds a private key, which must not leave its device"):
        read_signing_request(tmp_path / "pump.csr")


@pytest.mark.parametrize(
    "content", [b"", b"no request", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_what_is_no_signing_request_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pump.csr").write_bytes(content)
    with pytest.raises(BadInput, match="is no signing request as PEM"):
        read_signing_request(tmp_path / "pump.csr")


def test_a_request_that_was_changed_on_its_way_is_refused(tmp_path: Path) -> None:
    der = bytearray(x509.load_pem_x509_csr(request_of(new_key(), "pump")).public_bytes(serialization.Encoding.DER))
    at = der.index(b"pump")
    der[at : at + 4] = b"well"
    changed = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    (tmp_path / "pump.csr").write_bytes(changed)
    with pytest.raises(BadInput, match="its signature is not that of the key in it"):
        read_signing_request(tmp_path / "pump.csr")


def test_a_folder_without_a_request_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(NotFound, match=r"holds no file NAME\.csr"):
        read_signing_requests(tmp_path)
    with pytest.raises(NotFound, match="no folder"):
        read_signing_requests(tmp_path / "gone")


def test_a_file_whose_name_is_no_thing_s_is_refused(tmp_path: Path) -> None:
    write_request(tmp_path, "pump one")
    with pytest.raises(BadInput, match="'pump one' is not a thing name"):
        read_signing_requests(tmp_path)
