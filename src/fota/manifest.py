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

    from fota.trust_errors import NotTrusted

PAYLOAD_TYPE = "application/vnd.aws-iot-fota.manifest+json"
ANY_SLOT = "any"
MOST_NUMBER = 9_007_199_254_740_991
MOST_SECVER = 2_147_483_647
NAME = "a name"

_MOST_SIZE_BYTES = 2_147_483_647
_MOST_NAMES = 16
_MOST_CHARACTERS = 64
_MOST_SLOT = 254
_NAMES = "a list of 1 to 16 names"
_TEXT = "1 to 64 printable ASCII characters"
_SLOT = "a slot number, or 'any'"

_RULES = {
    "critical": _NAMES,
    "format": (1, 1),
    "hardware": _NAMES,
    "image": NAME,
    "md5": 32,
    "not_after": (0, MOST_NUMBER),
    "not_before": (0, MOST_NUMBER),
    "product": NAME,
    "release": NAME,
    "secver": (0, MOST_SECVER),
    "seq": (1, MOST_NUMBER),
    "sha256": 64,
    "size": (1, _MOST_SIZE_BYTES),
    "slot": _SLOT,
    "version": _TEXT,
}
"""Of each field: the bounds of a number, how many hexadecimal digits, or what is expected in words."""


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
    fields = checked("manifest", payload, BadManifest, _RULES, ("critical", "not_after", "not_before"))
    for name in fields.get("critical", ()):
        if name not in _RULES:
            raise BadManifest(f"{name}: critical, and not known to this device")
    return Manifest(fields)


def checked(
    what: str, payload: bytes, refusal: "type[NotTrusted]", rules: "dict[str, Any]", optional: "tuple[str, ...]"
) -> "dict[str, Any]":
    """The fields of an object in canonical JSON, each as its rule says, and more fields, as they came.

    *Raises* the refusal, which names the field.
    """
    try:
        fields = strict_json.parse_canonical(payload)
    except ValueError as error:
        raise refusal(f"{what}: {error}", cause=error)
    for name in sorted(rules):
        if name in fields:
            rule = rules[name]
            if not _is_right(fields[name], rule):
                if type(rule) is tuple:
                    rule = "a whole number, %d to %d" % rule
                elif type(rule) is int:
                    rule = f"{rule} hexadecimal digits in lower case"
                raise refusal(f"{name}: expected {rule}")
        elif name not in optional:
            raise refusal(f"{name}: missing")
    return fields


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether a value is a whole number within bounds; True and 1.0 are none."""
    return type(value) is int and least <= value <= most


def is_hexadecimal(value: object, digits: int) -> bool:
    """Whether a value is so many hexadecimal digits in lower case."""
    return type(value) is str and len(value) == digits and not value.strip("0123456789abcdef")


def _is_right(value: "Any", rule: "Any") -> bool:
    if type(rule) is tuple:
        return is_whole(value, rule[0], rule[1])
    if type(rule) is int:
        return is_hexadecimal(value, rule)
    if rule == _NAMES:
        return isinstance(value, list) and 0 < len(value) <= _MOST_NAMES and all(map(_is_name, value))
    if rule == _SLOT:
        return value == ANY_SLOT or is_whole(value, 0, _MOST_SLOT)
    if rule == NAME:
        return _is_name(value)
    return rule == _TEXT and _is_text(value)


def _is_name(value: object) -> bool:
    return _is_text(value) and not str(value).lower().strip("abcdefghijklmnopqrstuvwxyz0123456789._-")


def _is_text(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= _MOST_CHARACTERS and min(value) >= " " and max(value) <= "~"
