import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fota import envelope as envelopes
from fota import manifest as manifests
from fota import strict_json
from fota.keyring import Keyring
from fota_operator.errors import BadInput, DeviceWouldRefuse, KeyUnusable, NotFound
from fota_operator.images.image import LINKED_KIND, Image, image_from
from fota_operator.trust.release import Release, require_taken
from fota_operator.trust.release_file import is_release, read_release, write_release
from fota_operator.trust.signing import signed

from .conftest import Command, Signatures

HOUR_S = 3600


@pytest.fixture
def release_file(signatures: Signatures, image: Image, tmp_path: Path) -> Path:
    write_release(tmp_path / "x.release", signatures.release(image, "a"))
    return tmp_path / "x.release"


# Making one.


def test_a_release_says_what_its_image_is(signatures: Signatures, image: Image) -> None:
    made = signatures.release(image, "a", seq=7, secver=2, release="spring", not_before=1, not_after=2)
    said = json.loads(made.envelope.payload)
    assert said == {
        "format": 1,
        "product": "pump",
        "hardware": ["rev-a"],
        "version": "1.2.3",
        "seq": 7,
        "secver": 2,
        "slot": "any",
        "image": "zipapp",
        "size": image.size_bytes,
        "sha256": image.sha256,
        "md5": image.md5,
        "release": "spring",
        "not_before": 1,
        "not_after": 2,
    }


def test_without_a_number_it_has_that_of_the_second(signatures: Signatures, image: Image) -> None:
    before = int(time.time())
    manifest = signatures.release(image, "a").manifest
    assert before <= manifest.seq <= int(time.time())
    assert manifest.release == f"{manifest.seq}-{image.sha256[:12]}"


def test_an_image_that_was_linked_for_a_slot_is_released_for_it(signatures: Signatures) -> None:
    manifest = signatures.release(image_from(b"bytecode", slot=1), "a", version="1").manifest
    assert (manifest.slot, manifest.image) == (1, LINKED_KIND)


@pytest.mark.parametrize(
    ("others", "names"),
    [
        ({"product": "a b"}, "product"),
        ({"product": ""}, "product"),
        ({"hardware": ()}, "hardware"),
        ({"hardware": ("a",) * 17}, "hardware"),
        ({"seq": 0}, "seq"),
        ({"seq": 2**53}, "seq"),
        ({"secver": -1}, "secver"),
        ({"slot": 255}, "slot"),
        ({"release": "a/b"}, "release"),
        ({"not_before": 2, "not_after": 1}, "--not-before"),
        ({"version": "1.2.4"}, "calls itself 1.2.3"),
    ],
)
def test_what_no_device_would_read_is_not_signed(
    signatures: Signatures, image: Image, others: dict[str, object], names: str
) -> None:
    with pytest.raises(BadInput, match=names):
        signatures.release(image, "a", **others)


@pytest.mark.parametrize("version", ["ü", 'a"b', "a\nb", "", "x" * 65])
def test_a_version_that_no_device_would_read_is_not_signed(
    signatures: Signatures, image: Image, version: str
) -> None:
    with pytest.raises(BadInput, match=r"version|canonical"):
        signatures.release(replace(image, version=None), "a", version=version)


def test_an_image_without_a_version_needs_one(signatures: Signatures, image: Image) -> None:
    with pytest.raises(BadInput, match="--version"):
        signatures.release(replace(image, version=None), "a")


def test_an_image_linked_for_another_slot_is_refused(signatures: Signatures) -> None:
    with pytest.raises(BadInput, match="linked for slot 1"):
        signatures.release(image_from(b"bytecode", slot=1), "a", version="1", slot=0)


def test_a_manifest_that_is_too_long_for_an_envelope_is_refused(signatures: Signatures, image: Image) -> None:
    hardware = tuple(f"{number:064}" for number in range(16))
    long = {"product": "p" * 64, "release": "r" * 64}
    signatures.release(image, "a", hardware=hardware, **long)
    payload = b"x" * (envelopes.MOST_PAYLOAD_BYTES + 1)
    with pytest.raises(BadInput, match="makes no envelope"):
        signed(manifests.PAYLOAD_TYPE, payload, signatures.signers("a"))


def test_the_same_key_does_not_sign_twice(signatures: Signatures, image: Image) -> None:
    for suffix in ("pem", "pub"):
        signatures.signers("a")
        copy = signatures.keys.path / f"copy.{suffix}"
        copy.write_bytes((signatures.keys.path / f"a.{suffix}").read_bytes())
        copy.chmod(0o600)
    for names in (("a", "a"), ("a", "copy")):
        with pytest.raises(BadInput, match="same key twice"):
            signatures.release(image, *names)


@pytest.mark.parametrize("count", [0, 17])
def test_as_many_keys_sign_as_a_device_reads_signatures(signatures: Signatures, image: Image, count: int) -> None:
    with pytest.raises(BadInput, match=f"got {count}"):
        signatures.release(image, *(f"k{number}" for number in range(count)))


def test_a_signer_that_signs_something_else_is_found(signatures: Signatures, image: Image) -> None:
    (honest,) = signatures.signers("a")

    class Other:
        key = honest.key

        def sign(self, message: bytes) -> bytes:
            return honest.sign(message + b"!")

    with pytest.raises(KeyUnusable, match="does not fit"):
        signed(manifests.PAYLOAD_TYPE, b"{}", [Other()])


# Would a device take it?


def test_a_device_takes_what_its_key_has_signed(signatures: Signatures, image: Image) -> None:
    made = signatures.release(image, "a")
    assert require_taken(made.envelope, image, signatures.keyring("a")).version == "1.2.3"


@pytest.mark.parametrize(
    ("signed_by", "trusted", "threshold", "reason"),
    [
        (["a", "b"], ["a", "b"], 2, None),
        (["a", "b", "x"], ["a", "b"], 2, None),
        (["b"], ["a", "b"], 1, None),
        (["a"], ["a", "b"], 2, "too-few-signatures"),
        (["a", "x"], ["a", "b"], 2, "too-few-signatures"),
        (["x"], ["a", "b"], 1, "unknown-key"),
    ],
)
def test_as_many_keys_of_the_keyring_must_have_signed_as_it_says(
    signatures: Signatures, image: Image, signed_by: list[str], trusted: list[str], threshold: int, reason: str | None
) -> None:
    made = signatures.release(image, *signed_by)
    keyring = signatures.keyring(*trusted, threshold=threshold)
    assert refused(made, keyring) == reason


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ({}, None),
        ({"product": "valve"}, "wrong-product"),
        ({"hardware": ("rev-b", "rev-c")}, "wrong-hardware"),
        ({"hardware": ("rev-b", "rev-a")}, None),
        ({"not_before": int(time.time()) + HOUR_S}, "not-valid-now"),
        ({"not_after": int(time.time()) - HOUR_S}, "not-valid-now"),
        ({"not_before": int(time.time()) - HOUR_S, "not_after": int(time.time()) + HOUR_S}, None),
    ],
)
def test_a_release_that_is_not_for_the_device_is_refused_with_its_own_reason(
    signatures: Signatures, image: Image, claim: dict[str, object], reason: str | None
) -> None:
    assert refused(signatures.release(image, "a", **claim), signatures.keyring("a")) == reason


def test_an_image_that_no_device_of_ours_starts_is_refused(signatures: Signatures) -> None:
    made = signatures.release(image_from(b"bytecode", slot=1), "a", version="1")
    assert refused(made, signatures.keyring("a")) == "wrong-format"


def test_an_image_that_was_exchanged_is_refused(signatures: Signatures, image: Image) -> None:
    made = signatures.release(image, "a")
    other = image_from(image.content[:-1] + b"!", version="1.2.3")
    assert refused(replace(made, image=other), signatures.keyring("a")) == "contradiction"


def test_a_signed_keyring_is_no_release(signatures: Signatures, image: Image) -> None:
    payload = signatures.release(image, "a").envelope.payload
    envelope = signed("application/vnd.aws-iot-fota.keyring+json", payload, signatures.signers("a"))
    with pytest.raises(DeviceWouldRefuse) as caught:
        require_taken(envelope, image, signatures.keyring("a"))
    assert caught.value.reason == "bad-envelope"


def refused(release: Release, keyring: Keyring) -> str | None:
    """The reason for which a device with that keyring would refuse the release, if it would."""
    try:
        require_taken(release.envelope, release.image, keyring)
    except DeviceWouldRefuse as error:
        return error.reason
    return None


@pytest.mark.parametrize("claim", [{"product": "valve"}, {"hardware": ("rev-b",)}, {"not_after": 1}])
def test_a_refusal_names_the_reason_and_the_remedy(
    signatures: Signatures, image: Image, claim: dict[str, object]
) -> None:
    made = signatures.release(image, "a", **claim)
    with pytest.raises(DeviceWouldRefuse) as caught:
        require_taken(made.envelope, image, signatures.keyring("a"))
    assert f"would refuse it: {caught.value.reason}: " in caught.value.message
    assert "--" in caught.value.remedy


# The file.


def test_what_was_written_is_what_is_read(signatures: Signatures, image: Image, tmp_path: Path) -> None:
    made = signatures.release(image, "a", "b")
    write_release(tmp_path / "x", made)
    found = read_release(tmp_path / "x")
    assert envelopes.fields(found.envelope) == envelopes.fields(made.envelope)
    assert found.image == image
    assert list(tmp_path.glob(".*")) == []


def test_the_same_release_gives_the_same_bytes(signatures: Signatures, image: Image, tmp_path: Path) -> None:
    made = signatures.release(image, "a")
    for name in ("x", "y"):
        write_release(tmp_path / name, made)
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()


def test_the_image_lies_in_a_release_as_it_is(release_file: Path, image: Image) -> None:
    with zipfile.ZipFile(release_file) as archive:
        assert archive.namelist() == ["envelope.json", "image"]
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read("image") == image.content


def test_a_release_is_known_by_its_content(release_file: Path, image_file: Path, tmp_path: Path) -> None:
    renamed = release_file.rename(tmp_path / "image.zip")
    assert (is_release(renamed), is_release(image_file), is_release(Path(__file__))) == (True, False, False)


def test_a_release_cut_short_anywhere_is_refused(release_file: Path) -> None:
    content = release_file.read_bytes()
    for length in {43, 44, 200, len(content) // 2, len(content) - 22, len(content) - 1}:
        release_file.write_bytes(content[:length])
        assert is_release(release_file)
        # Its image is a zip too, whose end may be taken for that of the whole.
        with pytest.raises(BadInput, match=r"not a whole release|is no release"):
            read_release(release_file)


def test_a_release_with_a_flipped_bit_is_never_taken(
    signatures: Signatures, release_file: Path, image: Image
) -> None:
    """Every 7th byte: the envelope, the image and what the zip says of both."""
    content, keyring = release_file.read_bytes(), signatures.keyring("a")
    whole = envelopes.fields(read_release(release_file).envelope)
    for place in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        release_file.write_bytes(damaged)
        try:
            found = read_release(release_file)
            require_taken(found.envelope, found.image, keyring)
        except (BadInput, DeviceWouldRefuse):
            continue
        # A bit of the zip's own, such as a date, which says nothing.
        assert (envelopes.fields(found.envelope), found.image.content) == (whole, image.content)


def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def envelope_of(release: Release) -> bytes:
    return strict_json.canonical(envelopes.fields(release.envelope))


@pytest.mark.parametrize(
    ("members", "names"),
    [
        (lambda e, i: zipped(("envelope.json", e)), "nothing else"),
        (lambda e, i: zipped(("envelope.json", e), ("image", i), ("more", b"")), "nothing else"),
        (lambda e, i: zipped(("envelope.json", e), ("image", i), compression=zipfile.ZIP_DEFLATED), "packed"),
        (lambda e, i: zipped(("envelope.json", e + b" " * 9000), ("image", i)), "larger than 8192"),
        (lambda e, i: zipped(("envelope.json", b"{}"), ("image", i)), "not a whole release"),
        (lambda e, i: zipped(("envelope.json", b"[" * 100), ("image", i)), "not a whole release"),
        (lambda e, i: zipped(("envelope.json", b"\xff"), ("image", i)), "not a whole release"),
        (lambda e, i: zipped(("envelope.json", e), ("image", i + b"!")), "not the one that was signed"),
        (lambda e, i: zipped(("envelope.json", e), ("image", b"")), "0 bytes"),
    ],
)
def test_a_zip_that_is_not_exactly_a_release_is_refused(
    signatures: Signatures, image: Image, tmp_path: Path, members: Callable[[bytes, bytes], bytes], names: str
) -> None:
    path = tmp_path / "x"
    path.write_bytes(members(envelope_of(signatures.release(image, "a")), image.content))
    with pytest.raises(BadInput, match=names):
        read_release(path)


def test_an_envelope_of_another_kind_makes_no_release(signatures: Signatures, image: Image, tmp_path: Path) -> None:
    envelope = signed("application/x-other", b"{}", signatures.signers("a"))
    (tmp_path / "x").write_bytes(
        zipped(("envelope.json", strict_json.canonical(envelopes.fields(envelope))), ("image", image.content))
    )
    with pytest.raises(BadInput, match="payloadType"):
        read_release(tmp_path / "x")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for read in (is_release, read_release):
        with pytest.raises(NotFound, match="none"):
            read(tmp_path / "none")


# The command.


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


def test_the_command_makes_a_release_without_aws(elsewhere: Command, create: list[object], tmp_path: Path) -> None:
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
def test_a_time_is_of_utc_wherever_the_command_runs(elsewhere: Command, create: list[object], tmp_path: Path) -> None:
    made = elsewhere(*create, "--not-after", "2030-01-31T12:00:00Z", "--json")
    assert json.loads(made.stdout)["not_after"] == "2030-01-31T12:00:00Z"
    assert read_release(tmp_path / "x").manifest.not_after == 1_896_091_200


def test_create_says_in_json_what_it_signed(elsewhere: Command, create: list[object], image: Image) -> None:
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
    elsewhere: Command, create: list[object], tmp_path: Path, options: list[object], names: str
) -> None:
    result = elsewhere(*create, *options)
    assert (result.exit_code in (1, 2), result.stdout, result.stderr.count("\n")) == (True, "", 1)
    assert names in result.stderr
    assert not (tmp_path / "x").exists()


def test_a_release_is_not_written_over_its_image(elsewhere: Command, create: list[object], image_file: Path) -> None:
    before = image_file.read_bytes()
    result = elsewhere(*create[:-1], image_file)
    assert (result.exit_code, image_file.read_bytes()) == (2, before)


@pytest.fixture
def keyring_file(elsewhere: Command, signatures: Signatures) -> Path:
    signatures.signers("a")
    elsewhere("keys", "export", "a", "--product", "pump", "--hardware", "rev-a", "--keys", signatures.keys.path)
    return signatures.keys.path / "keyring.json"


def test_verify_says_whether_a_device_takes_it(
    elsewhere: Command, signatures: Signatures, release_file: Path, keyring_file: Path
) -> None:
    by_name = elsewhere("release", "verify", release_file, "--keyring", keyring_file)
    by_folder = elsewhere("release", "verify", release_file, "--keys", signatures.keys.path)
    assert by_name.exit_code == by_folder.exit_code == 0
    assert by_name.stdout == by_folder.stdout
    assert by_name.stdout.startswith("good: ")


def test_verify_refuses_with_the_device_s_reason(
    elsewhere: Command, signatures: Signatures, image: Image, keyring_file: Path, tmp_path: Path
) -> None:
    write_release(tmp_path / "x", signatures.release(image, "a", product="valve"))
    result = elsewhere("release", "verify", tmp_path / "x", "--keyring", keyring_file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(r"fota: .*wrong-product: product: expected pump, got valve; .*\n", result.stderr)


def test_verify_without_a_keyring_says_where_to_get_one(
    elsewhere: Command, release_file: Path, tmp_path: Path
) -> None:
    result = elsewhere("release", "verify", release_file, "--keys", tmp_path / "none")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "--keyring" in result.stderr


def test_show_says_what_will_be_shipped(elsewhere: Command, signatures: Signatures, release_file: Path) -> None:
    result = elsewhere("release", "show", release_file)
    said = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert (said["product"], said["hardware"], said["version"], said["slot"]) == ("pump", "rev-a", "1.2.3", "any")
    assert said["signers"] == signatures.keys.get("a").key_id
    assert said["not_after"] == "-"
    assert "No signature was verified" in result.stderr


def test_show_in_json_has_every_fact(elsewhere: Command, release_file: Path, image: Image) -> None:
    said = json.loads(elsewhere("release", "show", release_file, "--json").stdout)
    assert (said["sha256"], said["md5"], said["size_bytes"]) == (image.sha256, image.md5, image.size_bytes)
    assert {"release", "product", "hardware", "version", "seq", "secver", "signers", "not_before"} <= set(said)


def test_a_manifest_with_a_time_beyond_all_calendars_is_shown(
    elsewhere: Command, signatures: Signatures, image: Image, tmp_path: Path
) -> None:
    write_release(tmp_path / "x", signatures.release(image, "a", not_after=manifests.MOST_NUMBER))
    said = json.loads(elsewhere("release", "show", tmp_path / "x", "--json").stdout)
    assert said["not_after"] == str(manifests.MOST_NUMBER)
