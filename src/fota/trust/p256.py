"""Verifies ECDSA signatures on the curve P-256 over a SHA-256, in Python that every interpreter runs.

It follows SEC 1 version 2, section 4.1.4, and FIPS 186-5, section 6.4.2. All input is public, so
nothing here runs in constant time: never give a secret to these functions.

Callers use `signature`, which takes a faster implementation if there is one.
"""

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    Point = tuple[int, int, int]
    """X, Y, Z of Jacobian coordinates: the point (X/Z², Y/Z³); at infinity if Z is 0."""

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)
_INFINITY = (1, 1, 0)

_WINDOW = 16
"""Tables of four points and their opposites. A window of 32 doubles the tables and is not faster on MicroPython."""
_PLACES = 257
"""A signed form may have a digit more than the 256 bits of the number."""


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `message` by `public_key`; see `signature.verify_p256`."""
    if not (type(message) is bytes and type(signature) is bytes and len(signature) == 64):
        return False
    point = point_of(public_key)
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    n = _N
    if point is None or not (0 < r < n and 0 < s < n):
        return False
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    # Fermat's inverse: MicroPython's pow takes no negative exponent.
    inverse = pow(s, n - 2, n)
    return _has_x(_sum_of_products(digest * inverse % n, r * inverse % n, point), r)


def point_of(public_key: bytes) -> "Point | None":
    """The point of 04 || x || y; None if that is no point of the curve, or has another form."""
    if not (type(public_key) is bytes and len(public_key) == 65 and public_key[0] == 4):
        return None
    x = int.from_bytes(public_key[1:33], "big")
    y = int.from_bytes(public_key[33:], "big")
    if x >= _P or y >= _P or (y * y - (x * x - 3) * x - _B) % _P != 0:
        return None
    # The curve has a prime number of points: each but infinity, which has no such form, is of the right order.
    return x, y, 1


def _has_x(point: "Point", r: int) -> bool:
    """Whether x of the point is `r` modulo n, without a division: x·Z² is compared."""
    x, _, z = point
    if z == 0:
        return False
    square = z * z % _P
    # x is below p, which is above n: so x may be r, or r + n.
    return x == r * square % _P or (r + _N < _P and x == (r + _N) * square % _P)


def _sum_of_products(first: int, second: int, point: "Point") -> "Point":
    """`first` times the generator plus `second` times the point, with one run of doublings for both."""
    of_generator, of_point = _odd_multiples(_G), _odd_multiples(point)
    first_digits, second_digits = _digits(first), _digits(second)
    total = _INFINITY
    for place in range(_PLACES - 1, -1, -1):
        total = _double(total)
        if first_digits[place]:
            total = _add(total, of_generator[first_digits[place]])
        if second_digits[place]:
            total = _add(total, of_point[second_digits[place]])
    return total


def _digits(number: int) -> bytearray:
    """The number as a sum of digit·2^place, lowest place first; few digits are not 0, and those are odd.

    Digits above half a window mean negative numbers: 15 is -1, 13 is -3.
    """
    digits = bytearray(_PLACES)
    place = 0
    while number:
        if number & 1:
            digit = number % _WINDOW
            digits[place] = digit
            number -= digit if digit < _WINDOW // 2 else digit - _WINDOW
        number >>= 1
        place += 1
    return digits


def _odd_multiples(point: "Point") -> "dict[int, Point]":
    """The multiple of the point for each digit that is not 0."""
    multiples = {}
    twice = _double(point)
    for digit in range(1, _WINDOW // 2, 2):
        x, y, z = point
        multiples[digit] = point
        multiples[_WINDOW - digit] = (x, _P - y, z)
        point = _add(point, twice)
    return multiples


def _double(point: "Point") -> "Point":
    """https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-3.html: the curve's a is -3; infinity stays itself."""
    x, y, z = point
    y_square = y * y % _P
    z_square = z * z % _P
    beta = 4 * x * y_square % _P
    alpha = 3 * (x - z_square) * (x + z_square) % _P
    x = (alpha * alpha - 2 * beta) % _P
    return x, (alpha * (beta - x) - 8 * y_square * y_square) % _P, 2 * y * z % _P


def _add(one: "Point", other: "Point") -> "Point":
    """The sum of two points, the second not infinity. They may be equal or opposite, where the formula fails."""
    x1, y1, z1 = one
    x2, y2, z2 = other
    if z1 == 0:
        return other
    z1_square = z1 * z1 % _P
    z2_square = z2 * z2 % _P
    u = x1 * z2_square % _P
    s = y1 * z2 * z2_square % _P
    run = (x2 * z1_square - u) % _P
    rise = (y2 * z1 * z1_square - s) % _P
    if run == 0:
        return _double(one) if rise == 0 else _INFINITY
    square = run * run % _P
    cube = run * square % _P
    v = u * square % _P
    x = (rise * rise - cube - 2 * v) % _P
    return x, (rise * (v - x) - s * cube) % _P, z1 * z2 * run % _P
