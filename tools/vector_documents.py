"""Job documents that are not valid: fields are missing, odd or unknown, even if the envelope is right."""

from vector_parts import ABSENT, Fields, Vector, document, encoded, refused

URL = "https://images.example/"


def vectors() -> list[Vector]:
    """Each of them, for a device that takes signed releases only."""
    odd = {**_missing(), **_slots(), **_sizes(), **_digests(), **_urls(), **_others()}
    found = [_vector(name, document(**changes)) for name, changes in odd.items()]
    return found + [_vector(f"whole-{name}", value) for name, value in _whole().items()]


def _vector(name: str, asked: object) -> Vector:
    about = f"The envelope is right, the document odd: {name.replace('-', ' ')}."
    return refused("bad-document", name, about, asked)


def _missing() -> dict[str, Fields]:
    names = ("bc_idx", "bc_crc", "bc_size", "bc_url")
    missing: dict[str, Fields] = {f"{name}-missing": {name: ABSENT} for name in names}
    missing.update({f"{name}-null": {name: None} for name in (*names, "bc_sha256", "bc_insist")})
    return missing


def _slots() -> dict[str, Fields]:
    odd = {"negative": -1, "text": "1", "true": True, "float": 1.0, "list": [1], "other-word": "spare", "empty": ""}
    return {f"slot-{name}": {"bc_idx": value} for name, value in odd.items()}


def _sizes() -> dict[str, Fields]:
    odd = {
        "zero": 0,
        "negative": -1,
        "2-to-the-31": 2**31,
        "2-to-the-32": 2**32,
        "2-to-the-63": 2**63,
        "true": True,
        "float": 9.0,
        "text": "9",
        "list": [9],
        "minus-2-to-the-31": -(2**31),
        "20-digits": 10**19,
    }
    return {f"size-{name}": {"bc_size": value} for name, value in odd.items()}


def _digests() -> dict[str, Fields]:
    found: dict[str, Fields] = {}
    for field, digits in (("bc_crc", 32), ("bc_sha256", 64)):
        value = str(document()[field])
        odd = {
            "one-digit-less": value[:-1],
            "one-digit-more": value + "0",
            "empty": "",
            "number": 7,
            "list": [value],
            "space-before": " " + value[1:],
            "spaces-between": value[:2] + "  " + value[4:],
            "no-digit": "g" * digits,
            "prefix": "0x" + value[2:],
            "true": True,
        }
        found.update({f"{field}-{name}": {field: text} for name, text in odd.items()})
    return found


def _urls() -> dict[str, Fields]:
    odd: dict[str, object] = {
        "http": "http://images.example/a",
        "file": "file:///etc/passwd",
        "no-scheme": "images.example/a",
        "empty": "",
        "upper-case-scheme": "HTTPS://images.example/a",
        "no-host": "https:///a",
        "user": "https://me@images.example/a",
        "space": URL + "a b",
        "newline": URL + "a\r\nHost: b",
        "backslash": "https://images.example\\@evil.example/",
        "port-zero": "https://images.example:0/a",
        "port-no-number": "https://images.example:a/",
        "number": 7,
        "list": [URL],
        "too-long": URL + "a" * 16_384,
        "accent": URL + "\u00e9",
        "nul": URL + "\0",
    }
    return {f"url-{name}": {"bc_url": value} for name, value in odd.items()}


def _others() -> dict[str, Fields]:
    return {
        "insists-text": {"bc_insist": "true"},
        "insists-number": {"bc_insist": 1},
        "unknown-field": {"bc_sha265": "0" * 64},
        "envelope-misspelled": {"enveloppe": {}},
        "manifest-outside-its-envelope": {"manifest": {"seq": 9}},
        "field-in-upper-case": {"BC_SIZE": 9},
        "field-of-a-path": {"../../etc/passwd": 1},
    }


def _whole() -> dict[str, object]:
    good = encoded(document()).decode()
    return {
        "null": None,
        "true": True,
        "number": 7,
        "list": [document()],
        "empty-text": "",
        "text": "fota",
        "trailing": good + "x",
        "cut-short": good[:-1],
        "not-a-number": good.replace('"bc_size":9', '"bc_size":NaN'),
        "leading-zero": good.replace('"bc_size":9', '"bc_size":09'),
        "size-of-5000-digits": good.replace('"bc_size":9', '"bc_size":1' + "0" * 5000),
        "nested-16000-deep": "[" * 16_000 + "]" * 16_000,
    }
