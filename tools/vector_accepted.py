"""What a device must accept: the plain release, and everything at the edge of what is allowed."""

import hashlib

from vector_parts import (
    ABSENT,
    IMAGE,
    KEYRING,
    NOW_S,
    ORDER,
    Fields,
    Vector,
    accepted,
    document,
    encoded,
    entry,
    envelope,
    key_id,
    manifest,
    numbers,
    raw,
    signed_bytes,
    signed_document,
)

MAX_PAYLOAD_BYTES = 2048
FULL = "x" * 10_000


def vectors() -> list[Vector]:
    """Every release that is accepted; keyrings are in `vector_keyrings`."""
    return [*_manifests(), *_devices(), *_signatures(), *_documents(), *_largest(), *_without_keyring()]


def _manifests() -> list[Vector]:
    plain: dict[str, tuple[str, Fields]] = {
        "slot-1": ("The manifest names the spare slot.", {"slot": 1}),
        "several-hardware": ("One image for several boards.", {"hardware": ["board-b", "board-a"]}),
        "sixteen-hardware": (
            "As many boards as there may be.",
            {"hardware": [f"b{n}" for n in range(15)] + ["board-a"]},
        ),
        "valid-now": (
            "The time is within what the manifest names.",
            {"not_before": NOW_S - 500, "not_after": NOW_S + 500},
        ),
        "valid-from-1970": ("The earliest time there is.", {"not_before": 0}),
        "unknown-field": ("A field of a later format, which nobody called critical.", {"delta": {"from": [1, True]}}),
        "tree": ("The room that an unpacked image takes, where nothing is unpacked.", {"tree": 2**53 - 1}),
        "urgent": ("No device may put it off.", {"urgency": "now"}),
        "put-off-for-a-second": ("A device may put it off, and not for long.", {"within": 1}),
        "put-off-for-a-year": (
            "A device may put it off for as long as can be said.",
            {"urgency": "when-convenient", "within": 366 * 86_400},
        ),
        "critical-urgency": (
            "A device that does not know how urgent it is refuses it.",
            {"critical": ["urgency", "within"], "urgency": "when-convenient", "within": 86_400},
        ),
        "critical-known": ("Critical fields, all of them known.", {"critical": ["secver", "seq"]}),
        "highest-seq": ("The last manifest number.", {"seq": 9_007_199_254_740_991}),
        "highest-secver": ("The last security version.", {"secver": 2_147_483_647}),
        "secver-at-floor": ("The security version of the floor itself.", {"secver": 3}),
        "seq-just-above-mark": ("The next manifest number.", {"seq": 6}),
        "longest-names": ("Names of 64 characters.", {"release": "r" * 64, "version": "v" * 64}),
        "version-with-spaces": ("What people call it may be any printable text.", {"version": " 1.7 (beta) ~/'"}),
        "release-named-like-a-folder": ("A name is never a path: two dots mean nothing.", {"release": ".."}),
    }
    found = [accepted(name, about, signed_document(**changes)) for name, (about, changes) in plain.items()]
    return [
        accepted("plain", "A release with nothing special.", signed_document()),
        accepted(
            "numbers-instead-of-void-ones",
            "Above the mark and the floor that the keyring names instead of void ones.",
            signed_document(seq=6, secver=3),
            device="void-numbers",
        ),
        *found,
    ]


def _devices() -> list[Vector]:
    return [
        accepted(
            "same-seq-same-image",
            "The release whose number is the mark, and whose image runs no more: nothing newer was ever confirmed.",
            signed_document(),
            device="mark-is-new-image",
        ),
        accepted(
            "nothing-reached", "A device that has reached nothing yet.", signed_document(), device="nothing-reached"
        ),
        accepted(
            "first-of-all",
            "The lowest numbers that there are.",
            signed_document(seq=1, secver=0, not_after=NOW_S + 500),
            device="nothing-reached",
        ),
        accepted(
            "expired-without-a-clock",
            "The time is over, but this device cannot tell: advisory where no clock can be trusted.",
            signed_document(not_after=1),
            device="no-clock",
        ),
        accepted(
            "insisted",
            "The image was rolled back here; the job insists.",
            document(bc_insist=True),
            device="new-image-known-bad",
        ),
        accepted(
            "third-slot", "The manifest names the last of three slots.", signed_document(slot=2), device="three-slots"
        ),
    ]


def _signatures() -> list[Vector]:
    payload = encoded(manifest())
    r, s = numbers("first", signed_bytes(payload))
    other_half = [entry(key_id("first"), raw(r, ORDER - s))]
    return [
        accepted(
            "other-half",
            "From (r, s) anybody makes (r, n - s), which is as valid.",
            document(release=envelope(payload, signatures=other_half)),
        ),
        accepted(
            "stranger-beside",
            "Signed by our key, and by one that is not ours.",
            document(release=envelope(payload, ("stranger", "first"))),
        ),
        accepted(
            "more-than-needed",
            "Two have signed where one is enough.",
            signed_document(signers=("first", "second")),
            device="one-of-two-keys",
        ),
        accepted(
            "two-of-three",
            "Two of three keys.",
            signed_document(signers=("third", "first")),
            device="two-of-three-keys",
        ),
        accepted(
            "all-of-three",
            "All of three keys.",
            signed_document(signers=("second", "third", "first")),
            device="three-of-three-keys",
        ),
    ]


def _documents() -> list[Vector]:
    plain: dict[str, tuple[str, Fields]] = {
        "names-the-slot": ("The document names the spare slot, the manifest any.", {"bc_idx": 1}),
        "no-sha256-outside": ("The document has no SHA-256: the manifest has.", {"bc_sha256": ABSENT}),
        "upper-case-outside": (
            "Digests of the document in upper case, as the ancestor took them; they must be the manifest's.",
            {
                "bc_crc": hashlib.md5(IMAGE.encode()).hexdigest().upper(),  # noqa: S324 - the protocol's own
                "bc_sha256": hashlib.sha256(IMAGE.encode()).hexdigest().upper(),
            },
        ),
        "a-note": ("A note of the operator's.", {"x-ticket": ["any", {"thing": None}]}),
        "insists-for-nothing": ("It insists, though nothing was rolled back.", {"bc_insist": True}),
    }
    found = [accepted(name, about, document(**changes)) for name, (about, changes) in plain.items()]
    both = document(release=envelope(encoded(manifest(slot=1))), bc_idx=1)
    return [*found, accepted("both-name-the-slot", "Document and manifest name the same slot.", both)]


def _largest() -> list[Vector]:
    room = MAX_PAYLOAD_BYTES - len(encoded(manifest(note="")))
    return [
        accepted("full-slot", "An image that fills its slot to the last byte.", signed_document(FULL), FULL),
        accepted("one-byte", "The smallest image.", signed_document("!"), "!"),
        accepted("full-payload", "A manifest of 2,048 bytes.", signed_document(note="n" * room)),
    ]


def _without_keyring() -> list[Vector]:
    without = "nothing-reached-no-keyring"
    return [
        accepted("unsigned-without-keyring", "No keyring, no envelope.", document(release=None), device=without),
        accepted(
            "signed-without-keyring", "A signed release for a device that cannot tell.", document(), device=without
        ),
        accepted(
            "forged-without-keyring",
            "A device without a keyring looks at no envelope, and says so loudly: it trusts everybody.",
            document(release=envelope(b"{}", ("stranger",), KEYRING)),
            device=without,
        ),
    ]
