"""JSON texts for the tests of `fota.strict_json`: a table of both kinds, and any number drawn from a seed.

`told` is itself in the portable subset, so that both interpreters can say what they read.
"""

import json
import random
import struct


def _lists(levels):
    return [_lists(levels - 1)] if levels > 1 else []


ACCEPTED = {
    "an object": (b'{"a": 1, "b": [true, false, null]}', {"a": 1, "b": [True, False, None]}),
    "an empty object": (b"{ }", {}),
    "an empty list": (b"[\n]", []),
    "empty ones within": (b'[[],{},[{}],{"a":[]}]', [[], {}, [{}], {"a": []}]),
    "white space of all four kinds": (b' \t\r\n[ 1 ,\t2\n,\r{ "a"\t: 3 }] \n', [1, 2, {"a": 3}]),
    "a value that is no container": (b" null ", None),
    "zero": (b"0", 0),
    "minus zero": (b"-0", 0),
    "a negative number": (b"-17", -17),
    "20 digits": (b"9" * 20, 10**20 - 1),
    "20 digits below zero": (b"-" + b"9" * 20, 1 - 10**20),
    "a float": (b"-0.25", -0.25),
    "a float with an exponent": (b"[1e3,1E+3,25e-2,0e0]", [1000.0, 1000.0, 0.25, 0.0]),
    "the largest float": (b"1.7976931348623157e308", 1.7976931348623157e308),
    "a float too small to tell from zero": (b"1e-999", 0.0),
    "a float of 40 characters": (b"0." + b"0" * 37 + b"1", 1e-38),
    "an empty string and key": (b'{"":""}', {"": ""}),
    "every short escape": (rb'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'),
    "escapes by number": (rb'"\u0041\u00e9\u20aC\u0000"', "A\u00e9\u20ac\0"),
    "every hexadecimal digit": (rb'"\u0123\u4567\u89ab\ucdef\uABCD\uEF00"', "\u0123\u4567\u89ab\ucdef\uabcd\uef00"),
    "a pair of surrogates": (rb'"\ud83d\ude00x"', "\U0001f600x"),
    "the first and last pair": (rb'"\ud800\udc00\udbff\udfff"', "\U00010000\U0010ffff"),
    "the units next to the surrogates": (rb'"\ud7ff\ue000"', "\ud7ff\ue000"),
    "a string that ends in a backslash": (rb'["\\","a\\\\"]', ["\\", "a\\\\"]),
    "escaped quotes": (rb'["\"",  "a\"b\"c"]', ['"', 'a"b"c']),
    "the character 127": (b'"\x7f"', "\x7f"),
    "UTF-8 at its bounds": (
        '"\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U000fffff\U0010ffff"'.encode(),
        "\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U000fffff\U0010ffff",
    ),
    "UTF-8 and escapes": ('"\u00e9\\n\u20ac\\u0041\U0001f600"'.encode(), "\u00e9\n\u20acA\U0001f600"),
    "keys that differ in case": (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
    "equal keys in two objects": (b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
    "32 levels": (b"[" * 32 + b"]" * 32, _lists(32)),
    "many lists side by side": (b"[" + b"[],{}," * 40 + b"0]", [[], {}] * 40 + [0]),
}
"""What is read, by name: the text and its value."""

REFUSED = {
    "nothing": (b"", "a value"),
    "white space alone": (b" \n", "a value"),
    "a second value": (b"1 2", "the end"),
    "a comma after the value": (b"{},", "the end"),
    "a bracket too many": (b"[]]", "the end"),
    "a zero byte at the end": (b"1\0", "the end"),
    "a zero byte within": (b"[1\0]", "expected ,"),
    "a list without an end": (b"[1", "expected ,"),
    "a list without a member and an end": (b"[", "a value"),
    "an object without an end": (b'{"a":1', "expected ,"),
    "a key without a value": (b'{"a"', "expected :"),
    "a list closed as an object": (b"[1}", "expected ,"),
    "an object closed as a list": (b'{"a":1]', "expected ,"),
    "an empty list closed as an object": (b"[}", "a value"),
    "an empty object closed as a list": (b"{]", 'expected "'),
    "no comma in a list": (b"[1 2]", "expected ,"),
    "no comma in an object": (b'{"a":1 "b":2}', "expected ,"),
    "no colon": (b'{"a" 1}', "expected :"),
    "a comma for a colon": (b'{"a",1}', "expected :"),
    "a trailing comma in a list": (b"[1,]", "a value"),
    "a trailing comma in an object": (b'{"a":1,}', 'expected "'),
    "a leading comma": (b"[,1]", "a value"),
    "two commas": (b"[1,,2]", "a value"),
    "a key that is a number": (b"{1:2}", 'expected "'),
    "a key without quotes": (b"{a:2}", 'expected "'),
    "single quotes": (b"['a']", "a value"),
    "a comment": (b"[1]/**/", "the end"),
    "equal keys": (b'{"a":1,"b":2,"a":1}', "second time"),
    "keys that are equal once read": (rb'{"a":1,"\u0061":2}', "second time"),
    "equal keys with objects": (b'{"a":{},"a":{}}', "second time"),
    "NaN": (b"NaN", "a value"),
    "Infinity": (b"[Infinity]", "a value"),
    "minus Infinity": (b"-Infinity", "a digit"),
    "a leading zero": (b"007", "the end"),
    "a leading zero of two": (b"00", "the end"),
    "a leading zero below zero": (b"[-01]", "expected ,"),
    "a leading zero before a fraction": (b"01.5", "the end"),
    "a plus sign": (b"+1", "a value"),
    "a minus sign alone": (b"-", "a digit"),
    "two minus signs": (b"--1", "a digit"),
    "a fraction without digits": (b"1.", "a digit"),
    "a fraction without digits and an exponent": (b"1.e5", "a digit"),
    "a fraction alone": (b".5", "a value"),
    "an exponent without digits": (b"1e", "a digit"),
    "an exponent with a sign alone": (b"1e+", "a digit"),
    "two fractions": (b"1.2.3", "the end"),
    "a hexadecimal number": (b"0x10", "the end"),
    "an underscore in a number": (b"1_000", "the end"),
    "a space in a number": (b"- 1", "a digit"),
    "21 digits": (b"1" * 21, "too long"),
    "21 digits below zero": (b"-" + b"1" * 21, "too long"),
    "20,000 digits": (b"1" * 20_000, "too long"),
    "a float of 41 characters": (b"0." + b"0" * 38 + b"1", "too long"),
    "a float beyond all": (b"1e309", "too large"),
    "a float beyond all below zero": (b"[-1e999]", "too large"),
    "a float just beyond all": (b"1.7976931348623159e308", "too large"),
    "a string without an end": (b'"abc', "without an end"),
    "a quote alone": (b'"', "without an end"),
    "a string that ends in an escaped quote": (rb'"abc\"', "without an end"),
    "a backslash at the end": (b'"abc\\', "without an end"),
    "a new line in a string": (b'"a\nb"', "control character"),
    "a tab in a key": (b'{"a\tb":1}', "control character"),
    "a zero byte in a string": (b'"\0"', "control character"),
    "the character 31": (b'"\x1f"', "control character"),
    "a control character after an escape": (b'"\\n\n"', "control character"),
    "an unknown escape": (rb'"\q"', "escape"),
    "an escape in upper case": (rb'"\N"', "escape"),
    "an escape U": (rb'"\U0041"', "escape"),
    "an escape x": (rb'"\x41"', "escape"),
    "an escaped zero": (rb'"\0"', "escape"),
    "an escaped single quote": (rb'"\'"', "escape"),
    "an escaped new line": (b'"\\\n"', "escape"),
    "an escaped byte above 127": ('"\\\u00e9"'.encode(), "escape"),
    "three hexadecimal digits": (rb'"\u041"', "escape"),
    "three hexadecimal digits at the end": (rb'"\u041', "without an end"),
    "a letter past F": (rb'"\u004g"', "escape"),
    "a sign in an escape": (rb'"\u+041"', "escape"),
    "a space in an escape": (rb'"\u 041"', "escape"),
    "an underscore in an escape": (rb'"\u0_41"', "escape"),
    "a first surrogate alone": (rb'"\ud800"', "escape"),
    "a first surrogate and a letter": (rb'"\ud800A12345"', "escape"),
    "a first surrogate and another escape": (rb'"\ud800\n12345"', "escape"),
    "a first surrogate and a character": (rb'"\ud800\u0041"', "surrogate"),
    "a first surrogate twice": (rb'"\ud800\ud800"', "surrogate"),
    "a first surrogate and the unit past the second ones": (rb'"\ud800\ue000"', "surrogate"),
    "a second surrogate alone": (rb'"\udc00"', "escape"),
    "the last surrogate alone": (rb'"\udfff"', "escape"),
    "a pair the wrong way round": (rb'"\udc00\ud800"', "surrogate"),
    "two second surrogates": (rb'"\udc00\udc00"', "surrogate"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "a value"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "a value"),
    "UTF-16 without a mark": ('{"a":1}'.encode("utf-16-le"), 'expected "'),
    "UTF-8 outside a string": ("[\u00e9]".encode(), "a value"),
    "a space that is not ASCII": ("[\u00a01]".encode(), "a value"),
    "a form feed between values": (b"[\f1]", "a value"),
    "a continuation byte alone": (b'"\x80"', "UTF-8"),
    "the last continuation byte alone": (b'"\xbf"', "UTF-8"),
    "a long form of two bytes": (b'"\xc0\xaf"', "UTF-8"),
    "the last long form of two bytes": (b'"\xc1\xbf"', "UTF-8"),
    "a long form of three bytes": (b'"\xe0\x9f\xbf"', "UTF-8"),
    "a long form of four bytes": (b'"\xf0\x8f\xbf\xbf"', "UTF-8"),
    "a surrogate in UTF-8": (b'"\xed\xa0\x80"', "UTF-8"),
    "the last surrogate in UTF-8": (b'"\xed\xbf\xbf"', "UTF-8"),
    "past the last character": (b'"\xf4\x90\x80\x80"', "UTF-8"),
    "a lead byte that does not exist": (b'"\xf5\x80\x80\x80"', "UTF-8"),
    "a lead byte of five": (b'"\xf8\x88\x80\x80\x80"', "UTF-8"),
    "the byte 255": (b'"\xff"', "UTF-8"),
    "two bytes cut short": (b'"\xc3"', "UTF-8"),
    "three bytes cut short": (b'"\xe2\x82"', "UTF-8"),
    "four bytes cut short by an escape": (b'"\xf0\x9f\x98\\n"', "UTF-8"),
    "a letter for a continuation byte": (b'"\xe2A\x82"', "UTF-8"),
    "a lead byte for a continuation byte": (b'"\xe2\x82\xc3\xa9"', "UTF-8"),
    "bytes that are not UTF-8 in a key": (b'{"\xff":1}', "UTF-8"),
    "33 levels": (b"[" * 33 + b"]" * 33, "too deep"),
    "33 levels of objects": (b'{"a":' * 32 + b"{}" + b"}" * 32, "too deep"),
    "32 KiB of levels": (b"[" * 32_768, "too deep"),
    "a word in upper case": (b"True", "a value"),
    "a word cut short": (b"[tru]", "a value"),
    "a word and more": (b"nullx", "the end"),
    "undefined": (b"undefined", "a value"),
    "one byte too many": (b" " * 131_072 + b"1", "131073 bytes"),
}
"""What is refused, by name: the text and some words of the message."""

_PIECES = [
    *b'{}[],:"\\ \t\n0123456789-+.eE\0\x1f\x7f\x80\xbf\xc3\xed\xf0\xff',
    *(rb'"\u0041" \ud800 \udc00 \u00 \n \q "a": {"a":1} [1] []').split(),
    *b"NaN Infinity -Infinity true null 007 1e999 1.5 -0".split(),
    b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3\xa9", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf",
    b"1" * 20, b"12345678901234567890.12345678901234567890", b',"id":1', b'"id":1,',
    b"[" * 31 + b"]" * 31, b"[" * 32 + b"]" * 32,
]  # fmt: skip


def drawn(dice, depth=0):
    """A value, as a job document might hold it or worse."""
    kind = dice.randrange(12 if depth < 5 else 8)
    if kind < 3:
        alphabet = dice.choice(("abcXYZ01 /?&=%", 'a"\\/\b\n\t\x7f', "a\u00e9\u20ac\U0001f600\ud7ff"))
        return "".join(dice.choice(alphabet) for _ in range(dice.randrange(12)))
    if kind == 3:
        return dice.choice((True, False, None))
    if kind < 6:
        return dice.choice((0, 1, -1, dice.randrange(1000), dice.randrange(-(10**20), 10**20)))
    if kind < 8:
        return dice.choice(
            (0.5, -2.0, 1e300, dice.uniform(-1e6, 1e6), dice.random() * 10.0 ** dice.randrange(-300, 300))
        )
    if kind < 10:
        return [drawn(dice, depth + 1) for _ in range(dice.randrange(5))]
    return {
        name: drawn(dice, depth + 1)
        for name in dice.sample(("id", "a", "b", "\u00e9", "x\ny", ""), dice.randrange(5))
    }


def written(dice, value):
    """One of the ways to write a value down."""
    separators = dice.choice((None, (",", ":"), (" ,\n", "\t: ")))
    return json.dumps(value, separators=separators, ensure_ascii=dice.random() < 0.5).encode()


def mutated(dice, text):
    """The text with one to three things done to it: cut out, put in, put in place of another, or said twice."""
    for _ in range(dice.randrange(1, 4)):
        start = dice.randrange(len(text) + 1)
        end = min(len(text), start + dice.choice((0, 0, 1, 1, 2, 5, 30)))
        piece = dice.choice((b"", dice.choice(_PIECES), dice.choice(_PIECES), text[start:end] * 2))
        text = text[:start] + (bytes((piece,)) if type(piece) is int else piece) + text[end:]
    return text


def valid_texts(seed, count):
    """So many texts of which each is JSON, always the same."""
    dice = random.Random(seed)
    return [written(dice, drawn(dice)) for _ in range(count)]


def mutated_texts(seed, count):
    """So many texts that were JSON once, always the same."""
    dice = random.Random(seed)
    return [mutated(dice, written(dice, {"id": drawn(dice), "of": drawn(dice)})) for _ in range(count)]


def told(value):
    """A value in words that both interpreters spell the same."""
    if type(value) is str:
        return "s" + value.encode().hex()
    if type(value) is float:
        return "f" + struct.pack(">d", value).hex()
    if type(value) is list:
        return "[" + ",".join([told(member) for member in value]) + "]"
    if type(value) is dict:
        return "{" + ",".join(sorted([told(name) + ":" + told(value[name]) for name in value])) + "}"
    return repr(value)
