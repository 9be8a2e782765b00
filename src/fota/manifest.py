"""The manifest: what a release is, as its maker signed it. Read from bytes whose signature was verified, or refused.

Canonical JSON, flat, ASCII, at most 2,048 bytes:

format        1
product       whose firmware it is: a name
hardware      the hardware that it runs on: a list of names
version       what people call it: 1 to 64 printable characters
seq           the number of the manifest, 1 to 9,007,199,254,740,991: a later one is greater
secver        the security version, 0 to 2,147,483,647: raised when an older image must never come back
slot          the slot that the image is linked for, or "any"
image         the kind of the image: a name, such as "zipapp"
size          bytes of the image, 1 to 2,147,483,647
sha256, md5   of the image, hexadecimal digits in lower case
release       the id of the release: a name
not_before, not_after   seconds since 1970; optional, advisory where no clock can be trusted
critical      a list of fields that must be understood; optional

A name is 1 to 64 letters, digits, dots, dashes or underscores. A field that is not in this list is passed over,
unless `critical` names it: so a later format can add fields that older devices may ignore.
"""

from fota import strict_json
from fota.image import Digests
from fota.trust_errors import BadManifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PAYLOAD_TYPE = "application/vnd.aws-iot-fota.manifest+json"
ANY_SLOT = "any"
MOST_NUMBER = 9_007_199_254_740_991
MOST_SIZE_BYTES = 2_147_483_647
MOST_SECVER = 2_147_483_647
MOST_NAMES = 16
MOST_CHARACTERS = 64

_FORMAT = 1
_MOST_SLOT = 254
_REQUIRED = (
    "format", "hardware", "image", "md5", "product", "release", "secver", "seq", "sha256", "size", "slot", "version",
)  # fmt: skip
_KNOWN = _REQUIRED + ("critical", "not_after", "not_before")


class Manifest:
    """What a release is. Made by `parse`."""

    def __init__(self, fields: "dict[str, Any]") -> None:
        """Of fields that were checked."""
        self.product: str = fields["product"]
        self.hardware: "list[str]" = fields["hardware"]
        self.version: str = fields["version"]
        self.seq: int = fields["seq"]
        self.secver: int = fields["secver"]
        self.slot: "int | None" = None if fields["slot"] == ANY_SLOT else fields["slot"]
        """None: whichever slot is spare."""
        self.image: str = fields["image"]
        self.release: str = fields["release"]
        self.not_before: "int | None" = fields.get("not_before")
        self.not_after: "int | None" = fields.get("not_after")
        self.sha256: str = fields["sha256"]
        self.wanted = Digests(fields["size"], bytes.fromhex(fields["md5"]), bytes.fromhex(fields["sha256"]))
        """What the image is."""


def parse(payload: bytes) -> Manifest:
    """The manifest that the payload of a verified envelope is. *Raises* BadManifest, which names the field."""
    try:
        fields = strict_json.parse_canonical(payload)
    except ValueError as error:
        raise BadManifest(f"manifest: {error}", cause=error)
    for name in _REQUIRED:
        if name not in fields:
            raise BadManifest(f"{name}: missing")
    for name in sorted(fields):
        if name in _KNOWN and not _is_right(name, fields[name]):
            raise BadManifest(f"{name}: expected {_EXPECTED[name]}")
    for name in fields.get("critical", []):
        if name not in _KNOWN:
            raise BadManifest(f"{name}: critical, and not known to this device")
    return Manifest(fields)


def encode(fields: "dict[str, object]") -> bytes:
    """The payload for these fields: what `parse` reads. *Raises* BadManifest, as a device would."""
    try:
        payload = strict_json.canonical(fields)
    except ValueError as error:
        raise BadManifest(f"manifest: {error}", cause=error)
    parse(payload)
    return payload


def is_name(value: object) -> bool:
    """Whether a value is a name."""
    return _is_text(value) and all(c.isalpha() or c.isdigit() or c in "._-" for c in str(value))


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether a value is a whole number within bounds; True and 1.0 are none."""
    return type(value) is int and least <= value <= most


def is_hexadecimal(value: object, digits: int) -> bool:
    """Whether a value is so many hexadecimal digits in lower case."""
    return type(value) is str and len(value) == digits and all(c in "0123456789abcdef" for c in value)


def _is_right(name: str, value: object) -> bool:
    if name in ("product", "image", "release"):
        return is_name(value)
    if name in ("hardware", "critical"):
        return isinstance(value, list) and 0 < len(value) <= MOST_NAMES and all(is_name(one) for one in value)
    if name == "version":
        return _is_text(value)
    if name in ("md5", "sha256"):
        return is_hexadecimal(value, 32 if name == "md5" else 64)
    if name == "slot" and value == ANY_SLOT:
        return True
    return is_whole(value, *_RANGES[name])


def _is_text(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= MOST_CHARACTERS and all(" " <= c <= "~" for c in value)


_RANGES = {
    "format": (_FORMAT, _FORMAT),
    "seq": (1, MOST_NUMBER),
    "secver": (0, MOST_SECVER),
    "slot": (0, _MOST_SLOT),
    "size": (1, MOST_SIZE_BYTES),
    "not_before": (0, MOST_NUMBER),
    "not_after": (0, MOST_NUMBER),
}
_NAME = f"1 to {MOST_CHARACTERS} letters, digits, dots, dashes or underscores"
_EXPECTED = {
    "format": "1, the only one that this device knows",
    "product": _NAME,
    "image": _NAME,
    "release": _NAME,
    "hardware": f"a list of 1 to {MOST_NAMES} names",
    "critical": f"a list of 1 to {MOST_NAMES} names",
    "version": f"1 to {MOST_CHARACTERS} printable ASCII characters",
    "seq": f"a whole number from 1 to {MOST_NUMBER}",
    "secver": f"a whole number from 0 to {MOST_SECVER}",
    "slot": "a slot number, or 'any'",
    "size": f"a number of bytes from 1 to {MOST_SIZE_BYTES}",
    "sha256": "64 hexadecimal digits in lower case",
    "md5": "32 hexadecimal digits in lower case",
    "not_before": "seconds since 1970",
    "not_after": "seconds since 1970",
}
