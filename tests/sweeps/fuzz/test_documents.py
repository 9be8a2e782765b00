"""The documents of the fuzz: the same in every run, and of every kind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from sweeps.fuzz import odd, raw, structure
from sweeps.fuzz.documents import document
from sweeps.fuzz.stage import KEYRINGS, OPEN
from sweeps.fuzz.trees import Members, Verbatim, in_order, places, tree_of, written

ROOT = Path(__file__).parents[3]
SOME = range(600)

_DIGEST = """
import hashlib
from sweeps.fuzz.documents import document
digest = hashlib.sha256()
for number in range(300):
    digest.update(document(3, number).text + b"|")
print(digest.hexdigest())
"""


def digest_in_a_process_of_its_own(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    done = subprocess.run([sys.executable, "-c", _DIGEST], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_seed_and_a_number_make_the_same_document_in_every_process() -> None:
    assert digest_in_a_process_of_its_own("1") == digest_in_a_process_of_its_own("2")


def test_another_seed_makes_other_documents() -> None:
    assert [document(1, number).text for number in SOME] != [document(2, number).text for number in SOME]


def test_half_of_the_documents_go_to_a_device_without_a_keyring() -> None:
    assert sum(KEYRINGS[document(1, number).device] is None for number in SOME) == len(SOME) / 2


@pytest.mark.parametrize("device", [device for device in KEYRINGS if device != OPEN])
def test_a_device_with_a_keyring_is_sent_releases_and_keyrings(device: str) -> None:
    texts = [document(1, number).text for number in SOME if document(1, number).device == device]
    assert sum(b"fota-keyring" in text for text in texts) > len(texts) / 10
    assert sum(b"bc_url" in text and b"envelope" in text for text in texts) > len(texts) / 3


def test_a_tree_is_written_as_the_value_it_is_of() -> None:
    value = {"a": [1, 2.5, None, True, "\u00e9\n"], "b": {"c": {}, "d": []}}
    assert json.loads(written(tree_of(value))) == value
    assert written(in_order(tree_of({"b": 1, "a": [2]}))) == '{"a":[2],"b":1}'


def test_a_tree_can_say_what_a_value_cannot() -> None:
    assert written(Members([("a", 1), ("a", Verbatim("007"))])) == '{"a":1,"a":007}'


def test_every_place_of_a_tree_can_be_changed() -> None:
    tree = tree_of({"a": [1, {"b": 2}], "c": 3})
    for place in list(places(tree)):
        if not isinstance(place.value, list):
            place.put(0)
    assert written(tree) == '{"a":[0,{"b":0}],"c":0}'


def test_a_change_of_structure_changes_little() -> None:
    """What changed everything at once would never be read to its end."""
    fields = {name: index for index, name in enumerate("abcdefghijkl")}
    kept = []
    for seed in range(500):
        changed = structure.change(Random(seed), tree_of(fields))
        members = changed if isinstance(changed, Members) else []
        kept.append(sum(member in members for member in fields.items()))
    assert sorted(kept)[len(kept) // 2] >= 10
    assert 8 <= sum(kept) / len(kept) < 12


def test_a_raw_change_changes_little() -> None:
    text = b"x" * 1000
    changed = [raw.change(Random(seed), text, b"y" * 1000) for seed in range(500)]
    assert sum(one != text for one in changed) > 450
    assert sum(one.count(b"x") > 900 for one in changed) > 250


def test_an_odd_value_can_be_of_every_type() -> None:
    found = {type(odd.value(Random(seed))) for seed in range(300)}
    assert found == {type(None), bool, int, float, str, list, Members, Verbatim}
