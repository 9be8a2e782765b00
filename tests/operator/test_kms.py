import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import KeyUnusable, NotFound
from fota_operator.trust.keys import KeyFolder
from fota_operator.trust.kms import KmsSigner, kms_public_key
from fota_operator.trust.release_file import read_release
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e


def new_key(cloud: Cloud, spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
    return cloud.kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]  # type: ignore[arg-type]


@pytest.fixture
def arn(cloud: Cloud) -> str:
    return new_key(cloud)


@pytest.fixture
def sent(cloud: Cloud) -> Iterator[list[tuple[str, dict[str, object]]]]:
    """What KMS is told from now on: operation and fields."""
    told: list[tuple[str, dict[str, object]]] = []

    def note(model: object, params: dict[str, bytes], **_: object) -> None:
        told.append((model.name, json.loads(params["body"])))  # type: ignore[attr-defined]

    cloud.kms.meta.events.register("before-call.kms", note)
    yield told
    cloud.kms.meta.events.unregister("before-call.kms", note)


def test_a_key_of_kms_is_known_by_its_arn_whatever_it_was_named_by(cloud: Cloud, arn: str) -> None:
    cloud.kms.create_alias(AliasName="alias/releases", TargetKeyId=arn)
    try:
        names = (arn, arn.rsplit("/", 1)[-1], "alias/releases")
        assert [kms_public_key(cloud, name)[0] for name in names] == [arn] * 3
    finally:
        cloud.kms.delete_alias(AliasName="alias/releases")


def test_a_release_signed_by_kms_and_by_a_file_is_one_that_a_device_takes(
    cloud: Cloud, arn: str, signatures: Signatures, fota: FotaCommand, image_file: Path, tmp_path: Path
) -> None:
    keys = signatures.keys.path
    signatures.signers("file")
    made = fota("keys", "new", "cloud", "--kms", arn, "--keys", keys)
    assert (made.exit_code, made.stdout.strip()) == (0, signatures.keys.get("cloud").key_id)
    device = ["--product", "pump", "--hardware", "rev-a"]
    by = ["--sign", "cloud", "--sign", "file", "--keys", keys]
    created = fota("release", "create", image_file, *device, *by, "-o", tmp_path / "x")
    assert created.exit_code == 0
    release = read_release(tmp_path / "x")
    fota("keys", "export", *device, "--threshold", 2, "--keys", keys)
    assert fota("release", "verify", tmp_path / "x", "--keys", keys).exit_code == 0
    assert [key for key, _ in release.envelope.signatures] == [
        signatures.keys.get(name).key_id for name in ("cloud", "file")
    ]


def test_a_key_of_kms_has_no_private_file(cloud: Cloud, arn: str, tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "k")
    made = keys.add_kms("cloud", *kms_public_key(cloud, arn))
    assert sorted(path.name for path in keys.path.iterdir()) == ["cloud.kms", "cloud.pub"]
    assert json.loads((keys.path / "cloud.kms").read_text()) == {"key_arn": arn}
    assert (made.kms_arn, keys.get("cloud")) == (arn, made)


def test_kms_is_told_a_digest_and_nothing_else(
    cloud: Cloud, arn: str, tmp_path: Path, sent: list[tuple[str, dict[str, object]]]
) -> None:
    key = KeyFolder(tmp_path).add_kms("cloud", *kms_public_key(cloud, arn))
    sent.clear()
    assert len(KmsSigner(cloud, key).sign(b"message")) == 64
    ((operation, fields),) = sent
    assert operation == "Sign"
    assert set(fields) == {"KeyId", "Message", "MessageType", "SigningAlgorithm"}
    assert (fields["MessageType"], fields["SigningAlgorithm"]) == ("DIGEST", "ECDSA_SHA_256")
    assert base64.b64decode(str(fields["Message"])) == hashlib.sha256(b"message").digest()


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("ECC_NIST_P384", "SIGN_VERIFY"),
        ("ECC_SECG_P256K1", "SIGN_VERIFY"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("RSA_2048", "SIGN_VERIFY"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ],
)
def test_a_key_of_another_kind_is_refused_with_the_command_that_makes_the_right_one(
    cloud: Cloud, spec: str, usage: str
) -> None:
    with pytest.raises(KeyUnusable, match=r"aws kms create-key --key-spec ECC_NIST_P256"):
        kms_public_key(cloud, new_key(cloud, spec, usage))


def test_a_key_that_is_not_in_kms_is_named(cloud: Cloud) -> None:
    with pytest.raises(NotFound, match="no key 11111111-1111-1111-1111-111111111111 in KMS"):
        kms_public_key(cloud, "11111111-1111-1111-1111-111111111111")


def test_a_key_that_is_disabled_signs_nothing(cloud: Cloud, arn: str, tmp_path: Path) -> None:
    key = KeyFolder(tmp_path).add_kms("cloud", *kms_public_key(cloud, arn))
    cloud.kms.disable_key(KeyId=arn)
    with pytest.raises(KeyUnusable, match="enable the key"):
        KmsSigner(cloud, key).sign(b"message")


def test_another_key_of_kms_than_the_one_that_was_exported_is_found(
    cloud: Cloud, arn: str, signatures: Signatures, fota: FotaCommand, image_file: Path, tmp_path: Path
) -> None:
    signatures.keys.add_kms("cloud", *kms_public_key(cloud, arn))
    note = signatures.keys.path / "cloud.kms"
    note.write_text(json.dumps({"key_arn": new_key(cloud)}))
    device = ["--product", "pump", "--hardware", "rev-a", "--keys", signatures.keys.path]
    result = fota("release", "create", image_file, *device, "--sign", "cloud", "-o", tmp_path / "x")
    assert (result.exit_code, "does not fit the public key" in result.stderr) == (1, True)
    assert not (tmp_path / "x").exists()


def test_a_key_of_kms_takes_no_passphrase(fota: FotaCommand, arn: str, tmp_path: Path) -> None:
    result = fota("keys", "new", "a", "--kms", arn, "--passphrase-file", tmp_path / "p", "--keys", tmp_path / "k")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_without_credentials_a_key_of_kms_ends_the_command_in_one_line(
    elsewhere: FotaCommand, tmp_path: Path
) -> None:
    result = elsewhere("keys", "new", "a", "--kms", "alias/releases", "--keys", tmp_path / "k")
    assert (result.exit_code, result.stderr.count("\n"), "aws configure" in result.stderr) == (1, 1, True)
    assert not (tmp_path / "k").exists()
