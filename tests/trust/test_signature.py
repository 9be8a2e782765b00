"""What is a signature, and what is none: both implementations, the same verdicts."""

import random
import subprocess
import sys
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

import tests.labs.p256_lab as lab
from fota.trust import _signature_cpython, p256
from fota.trust.signature import verify_p256

SEED = 256

HALVES = pytest.mark.parametrize("verify", [_signature_cpython.verify, p256.verify], ids=["cryptography", "portable"])
KEY_READERS = pytest.mark.parametrize(
    "read", [_signature_cpython.key_of, p256.point_of], ids=["cryptography", "portable"]
)


@HALVES
@pytest.mark.parametrize("name", lab.CASES)
def test_the_verdict_is(verify, name):
    case = lab.CASES[name]
    assert verify(case.public_key, case.message, case.signature) is case.holds


@KEY_READERS
@pytest.mark.parametrize("name", lab.GOOD_KEYS)
def test_a_point_of_the_curve_is_a_key(read, name):
    assert read(lab.GOOD_KEYS[name]) is not None


@KEY_READERS
@pytest.mark.parametrize("name", lab.BAD_KEYS)
def test_what_is_no_point_in_the_one_form_is_no_key(read, name):
    assert read(lab.BAD_KEYS[name]) is None


class OtherBytes(bytes):
    """Might lie about what it holds."""


NOT_BYTES = [None, True, 0, 64, 4.0, "", "text", [], [4] * 65, object()]
NEARLY_BYTES: list[Callable[[bytes], object]] = [bytearray, memoryview, OtherBytes, bytes.hex, list]


@HALVES
@pytest.mark.parametrize("place", range(3), ids=["key", "message", "signature"])
def test_what_is_not_bytes_is_no_signature(verify, place):
    right = (lab.KEY, lab.MESSAGE, lab.SIGNATURE)
    for odd in [*NOT_BYTES, *(kind(right[place]) for kind in NEARLY_BYTES)]:
        assert verify(*right[:place], odd, *right[place + 1 :]) is False


@pytest.mark.slow
@HALVES
def test_no_single_bit_can_change(verify):
    right = [lab.KEY, lab.MESSAGE, lab.SIGNATURE]
    assert verify(*right) is True
    for place, part in enumerate(right):
        for bit in range(len(part) * 8):
            changed = list(right)
            changed[place] = flipped(part, bit)
            assert verify(*changed) is False, (place, bit)


@pytest.mark.slow
@HALVES
def test_small_keys_and_their_opposites_sign_too(verify):
    """Multiples of the generator meet its own table in the sum, where points are equal or opposite midway."""
    for secret in (*range(1, 18), *range(lab.N - 17, lab.N)):
        key = lab.key_bytes(lab.times(secret, lab.G))
        for nonce in (1, 2, lab.N - 1, lab.NONCE):
            message = b"%d %d" % (secret, nonce)
            r, s = lab.sign(secret, message, nonce)
            assert verify(key, message, lab.signature_bytes(r, s)) is True, (secret, nonce)
            assert verify(key, message, lab.signature_bytes(r, s ^ 1)) is False, (secret, nonce)


def test_both_agree_on_random_signatures_and_what_became_of_them():
    chance = random.Random(SEED)
    for number in range(250):
        key, message, signature = signed_at_random(chance)
        assert both(key, message, signature) == (True, True), number
        damaged = [key, message or b"\x00", signature]
        place = chance.randrange(3)
        damaged[place] = damage(chance, damaged[place])
        one, other = both(*damaged)
        assert one is other, (number, damaged)


def test_both_agree_on_random_bytes_of_about_the_right_length():
    chance = random.Random(SEED)
    for _ in range(300):
        key = chance.choice((lab.KEY, b"\x04" + chance.randbytes(chance.randint(63, 65))))
        signature = chance.randbytes(chance.choice((64, 64, 64, 63, 65)))
        assert both(key, chance.randbytes(5), signature) == (False, False)


def signed_at_random(chance):
    secret = ec.derive_private_key(chance.randrange(1, lab.N), ec.SECP256R1())
    message = chance.randbytes(chance.randrange(200))
    der = secret.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
    point = secret.public_key().public_numbers()
    signature = lab.signature_bytes(*utils.decode_dss_signature(der))
    return lab.key_bytes((point.x, point.y)), message, signature


def both(*asked):
    return _signature_cpython.verify(*asked), p256.verify(*asked)


def damage(chance, part):
    """One bit, one byte, one number of 32 bytes, or the length."""
    place = chance.randrange(len(part))
    return chance.choice(
        (
            flipped(part, chance.randrange(len(part) * 8)),
            part[:place] + chance.randbytes(1) + part[place + 1 :],
            part[:-32] + chance.randrange(2**256).to_bytes(32, "big"),
            part[:place],
            part + chance.randbytes(1),
        )
    )


def flipped(part, bit):
    changed = bytearray(part)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_the_door_says_yes_and_no():
    assert verify_p256(lab.KEY, lab.MESSAGE, lab.SIGNATURE) is True
    assert verify_p256(lab.KEY, b"other", lab.SIGNATURE) is False


_WHO_DECIDES = """
import sys
from fota import machine; from fota.trust import signature

def loaded():
    names = ("cryptography", "fota.trust._signature_cpython", "fota.trust.p256")
    return [name for name in names if name in sys.modules]

machine.INTERPRETER = sys.argv[1]
before = loaded()
verdict = signature.verify_p256(*(bytes.fromhex(part) for part in sys.argv[2:]))
print(before, verdict, loaded())
"""


@pytest.mark.parametrize(
    ("interpreter", "loaded"),
    [("cpython", ["cryptography", "fota.trust._signature_cpython"]), ("micropython", ["fota.trust.p256"])],
)
def test_the_interpreter_chooses_who_decides_and_nothing_is_loaded_before_it_is_asked(interpreter, loaded):
    asked = [part.hex() for part in (lab.KEY, lab.MESSAGE, lab.SIGNATURE)]
    command = [sys.executable, "-c", _WHO_DECIDES, interpreter, *asked]
    assert subprocess.check_output(command, text=True).strip() == f"[] True {loaded}"
