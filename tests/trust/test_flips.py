"""Whatever bit of an envelope tips over, the device refuses it: every bit of its whole JSON text, one at a time."""

from __future__ import annotations

from collections import Counter

import pytest
import vector_parts as parts

from fota import strict_json
from fota.digests import Digests
from fota.trust.errors import NotTrusted
from fota.trust.releases import Releases
from tests.labs.trust_lab import TrustLab, digests_of

NOT_JSON = "not JSON"


def verdict(releases: Releases, text: bytes, wanted: Digests) -> str:
    """The reason why a device does not take the envelope that the text stands for; "accepted" if it does."""
    try:
        envelope = strict_json.parse(text)
    except ValueError:
        return NOT_JSON
    try:
        releases.admit(wanted, None, envelope)
    except NotTrusted as error:
        return error.reason
    return "accepted"


def flipped(text: bytes, bit: int) -> bytes:
    changed = bytearray(text)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signers", "bits"), [(("first",), 4528), (("first", "second"), 5536)], ids=["one of one", "two of two"]
)
def test_every_single_bit_flip_of_an_accepted_envelope_is_refused(signers: tuple[str, ...], bits: int) -> None:
    releases = TrustLab(parts.keyring(*signers, threshold=len(signers))).releases
    text = strict_json.canonical(parts.envelope(parts.encoded(parts.manifest()), signers))
    wanted = digests_of(parts.IMAGE)
    assert verdict(releases, text, wanted) == "accepted"
    found = Counter(verdict(releases, flipped(text, bit), wanted) for bit in range(bits))
    assert found["accepted"] == 0
    # Every bit counts, and each line of defence has had its share of them.
    assert found.total() == 8 * len(text)
    lone = {"unknown-key"} if len(signers) == 1 else {"too-few-signatures"}
    assert set(found) - {"accepted"} == {NOT_JSON, "bad-envelope", "bad-signature"} | lone


def test_a_flip_that_is_let_through_would_be_found() -> None:
    releases = TrustLab(parts.keyring()).releases
    payload = parts.encoded(parts.manifest())
    text = strict_json.canonical(parts.envelope(payload, ("first", "stranger")))
    wanted = digests_of(parts.IMAGE)
    # A signature that nobody asks for may be anything: there a flip changes nothing.
    bit = 8 * text.index(parts.key_id("stranger").encode()[:8])
    assert verdict(releases, flipped(text, bit), wanted) == "accepted"
