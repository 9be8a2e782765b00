"""Makes documents, manifests and keyrings that are right, or ask for something wrong, before they are changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sweeps.fuzz import stage
from sweeps.fuzz.signing import IDS, KEYS, PUBLIC
from sweeps.fuzz.trees import Members

T = TypeVar("T")

if TYPE_CHECKING:
    from random import Random

    from fota.trust.keyring import Keyring
    from sweeps.fuzz.stage import Image

FOREIGN: tuple[object, ...] = (
    {"operation": "reboot", "delay": 5},
    {"operation": "fota-keyring"},
    {"steps": [{"action": {"name": "x", "input": {"handler": "x.sh", "args": ["1"]}}}]},
    {"bc_idx": 1, "bc_crc": "0" * 32, "bc_size": 1, "bc_url": "https://h/"},
    {},
    [],
    "text",
    '{"operation":"fota","bc_idx":"any"}',
    7,
    None,
)
"""Of somebody else, or of nobody."""


def document_members(dice: Random, image: Image) -> list[tuple[str, object]]:
    """The members of a job document for an image, without an envelope."""
    members: list[tuple[str, object]] = [
        ("operation", "fota"),
        ("bc_idx", dice.choice(("any", "any", 1, 0, 2))),
        ("bc_crc", image.md5),
        ("bc_size", _mostly(dice, image.size_bytes, stage.CAPACITY_BYTES, stage.CAPACITY_BYTES + 1)),
        ("bc_url", f"https://images.example/{image.sha256}?X-Amz-Signature=5ec7e7"),
    ]
    if dice.random() < 0.7:
        members.append(("bc_sha256", image.sha256))
    if dice.random() < 0.2:
        members.append(("bc_insist", dice.random() < 0.8))
    if dice.random() < 0.1:
        members.append(("x-note", "by hand"))
    if dice.random() < 0.3:
        dice.shuffle(members)
    return members


def manifest_fields(dice: Random, image: Image) -> Members:
    """The fields of a manifest for an image; each is right mostly, and understood always."""
    fields = Members(
        [
            ("format", 1),
            ("hardware", _mostly(dice, ["rev-a", stage.HARDWARE], ["rev-a"], [stage.HARDWARE] * 16)),
            ("image", _mostly(dice, stage.IMAGE_KINDS[0], "linked")),
            ("md5", image.md5),
            ("product", _mostly(dice, stage.PRODUCT, "kettle")),
            ("release", _mostly(dice, "r-17", "r." * 32)),
            ("secver", _mostly(dice, stage.FLOOR, stage.FLOOR - 1, stage.FLOOR + 1, 0, 2**31 - 1)),
            ("seq", _mostly(dice, stage.MARK + 1, stage.MARK, stage.MARK - 1, 1, 2**53 - 1)),
            ("sha256", image.sha256),
            ("size", _mostly(dice, image.size_bytes, stage.CAPACITY_BYTES, stage.CAPACITY_BYTES + 1)),
            ("slot", _mostly(dice, "any", 0, 1, 2, 254)),
            ("version", _mostly(dice, "2.0.1", "2 " * 32)),
        ]
    )
    if dice.random() < 0.1:
        fields.append(dice.choice((("boot", 255), ("tree", 2**53 - 1))))
    for name in ("not_before", "not_after"):
        if dice.random() < 0.15:
            fields.append((name, stage.NOW_S + dice.choice((-1000, 0, 1000))))
    if dice.random() < 0.15:
        fields.append(("critical", dice.choice((["seq"], ["slot", "not_after"], ["cave"]))))
    if dice.random() < 0.1:
        fields.append(("cave", dice.choice((1, "canem", True, [], ["a"]))))
    return fields


def keyring_fields(dice: Random, current: Keyring | None) -> tuple[list[int], Members]:
    """Keys that must sign, and the fields of a keyring with them that is mostly the next one."""
    if current is not None and dice.random() < 0.1:
        keys, threshold, version = [IDS.index(name) for name in current.keys], current.threshold, current.version
    else:
        keys = dice.sample(range(KEYS), dice.choice((1, 1, 2, 3, 8, 9)))
        threshold = dice.randrange(1, len(keys) + 1)
        version = _mostly(dice, stage.KEYRING_VERSION + 1, stage.KEYRING_VERSION, stage.KEYRING_VERSION + 2, 1)
    fields = Members(
        [
            ("format", 1),
            ("keys", Members((IDS[key], PUBLIC[key].hex()) for key in sorted(keys, key=IDS.__getitem__))),
            ("product", _mostly(dice, stage.PRODUCT, "kettle")),
            ("threshold", threshold),
            ("version", version),
        ]
    )
    if dice.random() < 0.3:
        fields.append(("hardware", _mostly(dice, stage.HARDWARE, "rev-a")))
    return keys[: threshold if dice.random() < 0.8 else None], fields


def _mostly(dice: Random, usual: T, *others: T) -> T:
    return usual if dice.random() < 0.9 else dice.choice(others)
