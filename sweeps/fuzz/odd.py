"""Values that a careless parser gets wrong: of every type, at and around every bound that a field has.

The bounds are those of the documentation, written down here again rather than asked of the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeps.fuzz.trees import Members, Verbatim

if TYPE_CHECKING:
    from random import Random

_BOUNDS = (
    0, 1, 2, 8, 16, 64, 128, 254, 255, 256, 2048, 4096, 10_000, 32_768, 2**31 - 1, 2**31, 2**32, 2**53 - 1, 2**53,
    2**63, 2**64, 10**19, 10**20 - 1, 10**20, 10**40,
)  # fmt: skip
_NUMBERS_IN_WORDS = (
    "1.0", "0.0", "-0", "-0.0", "1e0", "1E3", "1e5", "0.5", "1e308", "1e309", "-1e999", "1e-400", "007", "00", "+1",
    "0x10", "1_000", ".5", "1.", "1e", "NaN", "Infinity", "-Infinity", "1" + "0" * 5000, "-" + "9" * 21,
    "0." + "0" * 37 + "1", "0." + "0" * 38 + "1", "9007199254740991.0", "True", "nul", "undefined", "",
)  # fmt: skip
_LENGTHS = (0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 79, 80, 81, 88, 92, 130, 2048, 2732, 2736, 4095, 4096, 4097)
_LETTERS = ("0", "a", "f", "A", "F", "g", "=", "A", " ", "/", "\u0661", "\u00e9", "\0")
_TEXTS = (
    "", "any", "Any", "any ", "0", "1", "-1", "1.0", "True", "null", "..", "../../etc/passwd", "/", "\\", "a\\b",
    "C:\\x", "a/b", "a\0b", "\0", "\n", "a\nb", "\u00e9", "\u0661\u0662", "\U0001f600", "\ufeff", "\u2028", "'", '"',
    "{}", "[]", '{"operation":"fota"}', "{0}", "%s", "${aws:iot:s3-presigned-url:x}", "fota", "fota-keyring", "FOTA",
    "operation", "envelope", "critical", "https://", "https://h", "https://h:0/", "https://h:65536/", "https://h:٣/",
    "https://@h/", "https://a@b/", "https://[::1]/", "http://h/", "HTTPS://h/", "https://h/\x7f", "https://h/ ",
    "https://-h/", "https://h/" + "a" * 4086, "https://h/" + "a" * 4087, "https://ö/", "https://h:/x", "https://h:1e3/",
    "zipapp", "linked", "lamp", "rev-b", "__class__", "__proto__", "keyid", "0123456789abcdef", "A" * 86 + "==",
    "A" * 85 + "B==", "A" * 88, "AA==", "AA=", "AB==", "A", "====", "AAAA\n", "AA AA", "-_-_",
)  # fmt: skip
_DEPTHS = (1, 2, 7, 8, 9, 30, 31, 32, 33, 40)


def number(dice: Random) -> int:
    """A whole number, at a bound or beside it."""
    return dice.choice((1, 1, 1, -1)) * dice.choice(_BOUNDS) + dice.choice((-1, 0, 0, 1))


def text(dice: Random) -> str:
    """A text that means something elsewhere, or one of a length at a bound."""
    if dice.random() < 0.7:
        return dice.choice(_TEXTS)
    return dice.choice(_LETTERS) * dice.choice(_LENGTHS)


def name(dice: Random) -> str:
    """What a member may be called."""
    return (
        dice.choice(("x-note", "x-", "X-note", "extra", "format ", "jobId", "toString"))
        if dice.random() < 0.5
        else text(dice)
    )


def value(dice: Random) -> object:
    """Anything at all."""
    kind = dice.randrange(10)
    if kind < 2:
        return dice.choice((None, True, False, [], Members()))
    if kind < 5:
        return number(dice)
    if kind < 7:
        return text(dice)
    if kind == 7:
        return Verbatim(dice.choice(_NUMBERS_IN_WORDS)) if dice.random() < 0.7 else _fraction(dice)
    if kind == 8:
        return nested(dice, number(dice))
    return [text(dice) for _ in range(dice.choice((1, 2, 15, 16, 17)))]


def _fraction(dice: Random) -> float:
    return dice.uniform(-1e6, 1e6) if dice.random() < 0.5 else dice.random() * 10.0 ** dice.randrange(-300, 300)


def nested(dice: Random, inner: object) -> object:
    """The value within a number of lists and objects."""
    for _ in range(dice.choice(_DEPTHS)):
        inner = [inner] if dice.random() < 0.5 else Members([("a", inner)])
    return inner
