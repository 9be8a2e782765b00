"""What a device must refuse although its signature is valid; and what is not signed at all.

Odd envelopes, manifests and documents have modules of their own.
"""

import hashlib

import vector_documents
import vector_envelopes
import vector_manifests
from vector_parts import (
    CAPACITY_BYTES,
    FACTORY,
    NOW_S,
    Fields,
    Vector,
    document,
    encoded,
    envelope,
    manifest,
    refused,
    signed_document,
)

PAYLOAD = encoded(manifest())


def vectors() -> list[Vector]:
    """Every release that is refused; keyrings are in `vector_keyrings`."""
    groups = (_unsigned, _contradictions, _not_for_it, _too_old, _not_now, _slots)
    found = [vector for group in groups for vector in group()]
    return [*found, *vector_envelopes.vectors(), *vector_manifests.vectors(), *vector_documents.vectors()]


def _unsigned() -> list[Vector]:
    bare = document(release=None)
    ancestor = {name: value for name, value in bare.items() if name != "bc_sha256"}
    return [
        refused("unsigned", "no-envelope", "A document without an envelope.", bare),
        refused("unsigned", "as-the-ancestor", "The five fields of the ancestor.", ancestor),
        refused("unsigned", "null", "The envelope is null.", {**bare, "envelope": None}),
        refused("unsigned", "insists", "Unsigned, and it insists.", {**bare, "bc_insist": True}),
    ]


def _contradictions() -> list[Vector]:
    other = hashlib.sha256(b"other").hexdigest()
    document_says: dict[str, tuple[str, Fields]] = {
        "size": ("The document says one byte more.", {"bc_size": 10}),
        "md5": ("The document says another MD5.", {"bc_crc": "0" * 32}),
        "sha256": ("The MD5 is right, the SHA-256 is not: an MD5 is soon found twice.", {"bc_sha256": other}),
        "sha256-empty": ("The SHA-256 of no bytes.", {"bc_sha256": hashlib.sha256(b"").hexdigest()}),
    }
    found = [
        refused("contradiction", name, about, document(**changes)) for name, (about, changes) in document_says.items()
    ]
    release_of_other = document("evil image", envelope(PAYLOAD))
    slots = document(release=envelope(encoded(manifest(slot=1))), bc_idx=0)
    others = document(release=envelope(encoded(manifest(slot=0))), bc_idx=1)
    return [
        *found,
        refused("contradiction", "image-of-another-release", "A good manifest, and another image.", release_of_other),
        refused("contradiction", "slot", "The manifest says slot 1, the document slot 0.", slots),
        refused("contradiction", "slot-that-runs", "The manifest says slot 0, the document slot 1.", others),
    ]


def _not_for_it() -> list[Vector]:
    cases: dict[str, dict[str, Fields]] = {
        "wrong-product": {
            "other": {"product": "kettle"},
            "other-case": {"product": "Lamp"},
            "longer": {"product": "lamp2"},
            "shorter": {"product": "lam"},
            "two-dots": {"product": ".."},
        },
        "wrong-hardware": {
            "other": {"hardware": ["board-b"]},
            "several-others": {"hardware": ["board-b", "board-c"]},
            "other-case": {"hardware": ["Board-a"]},
            "longer": {"hardware": ["board-a2"]},
            "shorter": {"hardware": ["board-"]},
        },
        "wrong-runtime": {
            "other-python": {"runtime": "cp27-any"},
            "other-platform": {"runtime": "cp311-manylinux_2_999_s390x"},
            "no-runtime-at-all": {"runtime": "-"},
            "newer-boot": {"boot": 255},
        },
        "wrong-format": {
            "linked": {"image": "linked"},
            "other-case": {"image": "Zipapp"},
            "longer": {"image": "zipapp2"},
        },
    }
    return [
        refused(
            reason,
            name,
            f"Well signed, and for another device: {name.replace('-', ' ')}.",
            signed_document(**changes),
        )
        for reason, those in cases.items()
        for name, changes in those.items()
    ]


def _too_old() -> list[Vector]:
    both = signed_document(seq=4, signers=("first", "second"))
    return [
        refused("older-release", "seq-just-below", "The manifest before that of the mark.", signed_document(seq=4)),
        refused("older-release", "seq-void", "A void number.", signed_document(seq=1_000_000), "void-numbers"),
        refused(
            "older-release",
            "seq-void-again",
            "The void number that the device confirmed.",
            signed_document(FACTORY, seq=2_000_000),
            "void-numbers",
        ),
        refused(
            "older-release",
            "seq-mark-in-the-place",
            "The mark that the keyring names.",
            signed_document(seq=5),
            "void-numbers",
        ),
        refused(
            "below-floor", "secver-void", "A void security version.", signed_document(secver=100), "void-numbers"
        ),
        refused(
            "below-floor",
            "secver-below-the-one-instead",
            "Below the one that the keyring names instead.",
            signed_document(secver=2),
            "void-numbers",
        ),
        refused("older-release", "seq-lowest", "The very first manifest.", signed_document(seq=1)),
        refused(
            "older-release",
            "same-seq-other-image",
            "The number of the mark, on another image.",
            document(),
            device="mark-is-other-image",
        ),
        refused(
            "older-release",
            "running-image-older-manifest",
            "The image that runs, with a manifest from before.",
            signed_document(FACTORY, seq=4),
        ),
        refused(
            "older-release",
            "higher-secver",
            "An older manifest, though of a higher security version.",
            signed_document(seq=4, secver=9),
        ),
        refused(
            "older-release",
            "signed-by-all",
            "Older, and signed by everybody.",
            both,
            device="one-of-two-keys",
        ),
        refused(
            "older-release", "insists", "Older, and the job insists.", {**signed_document(seq=4), "bc_insist": True}
        ),
        refused("below-floor", "just-below", "One security version below the floor.", signed_document(secver=2)),
        refused("below-floor", "lowest", "The lowest security version.", signed_document(secver=0)),
        refused(
            "below-floor",
            "newest-manifest",
            "The newest manifest there can be, and an image below the floor.",
            signed_document(secver=2, seq=9_007_199_254_740_991),
        ),
        refused(
            "below-floor",
            "insists",
            "Below the floor, and the job insists.",
            {**signed_document(secver=2), "bc_insist": True},
        ),
    ]


def _not_now() -> list[Vector]:
    cases: dict[str, tuple[str, Fields]] = {
        "not-yet": ("Valid from later on.", {"not_before": NOW_S + 500}),
        "not-any-more": ("It was valid until a while ago.", {"not_after": NOW_S - 500}),
        "never": ("Valid from later on, until a while ago.", {"not_before": NOW_S + 500, "not_after": NOW_S - 500}),
        "since-1970": ("It was valid in the very first second.", {"not_after": 0}),
        "in-the-far-future": ("Valid in some hundred million years.", {"not_before": 9_007_199_254_740_991}),
    }
    return [
        refused("not-valid-now", name, about, signed_document(**changes)) for name, (about, changes) in cases.items()
    ]


def _slots() -> list[Vector]:
    big = "x" * (CAPACITY_BYTES + 1)
    return [
        refused("no-such-slot", "document", "The document names a slot that is not there.", document(bc_idx=2)),
        refused("no-such-slot", "document-huge", "A slot of a number beyond all.", document(bc_idx=2**63)),
        refused("no-such-slot", "manifest", "The manifest names a slot that is not there.", signed_document(slot=2)),
        refused(
            "no-such-slot",
            "manifest-last",
            "The manifest names the last slot there can be.",
            signed_document(slot=254),
        ),
        refused("slot-is-running", "document", "The document names the slot that runs.", document(bc_idx=0)),
        refused("slot-is-running", "manifest", "The manifest names the slot that runs.", signed_document(slot=0)),
        refused("image-too-large", "one-byte", "One byte more than the slot holds.", signed_document(big)),
        refused("image-too-large", "half-a-slot", "A slot of one byte.", document(), device="one-byte-slots"),
        refused(
            "image-too-large",
            "most",
            "As large as a manifest can say.",
            document(release=envelope(encoded(manifest(size=2**31 - 1))), bc_size=2**31 - 1),
        ),
        refused(
            "known-bad",
            "rolled-back",
            "Well signed, and rolled back here before.",
            document(),
            device="new-image-known-bad",
        ),
        refused(
            "known-bad",
            "not-insisting",
            "The job says that it does not insist.",
            document(bc_insist=False),
            device="new-image-known-bad",
        ),
    ]
