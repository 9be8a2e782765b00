"""Keys, signatures and verdicts on P-256 for the tests of signatures: cases of our own.

The arithmetic is that of a textbook, in affine coordinates: slow, plain, and shares nothing with the code under test.
It also makes what no signer would: signatures with a chosen r and s, by the key that they happen to be valid for.
"""

import hashlib
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import utils

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
INFINITY = None


class Case(NamedTuple):
    """What is asked, and whether it is a signature."""

    public_key: bytes
    message: bytes
    signature: bytes
    holds: bool


def add(one, other):
    if one is INFINITY or other is INFINITY:
        return other if one is INFINITY else one
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return INFINITY
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P) if one == other else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def times(number, point):
    total = INFINITY
    for bit in f"{number:b}":
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def point_at(x):
    """The point of the curve with the even y; None if there is none."""
    square = (x**3 - 3 * x + B) % P
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        return None
    return x, y if y % 2 == 0 else P - y


def first_point(xs):
    return next(point for point in map(point_at, xs) if point is not None)


def key_bytes(point):
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def signature_bytes(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def hashed(message):
    return int.from_bytes(hashlib.sha256(message).digest(), "big")


def sign(secret, message, nonce):
    r = times(nonce, G)[0] % N
    return r, pow(nonce, -1, N) * (hashed(message) + r * secret) % N


def key_for(message, commitment, s, r=None):
    """The key by which (x of the commitment, s) is a signature of the message: SEC 1, section 4.1.6.

    With another `r` there is none: the key by which the check comes to that commitment all the same.
    """
    inverse = pow(commitment[0] if r is None else r, -1, N)
    return add(times(-hashed(message) * inverse % N, G), times(s * inverse % N, commitment))


def forged_for_point_of_order_two(x):
    """A signature that holds for the key (x, 0), which is on no curve of ours, where nobody looks at the curve.

    Twice such a point is infinity on whatever curve it is. So an even multiple leaves u1·G alone, of the forger's
    choice.
    """
    key = (x, 0)
    for nonce in range(1, 100):
        r = times(nonce, G)[0] % N
        s = hashed(MESSAGE) * pow(nonce, -1, N) % N
        if r * pow(s, -1, N) % N % 2 == 0:
            return Case(key_bytes(key), MESSAGE, signature_bytes(r, s), holds=False)
    raise AssertionError("each nonce has an even chance")


MESSAGE = b"what was signed"
SECRET, NONCE = 0xC0FFEE**10 % N, 0xBEEF**14 % N
POINT = times(SECRET, G)
KEY = key_bytes(POINT)
R, S = sign(SECRET, MESSAGE, NONCE)
SIGNATURE = signature_bytes(R, S)

SMALL = first_point(range(1, 99))
"""A commitment whose x is small: there r + n is below p too."""
WRAPPED = first_point(range(N, N + 99))
"""A commitment whose x is n or more: r is x - n."""
X_IS_0 = point_at(0)
Y_IS_1 = (0x9E78D4EF60D05F750F6636209092BC43CBDD6B47E11A9DE20A9FEB2A50BB96C, 1)
"""The points whose coordinates fit into 32 bytes a second time, with p added: these numbers are below 2^256 - p."""

OUT_OF_RANGE = {"0": 0, "n": N, "n + 1": N + 1, "p": P, "2^256 - 1": 2**256 - 1}


def _named(pairs):
    """As a dictionary; a name that comes twice would hide a case."""
    pairs = list(pairs)
    named = dict(pairs)
    assert len(named) == len(pairs), sorted(name for name, _ in pairs)
    return named


def _accepted():
    yield "as it was signed", KEY, MESSAGE, SIGNATURE
    yield "n - s: malleable", KEY, MESSAGE, signature_bytes(R, N - S)
    for name, message in (("an empty message", b""), ("a long message", bytes(range(256)) * 300)):
        yield name, KEY, message, signature_bytes(*sign(SECRET, message, NONCE))
    for name, secret in (("the generator", 1), ("the generator's opposite", N - 1)):
        yield (
            f"the key is {name}",
            key_bytes(times(secret, G)),
            MESSAGE,
            signature_bytes(*sign(secret, MESSAGE, NONCE)),
        )
    commitment = times(NONCE, G)
    digest = hashed(MESSAGE)
    last = first_point(range(N - 1, N - 99, -1))
    for name, chosen, s in (
        ("s is 1", commitment, 1),
        ("s is n - 1", commitment, N - 1),
        ("s is r", commitment, R),
        ("s is the digest", commitment, digest % N),
        ("r is small", SMALL, S),
        ("r is almost n", last, S),
        ("r is n less than x", WRAPPED, S),
        ("r is n less than x, and s is 1", WRAPPED, 1),
    ):
        yield name, key_bytes(key_for(MESSAGE, chosen, s)), MESSAGE, signature_bytes(chosen[0] % N, s)
    equal = times(digest * pow(R, -1, N) % N, G)
    yield "both products are equal", key_bytes(equal), MESSAGE, signature_bytes(R, 2 * digest * pow(NONCE, -1, N) % N)


def _refused_numbers():
    for name, number in OUT_OF_RANGE.items():
        yield f"r is {name}", KEY, MESSAGE, signature_bytes(number, S)
        yield f"s is {name}", KEY, MESSAGE, signature_bytes(R, number)
        for other, second in OUT_OF_RANGE.items():
            yield f"r is {name}, s is {other}", KEY, MESSAGE, signature_bytes(number, second)
    yield "r becomes n - 1", KEY, MESSAGE, signature_bytes(N - 1, S)
    yield "s becomes n - 1", KEY, MESSAGE, signature_bytes(R, N - 1)
    yield (
        "s is right but for n added",
        key_bytes(key_for(MESSAGE, SMALL, 7)),
        MESSAGE,
        signature_bytes(SMALL[0], 7 + N),
    )
    yield (
        "r is right but for n added",
        key_bytes(key_for(MESSAGE, SMALL, S)),
        MESSAGE,
        signature_bytes(SMALL[0] + N, S),
    )
    yield "r is x, not x - n", key_bytes(key_for(MESSAGE, WRAPPED, S)), MESSAGE, signature_bytes(WRAPPED[0], S)
    r = SMALL[0] + P - N
    yield "r + n is x modulo p alone", key_bytes(key_for(MESSAGE, SMALL, S, r)), MESSAGE, signature_bytes(r, S)
    yield "r is -r", KEY, MESSAGE, signature_bytes(N - R, S)
    yield "s is -s modulo p", KEY, MESSAGE, signature_bytes(R, P - S)
    yield "r and s change places", KEY, MESSAGE, signature_bytes(S, R)
    for name, r in (("r", R), ("1", 1), ("n - 1", N - 1)):
        opposite = times(-hashed(MESSAGE) * pow(r, -1, N) % N, G)
        yield f"the sum is infinity, r is {name}", key_bytes(opposite), MESSAGE, signature_bytes(r, S)


def _refused_forms():
    der = utils.encode_dss_signature(R, S)
    backwards = R.to_bytes(32, "little") + S.to_bytes(32, "little")
    for name, signature in (
        ("no signature", b""),
        ("one byte", b"\x01"),
        ("63 bytes", SIGNATURE[:-1]),
        ("63 bytes of the end", SIGNATURE[1:]),
        ("65 bytes", SIGNATURE + b"\x00"),
        ("65 bytes with a zero first", b"\x00" + SIGNATURE),
        ("65 bytes with a zero before s", SIGNATURE[:32] + b"\x00" + SIGNATURE[32:]),
        ("twice the signature", SIGNATURE * 2),
        ("64 zero bytes", bytes(64)),
        ("DER", der),
        ("64 bytes of DER", der[:64]),
        ("little-endian", backwards),
        ("hexadecimal", SIGNATURE.hex().encode()),
    ):
        yield name, KEY, MESSAGE, signature
    of_1 = key_bytes(key_for(MESSAGE, times(NONCE, G), 1))
    yield "33 bytes with s in one", of_1, MESSAGE, SIGNATURE[:32] + b"\x01"
    for name, message in (
        ("another message", b"what was not signed"),
        ("no message", b""),
        ("the message and a zero byte", MESSAGE + b"\x00"),
        ("the digest as message", hashlib.sha256(MESSAGE).digest()),
    ):
        yield name, KEY, message, SIGNATURE
    yield "another key", key_bytes(times(SECRET + 1, G)), MESSAGE, SIGNATURE
    yield "the opposite key", key_bytes((POINT[0], P - POINT[1])), MESSAGE, SIGNATURE
    yield "a key of order two off the curve", *forged_for_point_of_order_two(5)[:3]
    yield "the key (0, 0)", *forged_for_point_of_order_two(0)[:3]
    yield "the key (p, p)", key_bytes((P, P)), *forged_for_point_of_order_two(0)[1:3]
    for name, public_key in BAD_KEYS.items():
        yield f"key: {name}", public_key, MESSAGE, SIGNATURE


def _bad_keys():
    x, y = POINT
    for prefix in (0, 1, 2, 3, 5, 6, 7, 255):
        yield f"prefix {prefix}", bytes((prefix,)) + KEY[1:]
    yield "compressed", bytes((2 + y % 2,)) + KEY[1:33]
    yield "compressed and filled up", bytes((2 + y % 2,)) + KEY[1:33] + bytes(32)
    yield "hybrid", bytes((6 + y % 2,)) + KEY[1:]
    yield "infinity in one byte", b"\x00"
    yield "infinity in 65 bytes", bytes(65)
    yield "infinity as 0, 0", b"\x04" + bytes(64)
    yield "0, 1", key_bytes((0, 1))
    yield "y + 1", key_bytes((x, y + 1))
    yield "x + 1", key_bytes((x + 1, y))
    yield "x and y change places", key_bytes((y, x))
    yield "x is p more", key_bytes((X_IS_0[0] + P, X_IS_0[1]))
    yield "y is p more", key_bytes((Y_IS_1[0], Y_IS_1[1] + P))
    yield "x is 2^256 - 1", key_bytes((2**256 - 1, y))
    yield "y is 2^256 - 1", key_bytes((x, 2**256 - 1))
    yield "no key", b""
    yield "one byte", b"\x04"
    yield "without its prefix", KEY[1:]
    yield "64 bytes", KEY[:-1]
    yield "66 bytes", KEY + b"\x00"
    yield "66 bytes with a zero before y", KEY[:33] + b"\x00" + KEY[33:]
    yield "34 bytes with y in one", key_bytes(Y_IS_1)[:33] + b"\x01"
    yield "129 bytes", KEY + KEY[1:]


BAD_KEYS = _named(_bad_keys())
GOOD_KEYS = {
    "of the signer": KEY,
    "the generator": key_bytes(G),
    "x is 0": key_bytes(X_IS_0),
    "y is 1": key_bytes(Y_IS_1),
}


def _cases():
    for holds, made in ((True, _accepted()), (False, _refused_numbers()), (False, _refused_forms())):
        for name, public_key, message, signature in made:
            yield name, Case(public_key, message, signature, holds=holds)


CASES = _named(_cases())
