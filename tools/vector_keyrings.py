"""Jobs that bring a keyring: those that a device must take, and all the others."""

import hashlib
from collections.abc import Iterable

from vector_parts import (
    ABSENT,
    KEYRING,
    MANIFEST,
    ORDINARY,
    Fields,
    Vector,
    accepted,
    document,
    encoded,
    entry,
    envelope,
    key_id,
    keyring,
    keyring_document,
    manifest,
    public_key,
    refused,
    signature,
)

NEXT = keyring("second", version=2)
BOTH = ("first", "second")


def vectors() -> list[Vector]:
    """Every job that brings a keyring, and jobs for devices whose own keyring is lost."""
    return [*_accepted(), *_who_signed(), *_wrong_device(), *_not_the_next(), *_odd(), *_lost(), *_documents()]


def _accepted() -> list[Vector]:
    every_kind = keyring("second", version=2, hardware=ABSENT)
    stricter = keyring(*BOTH, version=2, threshold=2)
    voiding = keyring("second", version=2, seq_void=1_000_000, seq_mark=7, secver_void=9, secver_floor=3)
    found = {
        "keyring-next": ("The next version, with another key, signed by both.", NEXT, ORDINARY),
        "keyring-for-all-hardware": ("It names no hardware: the device keeps its own.", every_kind, ORDINARY),
        "keyring-stricter": ("From one of one to two of two.", stricter, ORDINARY),
        "keyring-looser": ("From two of two to one of one.", NEXT, "two-of-two-keys"),
        "keyring-voids-a-number": ("A number was signed by mistake: it is void.", voiding, ORDINARY),
        "keyring-same-again": ("The one that is there already.", keyring(), ORDINARY),
    }
    return [
        accepted(name, about, keyring_document(new, BOTH), "", device) for name, (about, new, device) in found.items()
    ]


def _who_signed() -> list[Vector]:
    cases: list[tuple[str, str, str, Iterable[str], str]] = [
        ("bad-keyring", "only-by-the-old", "Its own key has not signed: nobody could use it.", ("first",), ORDINARY),
        ("unknown-key", "keyring-only-by-the-new", "The old key has not signed.", ("second",), ORDINARY),
        ("unknown-key", "keyring-by-a-stranger", "Signed by neither.", ("stranger",), ORDINARY),
        ("too-few-signatures", "keyring-one-of-two", "One old key of two.", ("second",), "two-of-two-keys"),
        ("bad-keyring", "own-threshold", "One of its own two keys has signed.", ("first", "second"), ORDINARY),
    ]
    stricter = keyring("second", "third", version=2, threshold=2)
    found = []
    for reason, name, about, signers, device in cases:
        new = stricter if name == "own-threshold" else NEXT
        found.append(refused(reason, name, about, keyring_document(new, signers), device))
    payload = encoded(NEXT)
    forged = [
        entry(key_id("first"), signature("stranger", payload, KEYRING)),
        entry(key_id("second"), signature("second", payload, KEYRING)),
    ]
    bad: Fields = {"envelope": envelope(payload, kind=KEYRING, signatures=forged), "operation": "fota-keyring"}
    unsigned: Fields = {"envelope": envelope(payload, kind=KEYRING, signatures=[]), "operation": "fota-keyring"}
    return [
        *found,
        refused("bad-signature", "keyring-forged", "A stranger signed under the old key's id.", bad),
        refused("bad-envelope", "keyring-without-signatures", "Nobody has signed.", unsigned),
        refused(
            "bad-envelope",
            "keyring-as-manifest",
            "The next keyring, well signed, with the type of a manifest.",
            keyring_document(NEXT, BOTH, MANIFEST),
        ),
        refused(
            "bad-envelope",
            "release-as-keyring-job",
            "A good release in a job that should bring a keyring.",
            {"envelope": envelope(encoded(manifest())), "operation": "fota-keyring"},
        ),
        *(
            refused("bad-keyring", name, about, keyring_document(keyring("second", version=2, **fields), BOTH))
            for name, about, fields in (
                ("void-without-mark", "A number to void, and none in its place.", {"seq_void": 9}),
                ("mark-without-void", "A mark, and no number to void.", {"seq_mark": 9}),
                ("mark-is-void", "The mark is void itself.", {"seq_void": 9, "seq_mark": 9}),
                ("floor-is-void", "The floor is void itself.", {"secver_void": 9, "secver_floor": 9}),
            )
        ),
        refused(
            "bad-keyring",
            "manifest-as-keyring",
            "A manifest, well signed, with the type of a keyring.",
            keyring_document(manifest()),
        ),
    ]


def _wrong_device() -> list[Vector]:
    other = keyring_document(keyring("second", version=2, product="kettle"), BOTH)
    board = keyring_document(keyring("second", version=2, hardware="board-b"), BOTH)
    return [
        refused("wrong-product", "keyring", "A keyring for another product.", other),
        refused("wrong-hardware", "keyring", "A keyring for other hardware.", board),
        refused(
            "no-keyring",
            "first-by-job",
            "A first keyring cannot come by a job: nothing shows who sent it.",
            keyring_document(keyring()),
            "no-keyring",
        ),
        refused(
            "no-keyring",
            "forged",
            "A keyring of a stranger's for a device that trusts nobody in particular.",
            keyring_document(keyring("stranger"), ("stranger",)),
            "no-keyring",
        ),
        refused(
            "no-keyring",
            "no-envelope-at-all",
            "Something that is no envelope.",
            {"envelope": None, "operation": "fota-keyring"},
            "no-keyring",
        ),
    ]


def _not_the_next() -> list[Vector]:
    at_five = "fifth-keyring"
    cases = {
        "version-skipped": ("Two versions on: the one between may have dropped a key.", keyring("second", version=7)),
        "version-same-other-keys": ("The same version with other keys.", keyring("second", version=5)),
        "version-before": ("The version before: a replay.", keyring(version=4)),
        "version-first": ("The first version: a replay.", keyring("first", "second", version=1)),
        "version-last": ("The last version that there is.", keyring("second", version=9_007_199_254_740_991)),
        "version-same-other-threshold": (
            "The same version, another threshold.",
            keyring(*BOTH, version=5, threshold=2),
        ),
    }
    return [
        refused("bad-keyring", name, about, keyring_document(new, BOTH), at_five)
        for name, (about, new) in cases.items()
    ]


def _odd() -> list[Vector]:
    point = public_key("second")
    own = key_id("second")
    fields: dict[str, Fields] = {
        "format-2": {"format": 2},
        "format-true": {"format": True},
        "format-float": {"format": 1.0},
        "format-missing": {"format": ABSENT},
        "keys-missing": {"keys": ABSENT},
        "keys-none": {"keys": {}},
        "keys-list": {"keys": [point.hex()]},
        "keys-null": {"keys": None},
        "keys-nine": {"keys": {f"{n:016x}": point.hex() for n in range(9)}},
        "key-id-of-another": {"keys": {key_id("third"): point.hex()}},
        "key-under-two-ids": {"keys": {own: point.hex(), "0" * 16: point.hex()}, "threshold": 2},
        "key-id-upper-case": {"keys": {own.upper(): point.hex()}},
        "key-upper-case": {"keys": {own: point.hex().upper()}},
        "key-compressed": {"keys": {own: f"{2 + point[64] % 2:02x}{point[1:33].hex()}"}},
        "key-hybrid": {"keys": {own: f"{6 + point[64] % 2:02x}{point[1:].hex()}"}},
        "key-short": {"keys": {own: point.hex()[:-2]}},
        "key-empty": {"keys": {own: ""}},
        "key-number": {"keys": {own: 4}},
        "key-with-spaces": {"keys": {own: "04 " + point.hex()[3:]}},
        "product-missing": {"product": ABSENT},
        "product-path": {"product": "../lamp"},
        "product-number": {"product": 1},
        "hardware-list": {"hardware": ["board-a"]},
        "hardware-null": {"hardware": None},
        "hardware-empty": {"hardware": ""},
        "threshold-zero": {"threshold": 0},
        "threshold-negative": {"threshold": -1},
        "threshold-above-keys": {"threshold": 2},
        "threshold-true": {"threshold": True},
        "threshold-text": {"threshold": "1"},
        "threshold-missing": {"threshold": ABSENT},
        "version-zero": {"version": 0},
        "version-true": {"version": True},
        "version-text": {"version": "2"},
        "version-float": {"version": 2.0},
        "version-missing": {"version": ABSENT},
        "version-too-high": {"version": 9_007_199_254_740_992},
        "unknown-field": {"expires": 0},
    }
    found = _beside_a_good_key()
    for name, changes in fields.items():
        new = keyring("second", **{"version": 2, **changes})
        found.append(refused("bad-keyring", f"odd-{name}", f"{name}: not a keyring.", keyring_document(new, BOTH)))
    good = encoded(NEXT)
    texts = {
        "space": good.replace(b":", b": ", 1),
        "newline-behind": good + b"\n",
        "twice": good.replace(b'"format":1', b'"format":1,"format":1'),
        "unsorted": b'{"version":2,' + good[1:].replace(b',"version":2', b""),
        "trailing": good + b"x",
        "list": b"[" + good + b"]",
        "empty-object": b"{}",
        "no-json": b"keyring",
        "leading-zero": good.replace(b'"version":2', b'"version":02'),
    }
    for name, content in texts.items():
        found.append(
            refused("bad-keyring", f"text-{name}", f"{name}: not canonical JSON.", keyring_document(content, BOTH))
        )
    return found


def _beside_a_good_key() -> list[Vector]:
    """Keyrings in which only one key is as it should be, and has signed."""
    point = public_key("third")
    strange = {
        "hybrid": bytes([6 + point[64] % 2]) + point[1:],
        "compressed": bytes([2 + point[64] % 2]) + point[1:33],
        "shortened": point[:-1],
        "lengthened": point + b"\0",
        "prefix-zero": b"\0" + point[1:],
        "at-infinity": b"\0",
    }
    odd = {name: {hashlib.sha256(key).hexdigest()[:16]: key.hex()} for name, key in strange.items()}
    odd["same-key-under-another-id"] = {"0" * 16: public_key("second").hex()}
    odd["upper-case"] = {key_id("third"): point.hex().upper()}
    made_up = [b"\x04" + hashlib.sha512(bytes([number])).digest() for number in range(8)]
    odd["eight-more"] = {hashlib.sha256(key).hexdigest()[:16]: key.hex() for key in made_up}
    good = NEXT["keys"]
    found = []
    for name, more in odd.items():
        asked = keyring_document({**NEXT, "keys": {**good, **more}}, BOTH)
        found.append(refused("bad-keyring", f"beside-{name}", f"One key is good; beside it, {name}.", asked))
    last = 9_007_199_254_740_991
    after = keyring_document(keyring("second", version=last + 1), BOTH)
    return [*found, refused("bad-keyring", "version-after-the-last", "No version is left.", after, "last-keyring")]


def _lost() -> list[Vector]:
    damaged = "damaged-keyring"
    return [
        refused(
            "bad-keyring",
            "lost-unsigned",
            "Its keyring is lost: what is unsigned is not taken.",
            document(release=None),
            damaged,
        ),
        refused("bad-keyring", "lost-signed", "Its keyring is lost: nothing shows who signed.", document(), damaged),
        refused(
            "bad-keyring",
            "lost-next",
            "Its keyring is lost: no job brings another one.",
            keyring_document(NEXT, BOTH),
            damaged,
        ),
    ]


def _documents() -> list[Vector]:
    good = keyring_document(NEXT, BOTH)
    return [
        refused("bad-document", "keyring-without-envelope", "No envelope.", {"operation": "fota-keyring"}),
        refused("bad-document", "keyring-unknown-field", "A field that nobody knows.", {**good, "version": 2}),
        refused("bad-document", "keyring-with-image", "A keyring and an image in one.", {**document(), **good}),
        refused("bad-envelope", "keyring-envelope-null", "Null.", {"envelope": None, "operation": "fota-keyring"}),
        refused("bad-envelope", "keyring-envelope-text", "Text.", {"envelope": "x", "operation": "fota-keyring"}),
    ]
