"""PEM becomes DER, whole or not at all, and the same on both interpreters."""

import io
import shutil
from base64 import encodebytes
from pathlib import Path

import pytest

from fota import pem
from tests.labs.interpreter import micropython, only_where_it_runs

LABEL = b"CERTIFICATE"
DER = bytes(range(256))
BODY = encodebytes(DER)
BLOCK = b"-----BEGIN CERTIFICATE-----\n" + BODY + b"-----END CERTIFICATE-----\n"
OTHER = BLOCK.replace(LABEL, b"X509 CRL")

READ = {
    "one": (BLOCK, [DER]),
    "two": (BLOCK + BLOCK.replace(BODY, encodebytes(b"second")), [DER, b"second"]),
    "commentary around": (b"# Amazon Root CA 1\n" + BLOCK + b"\ntrailing: words\n", [DER]),
    "of another label": (OTHER, []),
    "after one of another label": (OTHER + BLOCK, [DER]),
    "lines end as on Windows": (BLOCK.replace(b"\n", b"\r\n"), [DER]),
    "one long line": (BLOCK.replace(BODY, BODY.replace(b"\n", b"") + b"\n"), [DER]),
    "no last newline": (BLOCK.rstrip(), [DER]),
    "nothing": (b"", []),
    "DER": (DER, []),
}
REFUSED = {
    "no end": (BLOCK[:-26], "a beginning and no end"),
    "the end of another": (BLOCK.replace(b"END CERTIFICATE", b"END X509 CRL"), "a beginning and no end"),
    "cut off, and another begins": (BLOCK[:100] + b"\n" + BLOCK, "not base64"),
    "empty": (BLOCK.replace(BODY, b""), "not base64"),
    "encrypted": (BLOCK.replace(BODY, b"Proc-Type: 4,ENCRYPTED\n\n" + BODY), "is encrypted"),
    "a letter that is none": (BLOCK.replace(BODY, b"*" + BODY), "not base64"),
    "a letter too few": (BLOCK.replace(BODY, BODY[1:]), "not base64"),
    "no padding": (BLOCK.replace(b"=", b""), "not base64"),
}

_SCRIPT = """
import io
import pem
with open("texts") as file:
    for line in file:
        try:
            blocks = pem.blocks(io.BytesIO(bytes.fromhex(line.strip())))
            print([der.hex() for label, der in blocks if label == b"CERTIFICATE"])
        except ValueError as error:
            print(error)
"""


def to_der(text: bytes) -> "list[bytes]":
    return [der for label, der in pem.blocks(io.BytesIO(text)) if label == LABEL]


@pytest.mark.parametrize("name", READ)
def test_every_block_of_the_label_is_read(name: str) -> None:
    text, blocks = READ[name]
    assert to_der(text) == blocks


@pytest.mark.parametrize("name", REFUSED)
def test_a_block_that_is_not_whole_is_refused(name: str) -> None:
    text, problem = REFUSED[name]
    with pytest.raises(ValueError, match=problem):
        to_der(text)


def test_no_message_holds_anything_of_the_text() -> None:
    for text, _ in REFUSED.values():
        with pytest.raises(ValueError, match="a PEM block") as refusal:
            to_der(text)
        assert not [line for line in text.split(b"\n") if line and line.decode() in str(refusal.value)]


@only_where_it_runs
def test_the_interpreter_of_the_microcontrollers_reads_the_same(tmp_path: Path) -> None:
    texts = [text for text, _ in [*READ.values(), *REFUSED.values()]]
    (tmp_path / "texts").write_text("".join(text.hex() + "\n" for text in texts))
    shutil.copy(pem.__file__, tmp_path)

    assert micropython(_SCRIPT, folder=tmp_path).splitlines() == [_said(text) for text in texts]


def _said(text: bytes) -> str:
    try:
        return str([der.hex() for der in to_der(text)])
    except ValueError as error:
        return str(error)
