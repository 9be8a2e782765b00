"""Manifests that are signed correctly but not valid: odd fields, and texts that two readers read differently."""

from vector_parts import ABSENT, Fields, Vector, document, encoded, envelope, manifest, refused

GOOD = encoded(manifest())


def vectors() -> list[Vector]:
    """Each of them."""
    odd = {**_missing(), **_types(), **_numbers(), **_names(), **_digests(), **_others()}
    found = [_vector(name, encoded(manifest(**changes))) for name, changes in odd.items()]
    return found + [_vector(f"text-{name}", text) for name, text in _texts().items()]


def _vector(name: str, payload: bytes) -> Vector:
    about = f"The manifest is well signed, and odd: {name.replace('-', ' ')}."
    return refused("bad-manifest", name, about, document(release=envelope(payload)))


def _missing() -> dict[str, Fields]:
    return {f"{name}-missing": {name: ABSENT} for name in manifest()}


def _types() -> dict[str, Fields]:
    found: dict[str, Fields] = {
        f"{name}-null": {name: None}
        for name in (
            *(*manifest(), "critical", "not_before", "not_after"),
            *("boot", "runtime", "tree", "urgency", "within"),
        )
    }
    for name in ("format", "seq", "secver", "slot", "size", "not_before", "not_after", "boot", "tree", "within"):
        odd = {"true": True, "false": False, "float": 1.0, "text": "1", "list": [1], "object": {"n": 1}}
        found.update({f"{name}-{kind}": {name: value} for kind, value in odd.items()})
    for name in ("product", "image", "release", "version", "sha256", "md5"):
        value = str(manifest()[name])
        strange = {"number": 7, "true": True, "list": [value], "object": {value: value}, "empty": ""}
        found.update({f"{name}-{kind}": {name: value} for kind, value in strange.items()})
    return found


def _numbers() -> dict[str, Fields]:
    beyond = {
        "format": (0, 2, -1, 2**63),
        "seq": (0, -1, 2**53, 2**63, 2**64),
        "secver": (-1, 2**31, 2**32, 2**63),
        "slot": (-1, 255, 2**31),
        "size": (0, -1, -(2**31), 2**31, 2**32, 2**63, 10**19, 10**20, 10**1500),
        "not_before": (-1, 2**53),
        "not_after": (-1, 2**53),
        "boot": (0, -1, 256, 2**32),
        "tree": (-1, 2**53, 2**64),
        "within": (0, -1, 366 * 86_400 + 1, 2**31, 2**53, 2**64),
    }
    return {f"{name}-{_shown(number)}": {name: number} for name, numbers in beyond.items() for number in numbers}


def _shown(number: int) -> str:
    return (
        f"10-to-the-{len(str(number)) - 1}" if number >= 10**19 and set(str(number)[1:]) == {"0"} else f"is-{number}"
    )


def _names() -> dict[str, Fields]:
    strange = {
        "slash": "a/b",
        "path": "../../etc/passwd",
        "root": "/",
        "backslash": "a\\b",
        "nul": "a\0b",
        "space": "a b",
        "colon": "c:",
        "newline": "a\n",
        "percent": "%2e%2e",
        "accent": "caf\u00e9",
        "digit-of-another-script": "\u0663",
        "dollar": "${x}",
        "of-65-characters": "a" * 65,
    }
    found: dict[str, Fields] = {}
    for field in ("product", "release", "image"):
        found.update({f"{field}-{name}": {field: value} for name, value in strange.items()})
    found.update({f"hardware-{name}": {"hardware": ["board-a", value]} for name, value in strange.items()})
    return found


def _digests() -> dict[str, Fields]:
    sha256, md5 = str(manifest()["sha256"]), str(manifest()["md5"])
    found: dict[str, Fields] = {}
    for name, value in (("sha256", sha256), ("md5", md5)):
        strange = {
            "upper-case": value.upper(),
            "one-digit-less": value[:-1],
            "one-digit-more": value + "0",
            "space-before": " " + value[1:],
            "spaces-between": value[:2] + "  " + value[4:],
            "prefix": "0x" + value[2:],
            "no-digit": "g" + value[1:],
            "signed": "-" + value[1:],
            "underscore": value[:3] + "_" + value[4:],
        }
        found.update({f"{name}-{kind}": {name: text} for kind, text in strange.items()})
    return {**found, "md5-of-sha256-length": {"md5": sha256}, "sha256-of-md5-length": {"sha256": md5}}


def _others() -> dict[str, Fields]:
    return {
        "hardware-text": {"hardware": "board-a"},
        "hardware-empty-list": {"hardware": []},
        "hardware-object": {"hardware": {"board-a": 1}},
        "hardware-nested": {"hardware": [["board-a"]]},
        "hardware-number": {"hardware": ["board-a", 1]},
        "hardware-of-17": {"hardware": ["board-a"] + [f"b{n}" for n in range(16)]},
        "urgency-other-word": {"urgency": "tonight"},
        "urgency-upper-case": {"urgency": "NOW"},
        "urgency-empty": {"urgency": ""},
        "urgency-number": {"urgency": 0},
        "urgency-true": {"urgency": True},
        "urgency-list": {"urgency": ["now"]},
        "urgency-object": {"urgency": {"now": 1}},
        "within-beside-now": {"urgency": "now", "within": 86_400},
        "slot-other-word": {"slot": "spare"},
        "slot-upper-case": {"slot": "ANY"},
        "version-of-65-characters": {"version": "1" * 65},
        "version-newline": {"version": "1\n2"},
        "version-accent": {"version": "\u00e9"},
        "version-quote": {"version": '1"'},
        "critical-unknown": {"critical": ["delta"]},
        "critical-unknown-beside-known": {"critical": ["seq", "delta"], "delta": 1},
        "critical-present-and-unknown": {"critical": ["delta"], "delta": "a"},
        "critical-empty": {"critical": []},
        "critical-text": {"critical": "seq"},
        "critical-number": {"critical": [1]},
        "critical-true": {"critical": True},
        "critical-of-17": {"critical": ["seq"] * 17},
        "unknown-field-float": {"note": 1.5},
        "unknown-field-null": {"note": None},
        "unknown-field-accent": {"note": "\u00e9"},
        "unknown-field-quote": {'no"te': 1},
        "unknown-field-escape": {"note": "a\\u0061"},
        "unknown-field-deep": {"note": [[[[[[[[[1]]]]]]]]]},
    }


def _texts() -> dict[str, bytes]:
    seq = b'"seq":7'
    return {
        "empty-object": b"{}",
        "list": b"[]",
        "list-around": b"[" + GOOD + b"]",
        "text-around": b'"lamp"',
        "null": b"null",
        "number": b"7",
        "no-json": b"lamp 1.7.0",
        "cut-short": GOOD[:-1],
        "one-byte": b"{",
        "zeros": bytes(len(GOOD)),
        "trailing-letter": GOOD + b"x",
        "trailing-brace": GOOD + b"}",
        "trailing-nul": GOOD + b"\0",
        "trailing-second-manifest": GOOD + GOOD,
        "newline-behind": GOOD + b"\n",
        "space-before": b" " + GOOD,
        "space-within": GOOD.replace(b'"seq":', b'"seq": '),
        "byte-order-mark": b"\xef\xbb\xbf" + GOOD,
        "utf-16": GOOD.decode().encode("utf-16"),
        "unsorted": b'{"version":"1.7.0",' + GOOD[1:].replace(b',"version":"1.7.0"', b""),
        "key-twice": GOOD.replace(seq, seq + b',"seq":7'),
        "key-twice-other-value": GOOD.replace(seq, b'"seq":1,' + seq),
        "key-escaped": GOOD.replace(b'"seq"', b'"s\\u0065q"'),
        "value-escaped": GOOD.replace(b'"lamp"', b'"l\\u0061mp"'),
        "slash-escaped": GOOD.replace(b'"1.7.0"', b'"1\\/7"'),
        "leading-zeros": GOOD.replace(seq, b'"seq":007'),
        "plus-sign": GOOD.replace(seq, b'"seq":+7'),
        "minus-zero": GOOD.replace(b'"secver":3', b'"secver":-0'),
        "exponent": GOOD.replace(seq, b'"seq":7e0'),
        "hexadecimal": GOOD.replace(seq, b'"seq":0x7'),
        "underscore": GOOD.replace(seq, b'"seq":1_0'),
        "not-a-number": GOOD.replace(seq, b'"seq":NaN'),
        "infinity": GOOD.replace(seq, b'"seq":Infinity'),
        "true-in-capitals": GOOD.replace(seq, b'"seq":True'),
        "comma-behind-the-last": GOOD[:-1] + b",}",
        "comma-missing": GOOD.replace(b',"seq"', b'"seq"'),
        "colon-missing": GOOD.replace(seq, b'"seq"7'),
        "single-quotes": GOOD.replace(b'"', b"'"),
        "comment": GOOD[:-1] + b"/**/}",
        "invalid-utf-8": GOOD.replace(b'"1.7.0"', b'"1\xff"'),
        "control-character": GOOD.replace(b'"1.7.0"', b'"1\x01"'),
        "nul-within": GOOD.replace(b'"lamp"', b'"lamp\0"'),
        "half-a-surrogate": GOOD.replace(b'"1.7.0"', b'"\\ud800"'),
        "nested-1000-deep": b"[" * 1000 + b"]" * 1000,
        "keyring-inside": b'{"format":1,"keys":{},"product":"lamp","threshold":1,"version":2}',
    }
