"""The order of the checks: of two things that are wrong with a job, the device tells the one that it looks at first.

It is the order in which bytes are trusted: nothing of a payload is read before its signatures hold, and nothing is
judged before all of it was read.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import vector_parts as parts

from tests.labs.trust_lab import of_vector


class Asked:
    """A job in the making: a device, the fields of a manifest, how it is signed, and what the document says."""

    def __init__(self) -> None:
        self.device: dict[str, Any] = parts.device(keyring=parts.keyring("first", "second"))
        self.manifest: dict[str, Any] = {}
        self.signers: tuple[str, ...] = ("first", "second")
        self.is_forged = False
        self.envelope: dict[str, Any] = {}
        self.document: dict[str, Any] = {}

    def made(self) -> dict[str, Any]:
        fields = parts.manifest(**self.manifest)
        payload = parts.encoded(fields)
        envelope = parts.envelope(payload, self.signers, **self.envelope)
        if self.is_forged:
            envelope["signatures"][0]["sig"] = parts.base64_of(parts.raw(1, 1))
        return parts.document(
            release=envelope, **{"bc_size": parts.manifest(**self.manifest)["size"], **self.document}
        )


def unknown_field(asked: Asked) -> None:
    asked.document["bc_oops"] = 1


def odd_envelope(asked: Asked) -> None:
    asked.envelope["unsigned"] = True


def stranger(asked: Asked) -> None:
    asked.signers = ("stranger",)


def forged(asked: Asked) -> None:
    asked.is_forged = True


def too_few(asked: Asked) -> None:
    asked.device["keyring"] = parts.keyring("first", "second", "third", threshold=3)


def odd_manifest(asked: Asked) -> None:
    asked.manifest["version"] = ""


def other_product(asked: Asked) -> None:
    asked.manifest["product"] = "kettle"


def other_hardware(asked: Asked) -> None:
    asked.manifest["hardware"] = ["board-b"]


def other_format(asked: Asked) -> None:
    asked.manifest["image"] = "linked"


def other_runtime(asked: Asked) -> None:
    asked.manifest["runtime"] = "cp27-any"


def older(asked: Asked) -> None:
    asked.manifest["seq"] = 4


def below_floor(asked: Asked) -> None:
    asked.manifest["secver"] = 2


def over(asked: Asked) -> None:
    asked.manifest["not_after"] = 1


def contradiction(asked: Asked) -> None:
    asked.document["bc_crc"] = "0" * 32


def no_such_slot(asked: Asked) -> None:
    asked.manifest["slot"] = 7


def running_slot(asked: Asked) -> None:
    asked.manifest["slot"] = 0


def too_large(asked: Asked) -> None:
    asked.manifest["size"] = 20_000


def known_bad(asked: Asked) -> None:
    asked.device["known_bad"] = True


#  what is wrong, and the reason that is told; in the order of the checks
ORDER: tuple[tuple[Callable[[Asked], None], str], ...] = (
    (unknown_field, "bad-document"),
    (odd_envelope, "bad-envelope"),
    (stranger, "unknown-key"),
    (forged, "bad-signature"),
    (too_few, "too-few-signatures"),
    (odd_manifest, "bad-manifest"),
    (other_product, "wrong-product"),
    (other_hardware, "wrong-hardware"),
    (other_format, "wrong-format"),
    (other_runtime, "wrong-runtime"),
    (older, "older-release"),
    (below_floor, "below-floor"),
    (over, "not-valid-now"),
    (contradiction, "contradiction"),
    (no_such_slot, "no-such-slot"),
    (running_slot, "slot-is-running"),
    (too_large, "image-too-large"),
    (known_bad, "known-bad"),
)

# One field cannot be wrong in two ways.
EXCLUSIVE = {(no_such_slot, running_slot), (stranger, forged), (too_large, known_bad)}
PAIRS = [
    (first, second, reason)
    for (first, reason), (second, _) in itertools.combinations(ORDER, 2)
    if (first, second) not in EXCLUSIVE
]


def told(*wrongs: Callable[[Asked], None]) -> str:
    """What the device says of a job that is wrong in these ways."""
    asked = Asked()
    for wrong in wrongs:
        wrong(asked)
    bench = of_vector(asked.device)
    bench.publish_vector(asked.made())
    bench.wake()
    assert bench.done() == [0, 0, 0] or bench.status() != "REJECTED"
    return bench.reason() or bench.status()


@pytest.mark.parametrize(("wrong", "reason"), ORDER, ids=lambda value: getattr(value, "__name__", ""))
def test_each_wrong_alone_is_told(wrong: Callable[[Asked], None], reason: str) -> None:
    assert told(wrong) == reason


@pytest.mark.parametrize(("first", "second", "reason"), PAIRS, ids=lambda value: getattr(value, "__name__", ""))
def test_of_two_wrongs_the_one_that_is_checked_first_is_told(
    first: Callable[[Asked], None], second: Callable[[Asked], None], reason: str
) -> None:
    assert told(first, second) == reason


def test_what_is_not_signed_is_refused_before_its_slot_is_looked_at() -> None:
    bench = of_vector(parts.device())
    bench.publish_vector(parts.document(release=None, bc_idx=9))
    bench.wake()
    assert bench.reason() == "unsigned"


def test_a_document_is_read_before_its_envelope_is_missed() -> None:
    bench = of_vector(parts.device())
    bench.publish_vector(parts.document(release=None, bc_oops=9))
    bench.wake()
    assert bench.reason() == "bad-document"


def test_a_lost_keyring_is_told_before_a_missing_envelope() -> None:
    bench = of_vector(parts.device(keyring="damaged"))
    bench.publish_vector(parts.document(release=None))
    bench.wake()
    assert bench.reason() == "bad-keyring"
