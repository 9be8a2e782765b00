"""A device without a keyring: it takes what is not signed, says so, and is given a keyring by no job."""

from __future__ import annotations

import hashlib
import logging

import pytest
import vector_parts as parts

from fota.trust import errors as trust_errors
from tests.labs.md5_collision import COLLIDING, SAME_MD5
from tests.labs.trust_lab import BOTH, TrustLab, refusal


def test_a_device_without_a_keyring_says_loudly_that_it_takes_what_is_not_signed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    bench = TrustLab()
    bench.publish_vector(parts.document("a", release=None), image="a")
    bench.live(60)
    assert bench.running_image == b"a"
    assert "unsigned-accepted" in caplog.text


def test_a_device_with_a_keyring_has_no_such_thing_to_say(bench: TrustLab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench.install("a")
    assert "unsigned-accepted" not in caplog.text
    assert "release-admitted" in caplog.text


def test_a_device_without_a_keyring_is_given_none_by_a_job() -> None:
    bench = TrustLab()
    bench.publish_document(parts.keyring_document(parts.keyring()), "keyring")
    assert refusal(bench, "keyring") == ("REJECTED", "no-keyring")
    assert bench.keyring is None


def test_a_device_without_a_keyring_tells_an_image_by_its_md5_alone_where_no_sha256_is_named() -> None:
    bench = TrustLab()
    digests = {"bc_crc": hashlib.md5(COLLIDING).hexdigest(), "bc_sha256": parts.ABSENT, "bc_size": len(COLLIDING)}
    document = parts.document("a", release=None, **digests)
    bench.server.put(document["bc_url"], bytes(SAME_MD5))
    bench.publish_document(document)
    bench.live(60)
    # What the ancestor's documents are worth: another image than the one that was meant runs now.
    assert bench.running_image == bytes(SAME_MD5)


def test_a_keyring_that_names_no_hardware_is_not_given_to_a_device() -> None:
    with pytest.raises(trust_errors.BadKeyring, match="hardware: missing"):
        TrustLab(parts.keyring(hardware=parts.ABSENT))


def test_a_keyring_that_nobody_can_sign_for_is_not_given_to_a_device() -> None:
    with pytest.raises(trust_errors.BadKeyring, match="threshold: expected 1 to 2, the number of keys, got 3"):
        TrustLab(parts.keyring(*BOTH, threshold=3))
