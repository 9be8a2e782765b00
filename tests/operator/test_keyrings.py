import json
from pathlib import Path
from typing import Any

import pytest

from fota.trust import envelope as envelopes
from fota.trust import keyring as keyrings
from fota.trust import manifest as manifests
from fota.trust.keyring import Keyring
from fota_operator.errors import AlreadyThere, BadInput, DeviceWouldRefuse, NotFound
from fota_operator.trust.keyrings import (
    read_envelope,
    read_keyring,
    require_successor,
    sign_successor,
    write_envelope,
    write_keyring,
)
from fota_operator.trust.signing import signed
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures


def reason_of(signatures: Signatures, current: Keyring, new: Keyring, *names: str) -> str | None:
    try:
        sign_successor(current, new, signatures.signers(*names), any_hardware=False)
    except DeviceWouldRefuse as error:
        return error.reason
    return None


# The file for `fota-boot --keyring`.


def test_an_exported_keyring_is_what_a_device_reads(
    elsewhere: FotaCommand, signatures: Signatures, tmp_path: Path
) -> None:
    keys = {one.key.key_id: one.key.public_key for one in signatures.signers("a", "b", "c")}
    out = tmp_path / "k.json"
    device = ["--product", "pump", "--hardware", "rev-a", "--threshold", 2, "--version", 3]
    result = elsewhere("keys", "export", *device, "-o", out, "--keys", signatures.keys.path)
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    found = keyrings.parse(out.read_bytes())
    assert (found.product, found.hardware, found.threshold, found.version) == ("pump", "rev-a", 2, 3)
    assert found.keys == keys


def test_only_the_keys_that_are_named_are_exported(elsewhere: FotaCommand, signatures: Signatures) -> None:
    signatures.signers("a", "b")
    device = ["--product", "pump", "--hardware", "rev-a"]
    result = elsewhere("keys", "export", "b", *device, "--keys", signatures.keys.path, "--json")
    assert json.loads(result.stdout)["keys"] == [signatures.keys.get("b").key_id]
    assert list(read_keyring(signatures.keys.path / "keyring.json").keys) == [signatures.keys.get("b").key_id]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--threshold", 2], "threshold: expected 1 to 1"),
        (["--threshold", 0], "threshold"),
        (["--version", 0], "version"),
        (["--product", "a b"], "product"),
        (["--hardware", ""], "hardware"),
    ],
)
def test_a_keyring_that_no_device_would_read_is_not_written(
    elsewhere: FotaCommand, signatures: Signatures, options: list[object], names: str
) -> None:
    signatures.signers("a")
    device = ["--product", "pump", "--hardware", "rev-a"]
    result = elsewhere("keys", "export", *device, "--keys", signatures.keys.path, *options)
    assert (result.exit_code, names in result.stderr, result.stderr.count("\n")) == (2, True, 1)
    assert not (signatures.keys.path / "keyring.json").exists()


def test_a_key_stands_in_a_keyring_once(elsewhere: FotaCommand, signatures: Signatures) -> None:
    signatures.signers("a")
    device = ["--product", "pump", "--hardware", "rev-a"]
    result = elsewhere("keys", "export", "a", "a", *device, "--keys", signatures.keys.path)
    assert (result.exit_code, "same key twice" in result.stderr) == (2, True)


def test_a_keyring_is_not_written_over_another_but_twice_is_harmless(signatures: Signatures, tmp_path: Path) -> None:
    path, first = tmp_path / "k.json", signatures.keyring("a")
    write_keyring(path, first)
    write_keyring(path, first)
    with pytest.raises(AlreadyThere, match="another keyring"):
        write_keyring(path, signatures.keyring("b"))
    assert read_keyring(path).keys == first.keys


def test_a_keyring_that_an_editor_has_ended_with_a_new_line_is_read(signatures: Signatures, tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    path.write_bytes(keyrings.encode(signatures.keyring("a")) + b"\n")
    assert read_keyring(path).version == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"x" * 20_000])
def test_a_file_that_is_no_keyring_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "k").write_bytes(content)
    for read in (read_keyring, read_envelope):
        with pytest.raises(BadInput, match="k "):
            read(tmp_path / "k")


def test_no_more_is_read_than_a_keyring_can_have(signatures: Signatures, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(keyrings.encode(signatures.keyring("a")) + b"\n" * 20_000)
    with pytest.raises(BadInput, match="larger than 16384 bytes"):
        read_keyring(tmp_path / "k")


def test_a_keyring_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="none"):
        read_keyring(tmp_path / "none")


# The next one.


@pytest.mark.parametrize(
    ("signed_by", "reason"),
    [
        (["a", "b", "c"], None),
        (["a", "b", "c", "d"], None),
        (["a", "b"], "bad-keyring"),
        (["a", "c", "d"], "too-few-signatures"),
        (["c", "d"], "unknown-key"),
    ],
)
def test_the_next_keyring_needs_the_thresholds_of_both(
    signatures: Signatures, signed_by: list[str], reason: str | None
) -> None:
    current = signatures.keyring("a", "b", threshold=2)
    new = signatures.keyring("b", "c", "d", threshold=2, version=2)
    assert reason_of(signatures, current, new, *signed_by) == reason


@pytest.mark.parametrize("version", [1, 3])
def test_versions_follow_one_another(signatures: Signatures, version: int) -> None:
    new = signatures.keyring("a", "b", version=version)
    assert reason_of(signatures, signatures.keyring("a"), new, "a") == "bad-keyring"


@pytest.mark.parametrize(
    ("others", "reason"),
    [({"product": "valve"}, "wrong-product"), ({"hardware": "rev-b"}, "wrong-hardware")],
)
def test_the_next_keyring_is_for_the_same_devices(
    signatures: Signatures, others: dict[str, Any], reason: str
) -> None:
    new = signatures.keyring("a", version=2, **others)
    assert reason_of(signatures, signatures.keyring("a"), new, "a") == reason


def test_the_same_keyring_is_no_next_one(signatures: Signatures) -> None:
    with pytest.raises(BadInput, match="the same"):
        sign_successor(signatures.keyring("a"), signatures.keyring("a"), signatures.signers("a"), any_hardware=False)


def test_a_keyring_for_all_hardware_is_taken_by_each(signatures: Signatures) -> None:
    here, there = signatures.keyring("a"), signatures.keyring("a", hardware="rev-b")
    new = signatures.keyring("b", version=2)
    envelope = sign_successor(here, new, signatures.signers("a", "b"), any_hardware=True)
    assert [require_successor(one, envelope).hardware for one in (here, there)] == ["rev-a", "rev-b"]


def test_a_keyring_for_one_hardware_is_refused_by_others(signatures: Signatures) -> None:
    new = signatures.keyring("b", version=2)
    envelope = sign_successor(signatures.keyring("a"), new, signatures.signers("a", "b"), any_hardware=False)
    with pytest.raises(DeviceWouldRefuse, match="wrong-hardware"):
        require_successor(signatures.keyring("a", hardware="rev-b"), envelope)


def test_a_signed_keyring_is_read_as_it_was_written(signatures: Signatures, tmp_path: Path) -> None:
    new = signatures.keyring("b", version=2)
    envelope = sign_successor(signatures.keyring("a"), new, signatures.signers("a", "b"), any_hardware=False)
    write_envelope(tmp_path / "next", envelope)
    assert envelopes.fields(read_envelope(tmp_path / "next")) == envelopes.fields(envelope)
    with pytest.raises(AlreadyThere):
        write_envelope(tmp_path / "next", envelope)


def test_a_signed_manifest_is_no_signed_keyring(signatures: Signatures, tmp_path: Path) -> None:
    write_envelope(tmp_path / "x", signed(manifests.PAYLOAD_TYPE, b"{}", signatures.signers("a")))
    with pytest.raises(BadInput, match="another thing"):
        read_envelope(tmp_path / "x")


def test_the_command_signs_the_next_keyring(elsewhere: FotaCommand, signatures: Signatures, tmp_path: Path) -> None:
    current, following, out = tmp_path / "1.json", tmp_path / "2.json", tmp_path / "next"
    write_keyring(current, signatures.keyring("a"))
    write_keyring(following, signatures.keyring("b", version=2))
    rotate = ["keys", "rotate", current, following, "--keys", signatures.keys.path, "-o", out]
    refused = elsewhere(*rotate, "--sign", "b")
    assert (refused.exit_code, "unknown-key" in refused.stderr, out.exists()) == (1, True, False)
    result = elsewhere(*rotate, "--sign", "a", "--sign", "b")
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    assert keyrings.encode(require_successor(read_keyring(current), read_envelope(out))) == following.read_bytes()


# Numbers that were signed by mistake.


def test_what_is_void_stays_void_in_the_next_keyring(signatures: Signatures) -> None:
    current = signatures.keyring("a")
    voiding = replace_void(signatures.keyring("a", version=2), {"seq_void": 1000, "seq_mark": 9})
    by = signatures.signers("a")
    device = require_successor(current, sign_successor(current, voiding, by, any_hardware=False))
    assert device.void == {"seq_void": 1000, "seq_mark": 9}
    with pytest.raises(BadInput, match=r"voids numbers from 1000 on, and the next one none; .*`void_seq`"):
        sign_successor(voiding, signatures.keyring("a", version=3), by, any_hardware=False)
    less = replace_void(signatures.keyring("a", version=3), {"seq_void": 1001, "seq_mark": 9})
    with pytest.raises(BadInput, match="the next one 1001"):
        sign_successor(voiding, less, by, any_hardware=False)
    more = replace_void(signatures.keyring("a", version=3), {"seq_void": 900, "seq_mark": 9})
    assert sign_successor(voiding, more, by, any_hardware=True)


def replace_void(keyring: Keyring, void: dict[str, int]) -> Keyring:
    keyring.void = void
    return keyring


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--void-seq", 9], "--mark: missing"),
        (["--mark", 9], "--void-seq: missing"),
        (["--void-secver", 9], "--floor: missing"),
        (["--void-seq", 9, "--mark", 9], "seq_mark: expected a number below seq_void"),
        (["--void-seq", 0, "--mark", 0], "seq_mark: expected a whole number"),
    ],
    ids=str,
)
def test_half_a_void_is_refused(
    elsewhere: FotaCommand, signatures: Signatures, options: list[object], names: str
) -> None:
    signatures.signers("a")
    device = ["--product", "pump", "--hardware", "rev-a", "--keys", signatures.keys.path]
    refused = elsewhere("keys", "export", "a", *device, *options)
    assert (refused.exit_code, names in refused.stderr) == (2, True), refused.stderr
