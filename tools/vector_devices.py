"""The devices that the vectors are played on: each is described once, and a vector names one of them."""

import hashlib

from vector_parts import FACTORY, IMAGE, ORDINARY, Fields, device, keyring


def devices() -> dict[str, tuple[str, Fields]]:
    """By name: what is special about the device in a sentence, and its fields."""
    nothing_reached = {"secver": 0, "seq": 0, "sha256": ""}
    reached_new_image = {"secver": 3, "seq": 7, "sha256": hashlib.sha256(IMAGE.encode()).hexdigest()}
    reached_other_image = {"secver": 3, "seq": 7, "sha256": hashlib.sha256(FACTORY.encode()).hexdigest()}
    return {
        ORDINARY: ("It trusts one key, and has installed releases before.", device()),
        **_with_other_keyrings(),
        "nothing-reached": ("It has confirmed no release yet.", device(floor=nothing_reached)),
        "nothing-reached-no-keyring": (
            "It has no keyring, and has confirmed no release yet.",
            device(keyring=None, floor=nothing_reached),
        ),
        "mark-is-new-image": (
            "The newest release that it confirmed is the new image, which does not run any more.",
            device(floor=reached_new_image),
        ),
        "mark-is-other-image": (
            "The newest release that it confirmed has the number of the new image, and other bytes.",
            device(floor=reached_other_image),
        ),
        "void-numbers": (
            "Both its numbers were signed by mistake, and its keyring voids them.",
            device(
                floor={"secver": 100, "seq": 2_000_000, "sha256": hashlib.sha256(FACTORY.encode()).hexdigest()},
                keyring=keyring(version=2, seq_void=1_000_000, seq_mark=5, secver_void=100, secver_floor=3),
            ),
        ),
        "new-image-known-bad": ("The new image was rolled back here before.", device(known_bad=True)),
        "no-clock": ("It does not know the time.", device(now_s=None)),
        "one-byte-slots": ("Its slots hold one byte each.", device(capacity_bytes=1)),
        "three-slots": ("It has three slots.", device(slots=3)),
    }


def _with_other_keyrings() -> dict[str, tuple[str, Fields]]:
    two, three = ("first", "second"), ("first", "second", "third")
    keyrings: dict[str, tuple[str, object]] = {
        "one-of-two-keys": ("One of two keys is enough.", keyring(*two)),
        "two-of-two-keys": ("Both of two keys must sign.", keyring(*two, threshold=2)),
        "two-of-three-keys": ("Two of three keys must sign.", keyring(*three, threshold=2)),
        "three-of-three-keys": ("All of three keys must sign.", keyring(*three, threshold=3)),
        "second-key-only": ("Its second keyring has dropped the first key.", keyring("second", version=2)),
        "fifth-keyring": ("Its keyring has version 5.", keyring(version=5)),
        "last-keyring": ("Its keyring has the highest version that exists.", keyring(version=9_007_199_254_740_991)),
        "no-keyring": ("It has no keyring.", None),
        "damaged-keyring": ("It had a keyring, and can read neither copy of it.", "damaged"),
    }
    return {name: (about, device(keyring=ring)) for name, (about, ring) in keyrings.items()}
