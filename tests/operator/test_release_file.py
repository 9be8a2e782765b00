"""The file of a release: what was written is read again, and nothing else is taken for one."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fota import strict_json
from fota.trust import envelope as envelopes
from fota_operator.errors import BadInput, DeviceWouldRefuse, NotFound
from fota_operator.images.image import Image
from fota_operator.trust.release import Release, require_taken
from fota_operator.trust.release_file import is_release, read_release, write_release
from fota_operator.trust.signing import signed
from tests.labs.signatures import Signatures


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
