"""Thousands of damaged patches: both interpreters make the same image of each, or none."""

import binascii
import json
import random

from fota.errors import PatchFailed
from fota_operator.patches.make import apply_patch, make_patch
from tests.labs.interpreter import installed, only_where_it_runs, told  # noqa: F401 - a fixture
from tests.labs.patch_lab import ON_MICROPYTHON

COUNT = 1000


def damaged(seed):
    """An old image, and a patch for it with some bytes changed, left out or moved."""
    chance = random.Random(seed)
    old = chance.randbytes(600) + b"some text, and some more of it. " * 20
    new = old[100:500] + chance.randbytes(chance.randrange(60)) + old[300:] + b"some more of it"
    patch = bytearray(make_patch(old, new, window_bits=chance.choice([9, 12, 15])).content)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        place = chance.randrange(len(patch))
        kind = chance.randrange(4)
        if kind == 0:
            patch[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            patch[place] = chance.choice([0, 1, 127, 128, 255])
        elif kind == 2:
            del patch[place : place + chance.randrange(1, 5)]
        else:
            patch[place:place] = patch[place : place + chance.randrange(1, 9)]
    return bytes(patch), old


def verdict(patch, old):
    """What CPython makes of it."""
    try:
        return binascii.crc32(apply_patch(patch, old))
    except PatchFailed:
        return None


@only_where_it_runs
def test_both_interpreters_make_the_same_of_a_damaged_patch(installed):  # noqa: F811 - the fixture
    cases = [damaged(seed) for seed in range(COUNT)]
    (installed / "vectors.jsonl").write_text(
        "".join(json.dumps({"patch": patch.hex(), "old": old.hex()}) + "\n" for patch, old in cases)
    )
    script = ON_MICROPYTHON.replace("binascii.hexlify(out).decode()", "binascii.crc32(out)")
    theirs = [one[0] for one in told(script, folder=installed)]
    ours = [verdict(patch, old) for patch, old in cases]
    assert len(ours) == len(theirs) == COUNT
    differing = [seed for seed in range(COUNT) if ours[seed] != theirs[seed]]
    assert not differing
    # The damage is neither always found by the format nor never.
    assert 50 < sum(one is None for one in ours) < COUNT
