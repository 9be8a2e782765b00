"""The interpreter of the microcontrollers reads every text as CPython does: same value, or same message."""

import inspect
import shutil
from pathlib import Path

import fota.strict_json
from fota import strict_json
from tests.labs.interpreter import micropython
from tests.labs.interpreter import only_where_it_runs as pytestmark
from tests.labs.json_texts import ACCEPTED, REFUSED, mutated_texts, told, valid_texts

__all__ = ["pytestmark"]

SEED = 77

_SCRIPT = """
import struct
import strict_json

{told}

def said(text):
    try:
        value = strict_json.parse(text)
    except ValueError as error:
        return str(error)
    try:
        return told(value) + " " + str(strict_json.canonical(value), "utf-8")
    except ValueError as error:
        return told(value) + " " + str(error)

with open("texts") as file:
    for line in file:
        print(said(bytes.fromhex(line.strip())))
"""


def said(text):
    """What the script says of a text, said here."""
    try:
        value = strict_json.parse(text)
    except ValueError as error:
        return str(error)
    try:
        return f"{told(value)} {strict_json.canonical(value).decode()}"
    except ValueError as error:
        return f"{told(value)} {error}"


def said_there(texts, folder):
    shutil.copy(fota.strict_json.__file__, folder)
    (Path(folder) / "texts").write_text("".join(text.hex() + "\n" for text in texts))
    return micropython(_SCRIPT.replace("{told}", inspect.getsource(told)), folder=folder).splitlines()


def differences(texts, folder):
    answers = said_there(texts, folder)
    assert len(answers) == len(texts), answers[-3:]
    return [(text[:200], there) for text, there in zip(texts, answers, strict=True) if said(text) != there]


def test_every_text_of_the_table_means_the_same_there(tmp_path):
    texts = [text for text, _ in [*ACCEPTED.values(), *REFUSED.values()]]
    assert differences(texts, tmp_path) == []


def test_valid_texts_mean_the_same_there(tmp_path):
    assert differences(valid_texts(SEED, 2_000), tmp_path) == []


def test_mutated_texts_mean_the_same_there(tmp_path):
    texts = mutated_texts(SEED, 5_000)
    assert differences(texts, tmp_path) == []
    accepted = sum(not said(text).startswith("JSON: ") for text in texts)
    assert 500 < accepted < 4_500
