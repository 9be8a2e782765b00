"""NIST's vectors of signatures and keys on P-256: FIPS 186-3."""

import re
from pathlib import Path

import cryptography_vectors

from tests.labs.p256_lab import Case


def _nist(file, section, first):
    """The vectors of a section, as dictionaries of their lines; each begins with the name `first`."""
    path = Path(cryptography_vectors.__file__).parent / "asymmetric" / "ECDSA" / "FIPS_186-3" / file
    text = path.read_text().partition(f"[{section}]\n")[2].partition("\n[")[0]
    return [dict(re.findall(r"(\w+) = (.*)", f"{first}{part}")) for part in text.split(f"\n{first}")[1:]]


def _nist_number(text):
    """A coordinate as at least 32 bytes; NIST has some that are longer."""
    number = int(text, 16)
    return number.to_bytes(max(32, (number.bit_length() + 7) // 8), "big")


def nist_signatures(file):
    """Those of P-256 with SHA-256. In SigGen all hold."""
    for vector in _nist(file, "P-256,SHA-256", "Msg"):
        key, signature = (
            b"".join(_nist_number(vector[name]) for name in names) for names in (("Qx", "Qy"), ("R", "S"))
        )
        holds = vector.get("Result", "P").startswith("P")
        yield Case(b"\x04" + key, bytes.fromhex(vector["Msg"]), signature, holds)


def nist_keys():
    """Public keys of P-256, each with whether it is one."""
    for vector in _nist("PKV.rsp", "P-256", "Qx"):
        yield b"\x04" + _nist_number(vector["Qx"]) + _nist_number(vector["Qy"]), vector["Result"].startswith("P")
