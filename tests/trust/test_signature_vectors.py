"""NIST's vectors for P-256 with SHA-256 (SigVer, SigGen, PKV of FIPS 186-3), and both implementations."""

import pytest

from fota.trust import _signature_cpython, p256
from tests.labs import p256_nist

SIGNATURES = [*p256_nist.nist_signatures("SigVer.rsp"), *p256_nist.nist_signatures("SigGen.rsp")]
KEYS = list(p256_nist.nist_keys())


@pytest.mark.parametrize("verify", [_signature_cpython.verify, p256.verify], ids=["cryptography", "portable"])
@pytest.mark.parametrize("number", range(len(SIGNATURES)))
def test_the_verdict_is_that_of_nist(verify, number):
    case = SIGNATURES[number]
    assert verify(case.public_key, case.message, case.signature) is case.holds


@pytest.mark.parametrize("read", [_signature_cpython.key_of, p256.point_of], ids=["cryptography", "portable"])
@pytest.mark.parametrize("number", range(len(KEYS)))
def test_what_is_a_key_is_said_by_nist(read, number):
    public_key, is_key = KEYS[number]
    assert (read(public_key) is not None) is is_key


def test_all_vectors_were_read():
    assert [case.holds for case in SIGNATURES].count(True) == 3 + 15
    assert len(SIGNATURES) == 15 + 15
    assert ([is_key for _, is_key in KEYS].count(True), len(KEYS)) == (4, 12)
