"""`fota release`: it creates, verifies and shows releases, without AWS."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fota.trust import manifest as manifests
from fota_operator.images.image import Image
from fota_operator.trust.release_file import read_release, write_release
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures


@pytest.fixture
def create(signatures: Signatures, image_file: Path, tmp_path: Path) -> list[object]:
    """The arguments of a `fota release create` that does its work."""
    signatures.signers("a")
    device = ["--product", "pump", "--hardware", "rev-a"]
    return [
        "release",
        "create",
        image_file,
        *device,
        "--sign",
        "a",
        "--keys",
        signatures.keys.path,
        "-o",
        tmp_path / "x",
    ]


def test_the_command_makes_a_release_without_aws(
    elsewhere: FotaCommand, create: list[object], tmp_path: Path
) -> None:
    result = elsewhere(*create, "--hardware", "rev-b", "--not-after", "2030-01-31T12:00:00Z")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'x'}\n")
    manifest = read_release(tmp_path / "x").manifest
    assert (manifest.hardware, manifest.not_after) == (["rev-a", "rev-b"], 1_896_091_200)


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock on the wall is not that of UTC."""
    monkeypatch.setenv("TZ", "XYZ-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_a_time_is_of_utc_wherever_the_command_runs(
    elsewhere: FotaCommand, create: list[object], tmp_path: Path
) -> None:
    made = elsewhere(*create, "--not-after", "2030-01-31T12:00:00Z", "--json")
    assert json.loads(made.stdout)["not_after"] == "2030-01-31T12:00:00Z"
    assert read_release(tmp_path / "x").manifest.not_after == 1_896_091_200


def test_create_says_in_json_what_it_signed(elsewhere: FotaCommand, create: list[object], image: Image) -> None:
    made = json.loads(elsewhere(*create, "--seq", 5, "--json").stdout)
    assert (made["seq"], made["sha256"], len(made["signers"])) == (5, image.sha256, 1)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--not-before", "2030-01-31"], "--not-before: expected a time of UTC"),
        (["--not-after", "2030-01-31T12:00:00+01:00"], "--not-after: expected a time of UTC"),
        (["--seq", 0], "seq: expected a whole number"),
        (["--secver", -1], "secver: expected a whole number"),
        (["--sign", "nobody"], "nobody.pub"),
        (["--sign", "a"], "same key twice"),
    ],
)
def test_what_cannot_be_signed_is_told_in_one_line_and_writes_nothing(
    elsewhere: FotaCommand, create: list[object], tmp_path: Path, options: list[object], names: str
) -> None:
    result = elsewhere(*create, *options)
    assert (result.exit_code in (1, 2), result.stdout, result.stderr.count("\n")) == (True, "", 1)
    assert names in result.stderr
    assert not (tmp_path / "x").exists()


def test_a_release_is_not_written_over_its_image(
    elsewhere: FotaCommand, create: list[object], image_file: Path
) -> None:
    before = image_file.read_bytes()
    result = elsewhere(*create[:-1], image_file)
    assert (result.exit_code, image_file.read_bytes()) == (2, before)


@pytest.fixture
def keyring_file(elsewhere: FotaCommand, signatures: Signatures) -> Path:
    signatures.signers("a")
    elsewhere("keys", "export", "a", "--product", "pump", "--hardware", "rev-a", "--keys", signatures.keys.path)
    return signatures.keys.path / "keyring.json"


def test_verify_says_whether_a_device_takes_it(
    elsewhere: FotaCommand, signatures: Signatures, release_file: Path, keyring_file: Path
) -> None:
    by_name = elsewhere("release", "verify", release_file, "--keyring", keyring_file)
    by_folder = elsewhere("release", "verify", release_file, "--keys", signatures.keys.path)
    assert by_name.exit_code == by_folder.exit_code == 0
    assert by_name.stdout == by_folder.stdout
    assert by_name.stdout.startswith("good: ")


def test_verify_refuses_with_the_device_s_reason(
    elsewhere: FotaCommand, signatures: Signatures, image: Image, keyring_file: Path, tmp_path: Path
) -> None:
    write_release(tmp_path / "x", signatures.release(image, "a", product="valve"))
    result = elsewhere("release", "verify", tmp_path / "x", "--keyring", keyring_file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(r"fota: .*wrong-product: product: expected pump, got valve; .*\n", result.stderr)


def test_verify_without_a_keyring_says_where_to_get_one(
    elsewhere: FotaCommand, release_file: Path, tmp_path: Path
) -> None:
    result = elsewhere("release", "verify", release_file, "--keys", tmp_path / "none")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "--keyring" in result.stderr


def test_show_says_what_will_be_shipped(elsewhere: FotaCommand, signatures: Signatures, release_file: Path) -> None:
    result = elsewhere("release", "show", release_file)
    said = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert (said["product"], said["hardware"], said["version"], said["slot"]) == ("pump", "rev-a", "1.2.3", "any")
    assert said["signers"] == f"{signatures.keys.get('a').key_id} (not in the folder of keys)"
    assert said["not_after"] == "-"
    assert "No signature was verified" in result.stderr


def test_show_names_the_keys_that_the_folder_of_keys_has(
    elsewhere: FotaCommand, signatures: Signatures, release_file: Path
) -> None:
    with_keys = ("release", "show", release_file, "--keys", signatures.keys.path)
    assert f"{signatures.keys.get('a').key_id} (a)" in elsewhere(*with_keys).stdout
    assert json.loads(elsewhere(*with_keys, "--json").stdout)["signer_names"] == ["a"]
    assert json.loads(elsewhere("release", "show", release_file, "--json").stdout)["signer_names"] == [None]


def test_show_in_json_has_every_fact(elsewhere: FotaCommand, release_file: Path, image: Image) -> None:
    said = json.loads(elsewhere("release", "show", release_file, "--json").stdout)
    assert (said["sha256"], said["md5"], said["size_bytes"]) == (image.sha256, image.md5, image.size_bytes)
    assert {"release", "product", "hardware", "version", "seq", "secver", "signers", "not_before"} <= set(said)


def test_a_manifest_with_a_time_beyond_all_calendars_is_shown(
    elsewhere: FotaCommand, signatures: Signatures, image: Image, tmp_path: Path
) -> None:
    write_release(tmp_path / "x", signatures.release(image, "a", not_after=manifests.MAX_NUMBER))
    said = json.loads(elsewhere("release", "show", tmp_path / "x", "--json").stdout)
    assert said["not_after"] == str(manifests.MAX_NUMBER)
