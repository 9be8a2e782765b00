"""Envelopes that are not valid, and signatures that do not verify."""

import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from vector_parts import (
    ABSENT,
    KEYRING,
    MANIFEST,
    ORDER,
    Fields,
    Vector,
    base64_of,
    document,
    encoded,
    entry,
    envelope,
    key_id,
    keyring,
    manifest,
    numbers,
    private_key,
    public_key,
    raw,
    refused,
    signature,
    signed_bytes,
    signed_document,
)

FIELD_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
PAYLOAD = encoded(manifest())
SIGNED = signed_bytes(PAYLOAD)
OURS = key_id("first")
GOOD = signature("first", PAYLOAD)


def vectors() -> list[Vector]:
    """Each of them."""
    groups = (_members, _spellings, _entries, _types, _unknown, _signatures, _too_few)
    return [vector for group in groups for vector in group()]


def _members() -> list[Vector]:
    whole: dict[str, object] = {
        "false": False,
        "true": True,
        "zero": 0,
        "number": 1.5,
        "text-empty": "",
        "text": "signed",
        "list-empty": [],
        "list": [envelope(PAYLOAD)],
        "object-empty": {},
        "as-text": encoded(envelope(PAYLOAD)).decode(),
    }
    found = [
        refused(
            "bad-envelope", f"envelope-{name}", f"The envelope is none: {name}.", {**document(), "envelope": value}
        )
        for name, value in whole.items()
    ]
    members: dict[str, Fields] = {
        "payload-missing": {"payload": ABSENT},
        "type-missing": {"payloadType": ABSENT},
        "signatures-missing": {"signatures": ABSENT},
        "extra-member": {"keyid": OURS},
        "extra-member-unsigned": {"unsigned": {}},
        "member-of-other-case": {"payload": ABSENT, "Payload": base64_of(PAYLOAD)},
        "payload-null": {"payload": None},
        "payload-number": {"payload": 7},
        "payload-object": {"payload": manifest()},
        "payload-list": {"payload": [base64_of(PAYLOAD)]},
        "payload-empty": {"payload": ""},
        "payload-no-base64": {"payload": PAYLOAD.decode()},
        "payload-hexadecimal": {"payload": PAYLOAD.hex() + "0"},
        "payload-space-before": {"payload": " " + base64_of(PAYLOAD)},
        "payload-newline-behind": {"payload": base64_of(PAYLOAD) + "\n"},
        "payload-newline-within": {"payload": base64_of(PAYLOAD)[:40] + "\n" + base64_of(PAYLOAD)[40:]},
        "payload-character-passed-over": {"payload": base64_of(PAYLOAD)[:40] + "!" + base64_of(PAYLOAD)[40:]},
        "payload-padded-twice": {"payload": base64_of(PAYLOAD) + "="},
        "payload-padded-four-times": {"payload": base64_of(PAYLOAD) + "===="},
        "payload-not-ascii": {"payload": "é" + base64_of(PAYLOAD)[1:]},
        "signatures-null": {"signatures": None},
        "signatures-object": {"signatures": {OURS: base64_of(GOOD)}},
        "signatures-text": {"signatures": base64_of(GOOD)},
        "signatures-empty": {"signatures": []},
        "signatures-seventeen": {"signatures": [entry(f"{n:016x}", GOOD) for n in range(16)] + [entry(OURS, GOOD)]},
        "same-key-twice": {"signatures": [entry(OURS, GOOD), entry(OURS, GOOD)]},
        "same-key-twice-other-half": {"signatures": [entry(OURS, GOOD), entry(OURS, _other_half())]},
    }
    return found + [_enveloped("bad-envelope", name, changes) for name, changes in members.items()]


def _spellings() -> list[Vector]:
    found = []
    # One more zero bit than the padding needs: decoders take it, and two texts would have one content.
    long = encoded(manifest(note="n" * (2049 - len(encoded(manifest(note=""))))))
    odd = envelope(encoded(manifest(version="1.7.00")))
    found.append(_spelled("payload-other-spelling", odd))
    found.append(_spelled("payload-without-padding", odd, strip=True))
    urlsafe = encoded(manifest(version="~~~???>>>"))
    text = base64_of(urlsafe).replace("+", "-").replace("/", "_")
    changed = document(release=envelope(urlsafe, payload=text))
    found.append(refused("bad-envelope", "payload-url-safe", "Base64 with the alphabet of URLs.", changed))
    found.append(_big("payload-of-2049-bytes", long))
    found.append(_big("payload-of-20000-bytes", encoded(manifest(note="n" * 20_000))))
    return found


def _enveloped(reason: str, name: str, changes: Fields) -> Vector:
    asked = document(release=envelope(PAYLOAD, **changes))
    return refused(reason, name, f"The right payload, the right key, and {name.replace('-', ' ')}.", asked)


def _spelled(name: str, good: Fields, *, strip: bool = False) -> Vector:
    text = str(good["payload"])
    if not text.endswith("="):
        raise ValueError("expected a payload that needs padding")
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = text.rstrip("=")
    other = bare[:-1] + digits[digits.index(bare[-1]) + 1] + text[len(bare) :]
    asked = document(release={**good, "payload": bare if strip else other})
    return refused("bad-envelope", name, "The signed bytes in another spelling of base64.", asked)


def _big(name: str, payload: bytes) -> Vector:
    about = "More than the 2,048 bytes that a manifest may have; nothing of it is verified."
    return refused("bad-envelope", name, about, document(release=envelope(payload)))


def _other_half() -> bytes:
    r, s = numbers("first", SIGNED)
    return raw(r, ORDER - s)


def _entries() -> list[Vector]:
    der = private_key("first").sign(SIGNED, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    one: dict[str, object] = {
        "entry-null": None,
        "entry-text": base64_of(GOOD),
        "entry-list": [OURS, base64_of(GOOD)],
        "entry-empty": {},
        "keyid-missing": {"sig": base64_of(GOOD)},
        "sig-missing": {"keyid": OURS},
        "entry-extra-member": {**entry(OURS, GOOD), "alg": "none"},
        "keyid-upper-case": entry(OURS.upper(), GOOD),
        "keyid-15-digits": entry(OURS[:-1], GOOD),
        "keyid-17-digits": entry(OURS + "0", GOOD),
        "keyid-space-behind": entry(OURS[:-1] + " ", GOOD),
        "keyid-empty": entry("", GOOD),
        "keyid-null": entry(None, GOOD),
        "keyid-number": entry(7, GOOD),
        "keyid-list": entry([OURS], GOOD),
        "keyid-the-key-itself": entry(public_key("first").hex(), GOOD),
        "sig-empty": entry(OURS, ""),
        "sig-null": entry(OURS, None),
        "sig-number": entry(OURS, 0),
        "sig-list": entry(OURS, [base64_of(GOOD)]),
        "sig-hexadecimal": entry(OURS, GOOD.hex()),
        "sig-63-bytes": entry(OURS, GOOD[:-1]),
        "sig-65-bytes": entry(OURS, GOOD + b"\0"),
        "sig-one-byte": entry(OURS, b"\0"),
        "sig-der": entry(OURS, der),
        "sig-newline-behind": entry(OURS, base64_of(GOOD) + "\n"),
        "sig-other-spelling": entry(OURS, base64_of(GOOD)[:-3] + _next_digit(base64_of(GOOD)[-3]) + "=="),
    }
    return [_enveloped("bad-envelope", name, {"signatures": [value]}) for name, value in one.items()]


def _next_digit(digit: str) -> str:
    """A base64 digit that differs only in its lowest bit: a lax decoder reads both as the same."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return digits[digits.index(digit) ^ 1]


def _types() -> list[Vector]:
    types = {
        "type-of-a-keyring": KEYRING,
        "type-of-somebody-else": "application/vnd.in-toto+json",
        "type-in-upper-case": MANIFEST.upper(),
        "type-space-behind": MANIFEST + " ",
        "type-of-another-version": MANIFEST + ";v=2",
        "type-shortened": MANIFEST[:-1],
        "type-with-a-control-character": MANIFEST + "\n",
        "type-of-81-characters": MANIFEST + "x" * (81 - len(MANIFEST)),
        "type-not-ascii": MANIFEST[:-1] + "ñ",
    }
    found = []
    for name, kind in types.items():
        about = "The right manifest, well signed as a payload of another type."
        in_utf_8 = kind.encode()
        message = b"DSSEv1 %d %s %d %s" % (len(in_utf_8), in_utf_8, len(PAYLOAD), PAYLOAD)
        signed = entry(OURS, raw(*numbers("first", message)))
        asked = document(release=envelope(PAYLOAD, payloadType=kind, signatures=[signed]))
        found.append(refused("bad-envelope", name, about, asked))
    odd: dict[str, object] = {"type-empty": "", "type-null": None, "type-number": 1, "type-list": [MANIFEST]}
    found += [_enveloped("bad-envelope", name, {"payloadType": value}) for name, value in odd.items()]
    keyring_payload = document(release=envelope(encoded(keyring(version=2)), kind=KEYRING))
    found.append(
        refused("bad-envelope", "keyring-as-release", "A keyring, well signed, as a release.", keyring_payload)
    )
    return found


def _unknown() -> list[Vector]:
    zeros = envelope(PAYLOAD, signatures=[entry("0" * 16, GOOD)])
    return [
        refused(
            "unknown-key",
            "stranger",
            "Signed by nobody whom this device knows.",
            signed_document(signers=("stranger",)),
        ),
        refused(
            "unknown-key", "two-strangers", "Signed by two strangers.", signed_document(signers=("stranger", "third"))
        ),
        refused(
            "unknown-key",
            "key-without-a-name",
            "Our signature under a name that nobody has.",
            document(release=zeros),
        ),
        refused(
            "unknown-key",
            "dropped-key",
            "Signed by a key that the keyring of this device had once.",
            document(),
            device="second-key-only",
        ),
    ]


def _signatures() -> list[Vector]:
    r, s = numbers("first", SIGNED)
    wrong = {
        "forged": signature("stranger", PAYLOAD),
        "of-another-release": signature("first", encoded(manifest(seq=8))),
        "of-another-type": signature("first", PAYLOAD, KEYRING),
        "of-the-bare-payload": raw(*numbers("first", PAYLOAD)),
        "of-the-base64": raw(*numbers("first", signed_bytes(base64_of(PAYLOAD).encode()))),
        "with-sha384": raw(*numbers("first", SIGNED, hashes.SHA384())),
        "ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(b"PUBLISHED TEST KEY, NEVER USE #5").sign(SIGNED),
        "hmac-with-the-public-key": hmac.new(public_key("first"), SIGNED, "sha512").digest(),
        "zero": bytes(64),
        "r-zero": raw(0, s),
        "s-zero": raw(r, 0),
        "r-one-s-one": raw(1, 1),
        "r-n": raw(ORDER, s),
        "s-n": raw(r, ORDER),
        "both-n": raw(ORDER, ORDER),
        "r-above-n": raw(ORDER + 1, s),
        "r-p": raw(FIELD_PRIME, s),
        "all-ones": b"\xff" * 64,
        "swapped": raw(s, r),
        "little-endian": r.to_bytes(32, "little") + s.to_bytes(32, "little"),
        "other-half-of-r": raw(ORDER - r, s),
        "s-and-one": raw(r, s + 1),
    }
    found = [
        _enveloped("bad-signature", name, {"signatures": [entry(OURS, content)]}) for name, content in wrong.items()
    ]
    forged = [entry(OURS, signature("stranger", PAYLOAD)), entry(key_id("second"), signature("second", PAYLOAD))]
    found.append(
        refused(
            "bad-signature",
            "one-good-one-forged",
            "One is enough, and one is good; but another claims to be ours and is not.",
            document(release=envelope(PAYLOAD, signatures=forged)),
            device="one-of-two-keys",
        )
    )
    changed = {
        "seq-raised-after-signing": manifest(seq=9),
        "image-changed-after-signing": manifest("evil image"),
        "space-added-after-signing": None,
    }
    for name, fields in changed.items():
        payload = PAYLOAD + b" " if fields is None else encoded(fields)
        asked = document("evil image" if name.startswith("image") else "new image", envelope(payload))
        asked["envelope"] = envelope(payload, signatures=[entry(OURS, GOOD)])
        found.append(refused("bad-signature", name, "Changed after it was signed.", asked))
    return found


def _too_few() -> list[Vector]:
    two_of_three = "two-of-three-keys"
    cases = {
        "one-of-two": ("Two keys must sign, and one has.", ("first",), two_of_three),
        "one-and-a-stranger": ("A stranger does not count.", ("second", "stranger"), two_of_three),
        "two-of-three": ("Three keys must sign.", ("first", "third"), "three-of-three-keys"),
        "one-of-three-compromised": ("One key of three was stolen.", ("third",), two_of_three),
    }
    return [
        refused("too-few-signatures", name, about, signed_document(signers=signers), device)
        for name, (about, signers, device) in cases.items()
    ]
