"""The manifest: the signed description of a release. It is read from bytes whose signature was verified.

Canonical JSON, flat, ASCII, at most 2,048 bytes:

format        1
product       whose firmware it is: a name
hardware      the hardware that it runs on: a list of names
version       what people call it: 1 to 64 printable characters
seq           the number of the manifest, 1 to 9,007,199,254,740,991: each later manifest has a greater one
secver        the security version, 0 to 2,147,483,647: raised when an older image must never come back
slot          the slot that the image is linked for, or "any"
image         the kind of the image: a name, such as "zipapp"
size          bytes of the image, 1 to 2,147,483,647
sha256, md5   of the image, hexadecimal digits in lower case
release       the id of the release: a name
runtime       the Python and the platform that the image was made for: a name, such as "cp311-any"; optional
boot          the protocol between fota-boot and the image that it needs, 1 to 255; optional
tree          bytes that the device needs to unpack it, 0 to 9,007,199,254,740,991; optional
urgency       "now" or "when-convenient": whether the device may put it off; "when-convenient" if it is left out
within        the seconds after which the device no longer puts it off, 1 to 31,622,400; optional, and not with "now"
not_before, not_after   seconds since 1970; optional, advisory where no clock can be trusted
critical      a list of fields that must be understood; optional

A name is 1 to 64 letters, digits, dots, dashes or underscores. A field that is not in this list is ignored,
unless `critical` names it: so a later format can add fields that older devices may ignore.
"""

from fota import strict_json
from fota.digests import Digests
from fota.fields import is_hexadecimal, is_of_letters, is_whole
from fota.trust.errors import BadManifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fota.trust.errors import NotTrusted

PAYLOAD_TYPE = "application/vnd.aws-iot-fota.manifest+json"
ANY_SLOT = "any"
MAX_NUMBER = 9_007_199_254_740_991
MAX_SECVER = 2_147_483_647
NAME = "a name"

NOW = "now"
"""The urgency of a release that no device may put off."""
WHEN_CONVENIENT = "when-convenient"
"""The urgency of other releases."""
MAX_WITHIN_S = 31_622_400
"""366 days."""

_MAX_SIZE_BYTES = 2_147_483_647
_MAX_NAMES = 16
_MAX_CHARACTERS = 64
_MAX_SLOT = 254
_NAMES = "a list of 1 to 16 names"
_TEXT = "1 to 64 printable ASCII characters"
_SLOT = "a slot number, or 'any'"
_URGENCY = "'now' or 'when-convenient'"

_OPTIONAL = ("boot", "critical", "not_after", "not_before", "runtime", "tree", "urgency", "within")
_RULES = {
    "boot": (1, 255),
    "critical": _NAMES,
    "format": (1, 1),
    "hardware": _NAMES,
    "image": NAME,
    "md5": 32,
    "not_after": (0, MAX_NUMBER),
    "not_before": (0, MAX_NUMBER),
    "product": NAME,
    "release": NAME,
    "runtime": NAME,
    "secver": (0, MAX_SECVER),
    "seq": (1, MAX_NUMBER),
    "sha256": 64,
    "size": (1, _MAX_SIZE_BYTES),
    "slot": _SLOT,
    "tree": (0, MAX_NUMBER),
    "urgency": _URGENCY,
    "version": _TEXT,
    "within": (1, MAX_WITHIN_S),
}
"""The rule of each field: the bounds of a number, the count of hexadecimal digits, or a description in words."""


class Manifest:
    """The description of a release. Made by `parse`."""

    def __init__(self, fields: "dict[str, Any]") -> None:
        """Takes fields that were checked."""
        self.product: str = fields["product"]
        self.hardware: "list[str]" = fields["hardware"]
        self.version: str = fields["version"]
        self.seq: int = fields["seq"]
        self.secver: int = fields["secver"]
        self.slot: "int | None" = None if fields["slot"] == ANY_SLOT else fields["slot"]
        """The slot that the image is linked for; None: any spare slot."""
        self.image: str = fields["image"]
        self.release: str = fields["release"]
        self.runtime: "str | None" = fields.get("runtime")
        self.boot: int = fields.get("boot", 0)
        """The protocol of fota-boot that the image needs; 0: none."""
        self.tree_bytes: int = fields.get("tree", 0)
        """The room that the unpacked image takes; 0 for an image that starts as it is."""
        self.urgency: str = fields.get("urgency", WHEN_CONVENIENT)
        """NOW or WHEN_CONVENIENT."""
        self.within_s: "int | None" = 0 if self.urgency == NOW else fields.get("within")
        """The device may put it off for this number of seconds after it was queued; None: as long as it likes."""
        self.not_before: "int | None" = fields.get("not_before")
        self.not_after: "int | None" = fields.get("not_after")
        self.sha256: str = fields["sha256"]
        self.wanted: "Digests" = Digests(
            fields["size"], bytes.fromhex(fields["md5"]), bytes.fromhex(fields["sha256"])
        )
        """The digests of the image."""
        self.signed_by: "tuple[str, ...]" = ()
        """The ids of the keys of the keyring that signed it, once that was verified."""


def parse(payload: bytes) -> Manifest:
    """The manifest in the payload of a verified envelope. *Raises* BadManifest, which names the field."""
    fields = checked("manifest", payload, BadManifest, _RULES, _OPTIONAL)
    for name in fields.get("critical", ()):
        if name not in _RULES:
            raise BadManifest(f"{name}: critical, and not known to this device")
    if "within" in fields and fields.get("urgency") == NOW:
        raise BadManifest("within: expected none beside the urgency 'now'")
    return Manifest(fields)


def checked(
    what: str, payload: bytes, refusal: "type[NotTrusted]", rules: "dict[str, Any]", optional: "tuple[str, ...]"
) -> "dict[str, Any]":
    """The fields of an object in canonical JSON, each checked by its rule; other fields stay as they came.

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


def _is_right(value: "Any", rule: "Any") -> bool:
    if type(rule) is tuple:
        return is_whole(value, rule[0], rule[1])
    if type(rule) is int:
        return is_hexadecimal(value, rule)
    if rule == _NAMES:
        return isinstance(value, list) and 0 < len(value) <= _MAX_NAMES and all(map(_is_name, value))
    if rule == _SLOT:
        return value == ANY_SLOT or is_whole(value, 0, _MAX_SLOT)
    if rule == NAME:
        return _is_name(value)
    return _is_text(value) if rule == _TEXT else rule == _URGENCY and value in (NOW, WHEN_CONVENIENT)


def _is_name(value: object) -> bool:
    return _is_text(value) and is_of_letters(str(value), "._-")


def _is_text(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= _MAX_CHARACTERS and min(value) >= " " and max(value) <= "~"
