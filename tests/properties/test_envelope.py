"""An envelope comes back as it was; anything else is BadEnvelope; no two contents are signed as the same bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fota.trust import envelope
from fota.trust.envelope import Envelope
from fota.trust.errors import BadEnvelope, BadSignature, NotTrusted
from tests.properties.damage import JSON_VALUES

pytestmark = pytest.mark.slow

OUR_KEY = "0123456789abcdef"
GENERATOR = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964"
    "fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
"""A point of P-256, as a public key that nothing here was signed with."""

KINDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=80)
PAYLOADS = st.binary(min_size=1, max_size=100) | st.integers(2040, 2048).map(bytes)
KEY_IDS = st.text("0123456789abcdef", min_size=16, max_size=16)
SIGNATURES = st.binary(min_size=64, max_size=64)
ENVELOPES = st.builds(
    Envelope,
    KINDS,
    PAYLOADS,
    st.dictionaries(KEY_IDS, SIGNATURES, min_size=1, max_size=5).map(lambda by_key: list(by_key.items())),
)


def parsed(value: object) -> Envelope | None:
    """The envelope; None if it is refused. Every other exception is a failure."""
    try:
        return envelope.parse(value)
    except BadEnvelope:
        return None


@given(ENVELOPES)
def test_an_envelope_comes_back_as_it_was(kept: Envelope) -> None:
    found = envelope.parse(json.loads(json.dumps(envelope.fields(kept))))
    assert vars(found) == vars(kept)


@given(JSON_VALUES)
def test_what_is_no_envelope_is_refused(value: object) -> None:
    assert parsed(value) is None


@given(ENVELOPES, st.data())
def test_any_other_value_in_a_field_is_refused_or_has_one_spelling(kept: Envelope, data: st.DataObject) -> None:
    value = envelope.fields(kept)
    entries = value["signatures"]
    assert isinstance(entries, list)
    changed = data.draw(st.sampled_from([value, entries[0]]))
    changed[data.draw(st.sampled_from(sorted(changed)))] = data.draw(JSON_VALUES | st.lists(JSON_VALUES, max_size=17))
    if data.draw(st.booleans()):
        entries[0] = data.draw(JSON_VALUES)
    found = parsed(value)
    assert found is None or envelope.fields(found) == value


@given(ENVELOPES, st.data())
def test_another_text_is_refused_or_another_content(kept: Envelope, data: st.DataObject) -> None:
    value = envelope.fields(kept)
    text = str(value["payload"])
    place = data.draw(st.integers(0, len(text)))
    put_in = data.draw(st.text("ABCz09+/=-_ \n\0\u00e9", max_size=4))
    other = text[:place] + put_in + text[place + data.draw(st.integers(0, 4)) :]
    found = parsed({**value, "payload": other})
    assert found is None or (found.payload == kept.payload) == (other == text)


@given(st.tuples(KINDS, PAYLOADS), st.tuples(KINDS, PAYLOADS))
def test_what_is_signed_names_its_type_and_payload_alone(one: tuple[str, bytes], other: tuple[str, bytes]) -> None:
    begin, length, rest = envelope.signed_bytes(*one).split(b" ", 2)
    kind, (size, payload) = rest[: int(length)], rest[int(length) + 1 :].split(b" ", 1)
    assert (begin, kind.decode(), int(size), payload) == (b"DSSEv1", one[0], len(one[1]), one[1])
    assert (envelope.signed_bytes(*one) == envelope.signed_bytes(*other)) == (one == other)


@given(ENVELOPES, SIGNATURES, st.integers(1, 16))
def test_no_signature_is_good_by_chance(kept: Envelope, signature: bytes, threshold: int) -> None:
    with pytest.raises(NotTrusted):
        envelope.verified(kept, kept.payload_type, {OUR_KEY: GENERATOR}, threshold)
    kept.signatures = [*kept.signatures[:15], (OUR_KEY, signature)]
    with pytest.raises(BadSignature):
        envelope.verified(kept, kept.payload_type, {OUR_KEY: GENERATOR}, threshold)
