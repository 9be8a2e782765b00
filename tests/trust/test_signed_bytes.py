"""Only the bytes that were signed start: whatever was kept beside them, and whatever the server sent."""

from __future__ import annotations

import hashlib

import pytest
import vector_parts as parts

from aws.iot import fota
from fota.errors import HashMismatch
from fota.trust import errors as trust_errors
from tests.labs.device_lab import FACTORY
from tests.labs.md5_collision import COLLIDING, SAME_MD5
from tests.labs.trust_lab import TrustLab, digests_of, kept_release

# What is kept beside an image, and the bytes of the image itself.


def test_the_release_is_kept_beside_its_image(bench: TrustLab) -> None:
    bench.install("a", seq=7)
    release = kept_release(bench, bench.device.running_slot)
    assert release is not None
    assert (release.seq, release.wanted.matches(digests_of("a"))) == (7, True)


def test_an_image_that_changed_since_its_update_begins_no_trial(bench: TrustLab) -> None:
    document = parts.signed_document("a new image")
    bench.server.put(document["bc_url"], b"a new image")
    fota.update(document, device=bench.device)
    bench.slots.damage(1, 3)
    with pytest.raises(HashMismatch):
        fota.test(document, device=bench.device)


def test_an_image_that_changed_since_its_trial_began_does_not_start(bench: TrustLab) -> None:
    bench.offer("a new image")
    bench.wake(auto_reset=False)
    bench.slots.damage(1, 3)
    bench.reboot()
    assert bench.running_image == FACTORY


def test_an_image_beside_the_release_of_another_begins_no_trial(bench: TrustLab) -> None:
    document = parts.signed_document("a new image")
    bench.server.put(document["bc_url"], b"a new image")
    fota.update(document, device=bench.device)
    bench.releases.keep(1, parts.signed_document("another image")["envelope"])
    with pytest.raises(trust_errors.Unsigned):
        fota.test(document, device=bench.device)


def test_an_image_whose_kept_release_is_lost_begins_no_trial(bench: TrustLab) -> None:
    document = parts.signed_document("a new image")
    bench.server.put(document["bc_url"], b"a new image")
    fota.update(document, device=bench.device)
    bench.damage("slot-1.release")
    with pytest.raises(trust_errors.Unsigned):
        fota.test(document, device=bench.device)


# What is downloaded.


def test_an_image_with_the_right_md5_and_another_sha256_does_not_start(bench: TrustLab) -> None:
    assert hashlib.md5(COLLIDING).digest() == hashlib.md5(SAME_MD5).digest()
    release = {
        "md5": hashlib.md5(COLLIDING).hexdigest(),
        "sha256": hashlib.sha256(COLLIDING).hexdigest(),
        "size": 128,
    }
    document = parts.document(
        release=parts.envelope(parts.encoded(parts.manifest(**release))),
        bc_crc=release["md5"],
        bc_sha256=parts.ABSENT,
        bc_size=128,
    )
    bench.server.put(document["bc_url"], bytes(SAME_MD5))
    bench.publish_document(document)
    bench.wake()
    assert (bench.status(), bench.reason(), bench.running_image) == ("FAILED", "hash-mismatch", FACTORY)


@pytest.mark.parametrize("served", [b"another image!", b"new image" + b"!" * 5000, b"new"])
def test_whatever_the_server_sends_only_the_signed_bytes_start(bench: TrustLab, served: bytes) -> None:
    document = parts.signed_document("new image")
    bench.server.put(document["bc_url"], served)
    bench.publish_document(document)
    bench.live(3000)
    assert (bench.status(), bench.running_image) == ("FAILED", FACTORY)
    assert bench.slots.written_bytes[1] <= 4 * len("new image") + (1 << 20)


def test_a_url_that_leads_elsewhere_is_harmless(bench: TrustLab) -> None:
    document = parts.signed_document("new image")
    document["bc_url"] = "https://evil.example/other"
    bench.server.put(document["bc_url"], b"new image")
    bench.publish_document(document)
    bench.live()
    assert (bench.status(), bench.running_image) == ("SUCCEEDED", b"new image")
