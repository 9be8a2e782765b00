"""Releases: an image and what its maker has signed of it, in one file that is never changed.

It is a zip of two members, stored without compression: `envelope.json`, the signed manifest, and `image`. The
device's own code, in `fota`, decides what a device accepts.
Leaves to others: the file (`release_file`), keys and signatures (`signing`), jobs (`jobs`).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from fota import strict_json
from fota.digests import Digests
from fota.trust import envelope as envelopes
from fota.trust import manifest as manifests
from fota.trust import releases
from fota.trust.envelope import Envelope
from fota.trust.errors import BadManifest, Contradiction, NotTrusted
from fota.trust.keyring import Keyring
from fota.trust.manifest import ANY_SLOT, Manifest
from fota_operator.errors import BadInput, DeviceWouldRefuse
from fota_operator.images.image import BUNDLE_KIND, ESP32_KIND, LITTLEFS_KIND, ZIPAPP_KIND, Image
from fota_operator.trust.jumps import require_no_jump
from fota_operator.trust.signing import Signer, signed
from fota_operator.trust.urgency import urgency_fields

_STARTED_KINDS = (ZIPAPP_KIND, BUNDLE_KIND, LITTLEFS_KIND, ESP32_KIND)
"""What devices start; each device starts some of them."""

_REMEDIES = {
    "unsigned": "make a release of it with `fota release create`",
    "unknown-key": "sign it with a key of that keyring, or give the keyring of that device with `keyring`",
    "too-few-signatures": "sign it with more keys of that keyring: `fota release create ... signers=A signers=B`",
    "wrong-product": "give the keyring of that device with `keyring`, or make a release for its product",
    "wrong-hardware": "give the keyring of that device with `keyring`, or name its hardware with `hardware`",
    "wrong-format": "make an image with `fota image build`",
    "wrong-runtime": "build the image for the Python and the platform of the device",
    "not-valid-now": "wait, or make a release with other `not_before` and `not_after`",
}
_MAKE_IT_AGAIN = "make the release again with `fota release create`"


@dataclass(frozen=True)
class Release:
    """An image, and the envelope of its manifest. `manifest` is what the envelope says, verified or not."""

    image: Image
    envelope: Envelope
    manifest: Manifest


@dataclass(frozen=True)
class Claim:
    """What the maker states about an image. None means the default of `make_release`.

    `allow_jump`: the numbers are meant, even if they leave few or none for later releases.
    `urgency` "now" lets no device put it off; `within_s` lets a device do so for that number of seconds.
    """

    product: str
    hardware: tuple[str, ...]
    version: str | None = None
    seq: int | None = None
    secver: int = 0
    slot: int | None = None
    release: str | None = None
    not_before: int | None = None
    not_after: int | None = None
    allow_jump: bool = False
    urgency: str | None = None
    within_s: int | None = None


def make_release(image: Image, claim: Claim, by: Sequence[Signer]) -> Release:
    """Sign the maker's statements about the image.

    Left out, `version` and `slot` are the image's own, `seq` the seconds since 1970, and `release` is made of
    `seq` and the image's SHA-256. What a bundle needs of a device is stated as its list has it.
    *Raises* BadInput, KeyUnusable.
    """
    try:
        payload = strict_json.canonical(_fields(image, claim))
        manifest = manifests.parse(payload)
    except (ValueError, BadManifest) as error:
        raise BadInput(f"no device would read this manifest: {error}", "correct it and run this again") from error
    envelope = signed(manifests.PAYLOAD_TYPE, payload, by)
    return Release(image, envelope, manifest)


def require_taken(envelope: Envelope, image: Image, keyring: Keyring, now_s: int | None = None) -> Manifest:
    """The manifest, if a device with that keyring would accept the release, as far as that can be known here.

    What the device has installed before is not known: it may still refuse the release as too old. Its interpreter is
    not known either: each of the two takes images of its own kind only.
    `now_s`: seconds since 1970, if not by the clock of this machine. *Raises* DeviceWouldRefuse.
    """
    try:
        manifest = releases.opened(envelopes.fields(envelope), keyring)
        releases.require_for(manifest, keyring, _STARTED_KINDS)
        releases.require_valid(manifest, int(time.time()) if now_s is None else now_s)
        if not manifest.wanted.matches(digests_of(image)):
            raise Contradiction("size, md5 or sha256: the image is not the one that was signed")
    except NotTrusted as error:
        raise refusal(error.reason, str(error)) from error
    return manifest


def refusal(reason: str, message: str) -> DeviceWouldRefuse:
    """The error for a refusal by the device's code."""
    return DeviceWouldRefuse(
        f"a device with this keyring would refuse it: {reason}: {message}",
        _REMEDIES.get(reason, _MAKE_IT_AGAIN),
        reason=reason,
    )


def digests_of(image: Image) -> Digests:
    """An image's digests as the device compares them."""
    return Digests(image.size_bytes, bytes.fromhex(image.md5), bytes.fromhex(image.sha256))


def _fields(image: Image, claim: Claim) -> dict[str, object]:
    now_s = int(time.time())
    seq = now_s if claim.seq is None else claim.seq
    if not claim.allow_jump:
        require_no_jump(seq, claim.secver, now_s)
    slot = _slot(image, claim)
    fields: dict[str, object] = {
        "format": 1,
        "product": claim.product,
        "hardware": list(claim.hardware),
        "version": _version(image, claim),
        "seq": seq,
        "secver": claim.secver,
        "slot": ANY_SLOT if slot is None else slot,
        "image": image.kind,
        "size": image.size_bytes,
        "sha256": image.sha256,
        "md5": image.md5,
        "release": f"{seq}-{image.sha256[:12]}" if claim.release is None else claim.release,
    }
    if image.needs is not None:
        # A device judges these before it fetches a byte.
        fields |= {"runtime": image.needs.runtime, "boot": image.needs.boot, "tree": image.needs.tree_bytes}
    times = {"not_before": claim.not_before, "not_after": claim.not_after}
    if claim.not_before is not None and claim.not_after is not None and claim.not_before > claim.not_after:
        raise BadInput("`not_before` is later than `not_after`", "a device would never take it: exchange them")
    fields |= urgency_fields(claim.urgency, claim.within_s)
    return fields | {name: time_s for name, time_s in times.items() if time_s is not None}


def _version(image: Image, claim: Claim) -> str:
    version = image.version if claim.version is None else claim.version
    if version is None:
        raise BadInput("the image does not say its version", "say it with `version`")
    if image.version not in (None, version):
        raise BadInput(
            f"the image calls itself {image.version}, not {version}",
            "build it with that version, or leave out `version`",
        )
    return version


def _slot(image: Image, claim: Claim) -> int | None:
    if claim.slot is not None and image.slot not in (None, claim.slot):
        raise BadInput(
            f"the image is linked for slot {image.slot} and cannot run in slot {claim.slot}", "leave out `slot`"
        )
    return image.slot if claim.slot is None else claim.slot
