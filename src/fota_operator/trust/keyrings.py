"""Keyrings: the file that makes a device trust signatures, and the signed successor that replaces it.

Leaves to others: the keys themselves (`keys`), bringing a successor to a device (`keyring_job`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fota import strict_json
from fota.trust import envelope as envelopes
from fota.trust import keyring as keyrings
from fota.trust.envelope import Envelope
from fota.trust.errors import BadEnvelope, BadKeyring, NotTrusted
from fota.trust.keyring import Keyring
from fota_operator.errors import AlreadyThere, BadInput, DeviceWouldRefuse
from fota_operator.files import read_bounded, require_text, write_new
from fota_operator.trust.jumps import require_countable
from fota_operator.trust.keys import SigningKey
from fota_operator.trust.signing import Signer, signed

KEYRING_FILE = "keyring.json"
"""The name of the keyring in use, in the folder of the keys."""

_MAX_BYTES = 16_384
_REMEDY = "make it with `fota keys export`"
_REMEDY_NEXT = "make it with `fota keys rotate`"


@dataclass(frozen=True)
class Void:
    """Numbers that were signed by mistake: those from `begins` on; a device that reached one has `instead`."""

    begins: int
    instead: int


def new_keyring(
    keys: Sequence[SigningKey],
    *,
    product: str,
    hardware: str,
    threshold: int,
    version: int,
    seq: Void | None = None,
    secver: Void | None = None,
) -> Keyring:
    """A keyring of these keys, which voids `seq` and `secver`. *Raises* BadInput for what no device would read."""
    require_countable(version)
    if len({key.key_id for key in keys}) != len(keys):
        raise BadInput("the same key twice", "name different keys")
    keyring = Keyring(
        product=product,
        hardware=hardware,
        version=version,
        threshold=threshold,
        keys={key.key_id: key.public_key for key in keys},
    )
    if seq is not None:
        keyring.void |= {"seq_void": seq.begins, "seq_mark": seq.instead}
    if secver is not None:
        keyring.void |= {"secver_void": secver.begins, "secver_floor": secver.instead}
    try:
        return keyrings.parse(keyrings.encode(keyring))
    except (BadKeyring, ValueError) as error:
        raise BadInput(f"no device would read this keyring: {error}", "correct it and run this again") from error


def write_keyring(path: Path, keyring: Keyring) -> None:
    """Write the file that `fota-boot --keyring` takes. *Raises* AlreadyThere if another keyring is there."""
    content = keyrings.encode(keyring)
    if path.exists() and read_bounded(path, _MAX_BYTES, _REMEDY).rstrip(b"\n") == content:
        return
    try:
        write_new(path, content, mode=0o644)
    except AlreadyThere as error:
        raise AlreadyThere(
            f"{path} holds another keyring, which devices may have", "name another file with -o, or move it away"
        ) from error


def read_keyring(path: Path) -> Keyring:
    """The keyring in a file. *Raises* NotFound, BadInput."""
    content = read_bounded(path, _MAX_BYTES, f"name a keyring with `keyring`; {_REMEDY}")
    require_text(path, content, "a keyring", _REMEDY)
    try:
        # Strip it as a device does: editors end a file with a new line.
        return keyrings.parse(content.rstrip(b"\n"))
    except BadKeyring as error:
        raise BadInput(f"{path} is no keyring: {error}", _REMEDY) from error


def sign_successor(current: Keyring, new: Keyring, by: Sequence[Signer], *, any_hardware: bool) -> Envelope:
    """The envelope that makes devices replace the current keyring with the new one.

    It is signed by the thresholds of both. With `any_hardware` each device keeps its own hardware name: one
    envelope serves all devices that have the current keys.
    *Raises* BadInput, KeyUnusable, DeviceWouldRefuse with the device's reason.
    """
    if keyrings.encode(new) == keyrings.encode(current):
        raise BadInput("both keyrings are the same", "export the next one with its own `version`")
    sent = Keyring(
        product=new.product,
        hardware=None if any_hardware else new.hardware,
        version=new.version,
        threshold=new.threshold,
        keys=new.keys,
    )
    sent.void = dict(new.void)
    _require_stays_void(current, new)
    envelope = signed(keyrings.PAYLOAD_TYPE, keyrings.encode(sent), by)
    require_successor(current, envelope)
    return envelope


def _require_stays_void(current: Keyring, new: Keyring) -> None:
    """A number that is void must stay so, or the release that had it could be sent again."""
    for name, parameter in (("seq_void", "void_seq"), ("secver_void", "void_secver")):
        before, after = current.void.get(name), new.void.get(name)
        if before is not None and (after is None or after > before):
            raise BadInput(
                f"the keyring voids numbers from {before} on, and the next one {'none' if after is None else after}",
                f"export the next one with `{parameter}`: the release that had such a number must stay refused",
            )


def require_successor(current: Keyring, envelope: Envelope) -> Keyring:
    """The keyring that a device with the current one would have afterwards. *Raises* DeviceWouldRefuse."""
    try:
        return keyrings.successor(current, envelopes.fields(envelope))
    except NotTrusted as error:
        raise DeviceWouldRefuse(
            f"a device with this keyring would refuse the next one: {error.reason}: {error}",
            "sign it, with `signers`, by as many keys of both as their thresholds say; versions follow one another",
            reason=error.reason,
        ) from error


def write_envelope(path: Path, envelope: Envelope) -> None:
    """Write a signed keyring. *Raises* AlreadyThere, OperatorError."""
    write_new(path, strict_json.canonical(envelopes.fields(envelope)), mode=0o644)


def read_envelope(path: Path) -> Envelope:
    """The signed keyring in a file, not verified. *Raises* NotFound, BadInput."""
    content = read_bounded(path, _MAX_BYTES, _REMEDY_NEXT)
    require_text(path, content, "a signed keyring", _REMEDY_NEXT)
    try:
        envelope = envelopes.parse(strict_json.parse(content))
    except (BadEnvelope, ValueError) as error:
        raise BadInput(f"{path} is no signed keyring: {error}", _REMEDY_NEXT) from error
    if envelope.payload_type != keyrings.PAYLOAD_TYPE:
        raise BadInput(f"{path} holds another thing, signed: {envelope.payload_type}", _REMEDY_NEXT)
    return envelope
