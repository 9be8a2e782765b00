"""A home for the doctor to look at: what is found there, and what is complained of."""

import hashlib
from pathlib import Path

import pytest

from fota.boards.provisioning import put_keyring
from fota.digests import Digests
from fota.journal import Entry
from fota.trust import keyring
from fota.trust.floor import Floor
from fota.trust.keyring import Keyring
from fota_boot.doctor.examine import examine_home
from fota_boot.doctor.findings import OK

POINT = b"\x04" + hashlib.sha512(b"any").digest()
KEYRING = Keyring(product="lamp", hardware="rev-b", version=1, threshold=1, keys={keyring.key_id(POINT): POINT})


@pytest.fixture
def home(lab):
    """A home with all that a device can remember."""
    made = lab.provision()
    put_keyring(made, KEYRING)
    made.releases.floors.save(Floor(seq=1, sha256="a" * 64))
    made.journal.save(Entry("job-1", 1, Digests(1000, b"m" * 16, b"s" * 32)))
    made.journal.clear()
    return made


def found(home, subject):
    """Level and text of each finding of a subject."""
    return [(one.level, one.text) for one in examine_home(home.path) if one.subject == subject]


def complaints(home, but=("device",)):
    """What is not right; that nothing runs is left out."""
    return [one for one in examine_home(home.path) if one.level != OK and one.subject not in but]


def one_complaint(home, subject, level, *words):
    complaint = complaints(home)
    assert [(one.subject, one.level) for one in complaint] == [(subject, level)]
    assert all(word in complaint[0].text for word in words), complaint
    assert complaint[0].remedy


def spoil(home, name, copy):
    flip(Path(home.path, f"{name}-{copy}"), 16)


def flip(path, offset):
    """Change one bit of one byte."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)
