"""Changes texts byte by byte, without regard to JSON: bits flipped, pieces cut out, inserted, doubled or spliced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_PIECES = (
    *(bytes((byte,)) for byte in b'{}[],:"\\ \t\r\n\x00019-+.eEntf/\x1f\x7f\x80\xbf\xc3\xed\xf0\xff'),
    b'"\\u0041"', b"\\u0061", b"\\ud800", b"\\udc00", b"\\ud83d\\ude00", b'"\\ud800\\ud800"',
    b"\\ud83d\\u0041", b"\\u00", b"\\u+041", b"\\n", b"\\q", b"NaN",
    b"-Infinity", b"true", b"null", b"007", b"1e999", b"1.5", b"-0", b"[1]", b"[]", b"{}", b'"a":1,', b',"a":1',
    b'{"a":1}', b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3\xa9",
    b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"1" * 20, b"1" * 21, b"[" * 31, b"]" * 31, b'{"a":' * 32,
    b'"operation":"fota",', b'"bc_size":1,', b'"envelope":null,', b"/**/", b"//", b"\x00" * 16,
)  # fmt: skip
_LONG = (b"[", b'{"a":', b" ", b"1", b'"', b"\\u0041", b"\\\\", b"\xc3\xa9", b"[]", b"\n", b'"",')
_LONG_BYTES = (4_096, 32_768, 131_000)


def change(dice: Random, text: bytes, other: bytes) -> bytes:
    """The text after one to four changes; `other` is what it may be spliced with."""
    if dice.random() < 0.004:
        piece = dice.choice(_LONG)
        at = dice.choice((0, dice.randrange(len(text) + 1)))
        return text[:at] + piece * (dice.choice(_LONG_BYTES) // len(piece)) + text[at:]
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        text = dice.choice(_CHANGES)(dice, text, other)
    return text


def _flip(dice: Random, text: bytes, _other: bytes) -> bytes:
    if not text:
        return text
    at = dice.randrange(len(text))
    return text[:at] + bytes((text[at] ^ 1 << dice.randrange(8),)) + text[at + 1 :]


def _replace(dice: Random, text: bytes, _other: bytes) -> bytes:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(_PIECES) + text[at + dice.choice((1, 1, 2, 10)) :]


def _truncate(dice: Random, text: bytes, _other: bytes) -> bytes:
    return text[: dice.randrange(len(text) + 1)]


def _insert(dice: Random, text: bytes, _other: bytes) -> bytes:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(_PIECES) + text[at:]


def _append(dice: Random, text: bytes, _other: bytes) -> bytes:
    return text + dice.choice(_PIECES)


def _cut(dice: Random, text: bytes, _other: bytes) -> bytes:
    at = dice.randrange(len(text) + 1)
    return text[:at] + text[at + dice.choice((1, 1, 2, 8, 60)) :]


def _repeat(dice: Random, text: bytes, _other: bytes) -> bytes:
    at = dice.randrange(len(text) + 1)
    end = at + dice.choice((1, 2, 8, 60, 400))
    return text[:end] + text[at:]


def _splice(dice: Random, text: bytes, other: bytes) -> bytes:
    """The beginning of one and the end of the other, cut at the same place or anywhere."""
    at = dice.randrange(len(text) + 1)
    return text[:at] + other[at if dice.random() < 0.5 else dice.randrange(len(other) + 1) :]


_CHANGES: tuple[Callable[[Random, bytes, bytes], bytes], ...] = (
    _flip, _flip, _flip, _replace, _replace, _truncate, _insert, _insert, _append, _cut, _repeat, _splice,
)  # fmt: skip
