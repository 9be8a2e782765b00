"""The keyring: whose signatures this device trusts, and what it is itself. Kept in two cells.

Canonical JSON:

format      1
product     what this device is: releases for another product are refused
hardware    its hardware; left out of a keyring that is sent to devices of several kinds: each keeps its own
version     1, and one more for each keyring that replaces it
threshold   how many of the keys must have signed
keys        key id -> public key: 130 hexadecimal digits, an uncompressed point of P-256
seq_void    every sequence number from this one on is void: one was signed by mistake; optional
seq_mark    the mark that a device has instead of a void one, below `seq_void`; with `seq_void`
secver_void, secver_floor   the same for security versions; optional

A key's id is the beginning of the SHA-256 of its public key, so that no key can be listed twice.
The first keyring is stored when the device is provisioned; each later one is signed, as a release is.
"""

import hashlib

from fota import strict_json
from fota.durable import DurableValue
from fota.fields import is_hexadecimal
from fota.trust import envelope as envelopes
from fota.trust import manifest
from fota.trust.errors import (
    BadKeyring,
    NoKeyring,
    TooFewSignatures,
    UnknownKey,
    WrongHardware,
    WrongProduct,
    require_same,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.durable import Cell

PAYLOAD_TYPE = "application/vnd.aws-iot-fota.keyring+json"

MAGIC = b"FKEY"
_MAX_KEYS = 8
_POINT_DIGITS = 130
_RULES = {
    "format": (1, 1),
    "hardware": manifest.NAME,
    "product": manifest.NAME,
    "threshold": (1, _MAX_KEYS),
    "version": (1, manifest.MAX_NUMBER),
    "secver_floor": (0, manifest.MAX_SECVER),
    "secver_void": (1, manifest.MAX_SECVER),
    "seq_mark": (1, manifest.MAX_NUMBER),
    "seq_void": (1, manifest.MAX_NUMBER),
}
"""The rules of all fields but the keys, in the form that `fota.trust.manifest` uses."""
_OPTIONAL = ("hardware", "secver_floor", "secver_void", "seq_mark", "seq_void")
_PAIRS = (("seq_mark", "seq_void"), ("secver_floor", "secver_void"))


class Keyring:
    """Keys and what they may sign for. A later version replaces it; only `successor` changes the one it makes."""

    def __init__(
        self, product: str, hardware: "str | None", version: int, threshold: int, keys: "dict[str, bytes]"
    ) -> None:
        self.product = product
        self.hardware = hardware
        """None in a keyring for devices of several kinds."""
        self.version = version
        self.threshold = threshold
        self.keys = keys
        """Key id -> public key, 65 bytes."""
        self.void: "dict[str, int]" = {}
        """`seq_void` and `seq_mark`, `secver_void` and `secver_floor`; empty where no number is void."""


class KeyringStore:
    """The keyring in its two cells. A device that was never given one has none, and accepts unsigned releases."""

    def __init__(self, first: "Cell", second: "Cell", *others: "Cell") -> None:
        """`others` are places that only a device with a keyring has: they show that a lost keyring was there."""
        self._places = (first, second) + others
        self._value = DurableValue(MAGIC, first, second, _read)

    def load(self) -> "Keyring | None":
        """The keyring; None if none was ever put here.

        *Raises* BadKeyring when there was one and it cannot be read: a device that loses its keys to a damaged
        disk must not begin to trust everybody.
        """
        content = self._value.load()
        if content is not None:
            return _read(content)
        for cell in self._places:
            if cell.is_made():
                raise BadKeyring("keyring: both copies are damaged; see fota-boot --keyring")
        return None

    def save(self, keyring: Keyring) -> None:
        """Replace the keyring; survives a reset once this returns.

        Into both copies: an older one would bring back a key that was dropped. *Raises* BadKeyring, StorageFailed.
        """
        if keyring.hardware is None:
            raise BadKeyring("hardware: missing; the keyring of a device names it")
        self._value.save_in_both(encode(keyring))


def key_id(public_key: bytes) -> str:
    """The id of a public key of 65 bytes."""
    return hashlib.sha256(public_key).digest().hex()[: envelopes.KEY_ID_DIGITS]


def parse(content: bytes) -> Keyring:
    """The keyring that the bytes encode. *Raises* BadKeyring, which names the field."""
    fields = manifest.checked("keyring", content, BadKeyring, _RULES, _OPTIONAL)
    for name in sorted(fields):
        if name not in _RULES and name != "keys":
            raise BadKeyring(f"{name}: expected no such field")
    keys, threshold = _keys(fields.get("keys")), fields["threshold"]
    if threshold > len(keys):
        raise BadKeyring(f"threshold: expected 1 to {len(keys)}, the number of keys, got {threshold}")
    keyring = Keyring(fields["product"], fields.get("hardware"), fields["version"], threshold, keys)
    for instead, void in _PAIRS:
        if instead in fields or void in fields:
            if fields.get(instead, manifest.MAX_NUMBER) >= fields.get(void, 0):
                raise BadKeyring(f"{instead}: expected a number below {void}, and both of them")
            keyring.void[void], keyring.void[instead] = fields[void], fields[instead]
    return keyring


def encode(keyring: Keyring) -> bytes:
    """The keyring as bytes, which `parse` reads."""
    keys = {}
    for name in keyring.keys:
        keys[name] = keyring.keys[name].hex()
    fields = {
        "format": 1,
        "keys": keys,
        "product": keyring.product,
        "threshold": keyring.threshold,
        "version": keyring.version,
    }
    fields.update(keyring.void)
    if keyring.hardware is not None:
        fields["hardware"] = keyring.hardware
    return strict_json.canonical(fields)


def successor(current: "Keyring | None", envelope: object) -> Keyring:
    """The keyring that an envelope carries, if it may replace the current one or is the same.

    It must be the very next version, for the same product and hardware, and be signed by the threshold of the
    current keyring and by its own: keys that nobody holds must never become trusted.
    *Raises* NoKeyring, BadKeyring, BadEnvelope, UnknownKey, BadSignature, TooFewSignatures, WrongProduct,
    WrongHardware.
    """
    if current is None:
        raise NoKeyring("keyring: this device has none; see fota-boot --keyring")
    found = envelopes.parse(envelope)
    new = parse(envelopes.verified(found, PAYLOAD_TYPE, current.keys, current.threshold))
    require_same(WrongProduct, "product", current.product, new.product)
    if new.hardware is not None:
        require_same(WrongHardware, "hardware", current.hardware, new.hardware)
    # A keyring for devices of several kinds names no hardware: each device keeps its own.
    new.hardware = current.hardware
    if encode(new) == encode(current):
        return current
    require_same(BadKeyring, "version", current.version + 1, new.version)
    try:
        envelopes.verified(found, PAYLOAD_TYPE, new.keys, new.threshold)
    except (TooFewSignatures, UnknownKey) as error:
        raise BadKeyring(f"keyring: not signed by its own threshold: {error}", cause=error)
    return new


def _read(content: bytes) -> "Keyring | None":
    try:
        return parse(content)
    except BadKeyring:
        return None


def _keys(value: object) -> "dict[str, bytes]":
    if not isinstance(value, dict) or not 0 < len(value) <= _MAX_KEYS:
        raise BadKeyring(f"keys: expected 1 to {_MAX_KEYS} of them")
    keys = {}
    for name in sorted(value):
        digits = value[name]
        if not is_hexadecimal(digits, _POINT_DIGITS) or not digits.startswith("04"):
            raise BadKeyring(f"keys: expected {_POINT_DIGITS} hexadecimal digits in lower case, 04 first")
        key = bytes.fromhex(digits)
        if name != key_id(key):
            raise BadKeyring(f"keys: expected {key_id(key)} for that public key, got another id")
        keys[name] = key
    return keys
