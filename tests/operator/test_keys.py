import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from fota.trust.keyring import key_id
from fota_operator.errors import AlreadyThere, BadInput, KeyUnusable, NotFound, OperatorError
from fota_operator.trust.keys import KeyFolder
from tests.labs.fota_command import FotaCommand

PASSPHRASE = b"correct horse battery staple"


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "keys")


def never(name: str) -> bytes:
    raise AssertionError(f"nobody shall be asked for the passphrase of {name}")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def pem_of(private: object) -> bytes:
    return private.private_bytes(  # type: ignore[attr-defined, no-any-return]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_a_new_key_is_a_private_key_of_p256_and_its_public_half(keys: KeyFolder) -> None:
    made = keys.new("a", None)
    private = keys.private_key(made, never)
    assert isinstance(private.curve, ec.SECP256R1)
    assert made.key_id == key_id(made.public_key)
    assert keys.get("a") == made


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_private_key_is_for_its_owner_only_and_so_is_its_folder(keys: KeyFolder, umask: int) -> None:
    before = os.umask(umask)
    try:
        keys.new("a", None)
    finally:
        os.umask(before)
    assert (mode_of(keys.path), mode_of(keys.path / "a.pem")) == (0o700, 0o600)


def test_a_private_key_is_for_its_owner_only_from_its_first_byte(
    keys: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    real = os.fsync

    def look(descriptor: int) -> None:
        modes.extend(mode_of(path) for path in keys.path.glob("*.pem"))
        real(descriptor)

    created: list[int] = []
    real_open = os.open

    def opened(path: str, flags: int, mode: int = 0o777, **others: int) -> int:
        descriptor = real_open(path, flags, mode, **others)
        if str(path).endswith(".pem"):
            created.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            assert flags & os.O_EXCL
        return descriptor

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "fsync", look)
    keys.new("a", None)
    assert (created, set(modes)) == ([0o600], {0o600})


@pytest.mark.parametrize("left", ["a.pem", "a.kms", "a.pub"])
def test_a_key_is_never_overwritten(keys: KeyFolder, left: str) -> None:
    keys.new("b", None)
    (keys.path / left).write_text("mine")
    with pytest.raises(AlreadyThere, match=left):
        keys.new("a", None)
    assert (keys.path / left).read_text() == "mine"


def test_a_key_whose_public_half_cannot_be_written_leaves_nothing(
    keys: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def full(path: str, flags: int, *others: int) -> int:
        if str(path).endswith(".pub"):
            raise OSError(28, "No space left on device")
        return real(path, flags, *others)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(OperatorError, match="No space left"):
        keys.new("a", None)
    assert list(keys.path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../a", "a/b", "a.b", ".a", "-a", "x" * 65, "ä", "a b", "a\n"])
def test_what_is_no_name_for_a_key_is_refused(keys: KeyFolder, name: str) -> None:
    with pytest.raises(BadInput, match="not a name"):
        keys.new(name, None)
    with pytest.raises(BadInput, match="not a name"):
        keys.get(name)


def test_an_encrypted_key_is_not_readable_without_its_passphrase(keys: KeyFolder) -> None:
    made = keys.new("a", PASSPHRASE)
    pem = (keys.path / "a.pem").read_bytes()
    with pytest.raises(TypeError):
        serialization.load_pem_private_key(pem, None)
    assert keys.private_key(made, lambda _: PASSPHRASE)


@pytest.mark.parametrize("passphrase", [b"guessed", PASSPHRASE + b" ", b""])
def test_a_wrong_passphrase_is_told_in_one_line_without_it(keys: KeyFolder, passphrase: bytes) -> None:
    made = keys.new("a", PASSPHRASE)
    with pytest.raises(KeyUnusable, match="passphrase does not open") as caught:
        keys.private_key(made, lambda _: passphrase)
    assert not passphrase or passphrase.decode() not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_passphrase_is_asked_for_by_the_name_of_its_key(keys: KeyFolder) -> None:
    made = keys.new("mine", PASSPHRASE)
    asked: list[str] = []
    keys.private_key(made, lambda name: asked.append(name) or PASSPHRASE)  # type: ignore[func-returns-value]
    assert asked == ["mine"]


@pytest.mark.parametrize("length", [0, 1024])
def test_a_passphrase_that_cannot_be_used_is_refused_and_makes_no_key(keys: KeyFolder, length: int) -> None:
    with pytest.raises(BadInput, match=f"{length} bytes"):
        keys.new("a", b"x" * length)
    assert not (keys.path / "a.pem").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_private_key_that_others_can_reach_is_not_used(keys: KeyFolder, mode: int) -> None:
    made = keys.new("a", None)
    (keys.path / "a.pem").chmod(mode)
    with pytest.raises(KeyUnusable, match=f"others can read .*{mode:04o}.*chmod 600"):
        keys.private_key(made, never)


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_in_which_others_could_exchange_keys_is_not_used(keys: KeyFolder, mode: int) -> None:
    keys.new("a", None)
    keys.path.chmod(mode)
    for use in (lambda: keys.get("a"), lambda: keys.new("b", None), keys.all):
        with pytest.raises(KeyUnusable, match="others can write"):
            use()


def of_another(keys: KeyFolder) -> None:
    (keys.path / "a.pem").write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))


def of_another_curve(keys: KeyFolder) -> None:
    (keys.path / "a.pem").write_bytes(pem_of(ec.generate_private_key(ec.SECP384R1())))


def of_another_kind(keys: KeyFolder) -> None:
    (keys.path / "a.pem").write_bytes(pem_of(ed25519.Ed25519PrivateKey.generate()))


def damaged(keys: KeyFolder) -> None:
    (keys.path / "a.pem").write_bytes((keys.path / "a.pem").read_bytes()[:60])


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (of_another, "not the private half"),
        (of_another_curve, "not a key of P-256"),
        (of_another_kind, "not a key of P-256"),
        (damaged, "no private key"),
    ],
)
def test_a_private_file_that_is_not_the_key_is_told(
    keys: KeyFolder, spoil: Callable[[KeyFolder], None], names: str
) -> None:
    made = keys.new("a", None)
    spoil(keys)
    with pytest.raises(KeyUnusable, match=names):
        keys.private_key(made, never)


@pytest.mark.parametrize("content", ["", "mine", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_public_file_that_is_no_key_is_told(keys: KeyFolder, content: str) -> None:
    keys.new("a", None)
    (keys.path / "a.pub").write_text(content)
    with pytest.raises(KeyUnusable, match=r"a\.pub is no public key"):
        keys.get("a")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"key_arn": 1}', "[" * 16_000], ids=range(5))
def test_a_kms_file_that_names_no_key_is_told(keys: KeyFolder, content: str) -> None:
    keys.new("a", None)
    (keys.path / "a.kms").write_text(content)
    with pytest.raises(KeyUnusable, match=r"a\.kms"):
        keys.get("a")


def test_a_key_that_is_not_there_is_named(keys: KeyFolder) -> None:
    with pytest.raises(NotFound, match=r"a\.pub"):
        keys.get("a")


def test_a_private_key_that_is_elsewhere_is_named(keys: KeyFolder) -> None:
    made = keys.new("a", None)
    (keys.path / "a.pem").unlink()
    with pytest.raises(NotFound, match=r"a\.pem.*sign where"):
        keys.private_key(made, never)


# The command.


def test_the_command_makes_a_key_and_prints_its_id(elsewhere: FotaCommand, tmp_path: Path) -> None:
    result = elsewhere("keys", "new", "a", "--keys", tmp_path / "k")
    assert (result.exit_code, result.stdout) == (0, KeyFolder(tmp_path / "k").get("a").key_id + "\n")
    assert "NOT encrypted" in result.stderr


def test_the_folder_is_taken_from_the_environment(elsewhere: FotaCommand, tmp_path: Path) -> None:
    elsewhere.environment["FOTA_KEYS"] = str(tmp_path / "k")
    elsewhere("keys", "new", "a")
    assert (tmp_path / "k" / "a.pem").is_file()


def test_keys_are_listed(elsewhere: FotaCommand, tmp_path: Path) -> None:
    made = {name: KeyFolder(tmp_path).new(name, None).key_id for name in ("b", "a")}
    listed = elsewhere("keys", "list", "--keys", tmp_path)
    assert [line.split() for line in listed.stdout.splitlines()[1:]] == [
        ["a", made["a"], "file"], ["b", made["b"], "file"]
    ]  # fmt: skip
    in_json = json.loads(elsewhere("keys", "list", "--keys", tmp_path, "--json").stdout)
    assert [(one["name"], one["key_id"]) for one in in_json] == [("a", made["a"]), ("b", made["b"])]


def test_a_folder_that_is_not_there_is_named(elsewhere: FotaCommand, tmp_path: Path) -> None:
    result = elsewhere("keys", "list", "--keys", tmp_path / "none")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "fota keys new" in result.stderr
