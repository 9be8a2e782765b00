"""A release: what is signed and by whom, what is not signed, and whether a device would take it."""

import json
import time
from dataclasses import replace

import pytest

from fota.trust import envelope as envelopes
from fota.trust import manifest as manifests
from fota.trust.keyring import Keyring
from fota_operator.cli.wording import worded
from fota_operator.errors import BadInput, DeviceWouldRefuse, KeyUnusable
from fota_operator.images.image import LINKED_KIND, Image, image_from
from fota_operator.trust.release import Release, require_taken
from fota_operator.trust.signing import signed
from tests.labs.signatures import Signatures

HOUR_S = 3600


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
        ({"not_before": 2, "not_after": 1}, "`not_before` is later than `not_after`"),
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
    with pytest.raises(BadInput, match="version"):
        signatures.release(replace(image, version=None), "a")


def test_an_image_linked_for_another_slot_is_refused(signatures: Signatures) -> None:
    with pytest.raises(BadInput, match="linked for slot 1"):
        signatures.release(image_from(b"bytecode", slot=1), "a", version="1", slot=0)


def test_a_manifest_that_is_too_long_for_an_envelope_is_refused(signatures: Signatures, image: Image) -> None:
    hardware = tuple(f"{number:064}" for number in range(16))
    long = {"product": "p" * 64, "release": "r" * 64}
    signatures.release(image, "a", hardware=hardware, **long)
    payload = b"x" * (envelopes.MAX_PAYLOAD_BYTES + 1)
    with pytest.raises(BadInput, match="does not fit into an envelope"):
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
    assert "--" in worded(caught.value.remedy)
