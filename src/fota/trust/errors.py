"""Why a release or a keyring is not taken: one branch of `fota.errors.Refused`.

NotTrusted
├── Unsigned         "unsigned"          the device has a keyring, and the document no envelope
├── BadEnvelope      "bad-envelope"      it is no DSSE envelope, or it holds another kind of payload
├── UnknownKey       "unknown-key"       no signature is by a key of the keyring
├── BadSignature     "bad-signature"     a signature by a known key does not fit what was signed
├── TooFewSignatures "too-few-signatures"  fewer keys have signed than the keyring asks for
├── BadManifest      "bad-manifest"      what was signed is no manifest that this device understands
├── Contradiction    "contradiction"     the job document says something else than the manifest
├── WrongProduct     "wrong-product"     the release is for another product
├── WrongHardware    "wrong-hardware"    the release is not for this hardware
├── WrongFormat      "wrong-format"      the image is of a kind that this device cannot start
├── WrongRuntime     "wrong-runtime"     it needs another Python, platform or fota-boot than this device has
├── OlderRelease     "older-release"     a newer release was installed here already
├── BelowFloor       "below-floor"       its security version is below what this device has reached
├── NotValidNow      "not-valid-now"     the release is not valid yet, or not any more
├── BadKeyring       "bad-keyring"       a keyring is odd, not the next one, or cannot be read
└── NoKeyring        "no-keyring"        a keyring was sent to a device that has none to check it with

Each makes the job REJECTED, and nothing was erased or written. There is one exception: if a new keyring came between
the download and the trial, and no longer accepts the release, the job is FAILED.
"""

from fota.errors import Refused


def require_same(refusal: "type[NotTrusted]", field: str, expected: object, got: object) -> None:
    """*Raises* the refusal unless the value that came is the expected one."""
    if got != expected:
        raise refusal(f"{field}: expected {expected}, got {got}")


class NotTrusted(Refused):
    """The release or keyring is not signed as this device demands, or not for this device."""

    reason = "not-trusted"


class Unsigned(NotTrusted):
    """The device has a keyring, and the document carries no envelope."""

    reason = "unsigned"


class BadEnvelope(NotTrusted):
    """The envelope is not what DSSE prescribes, is too long, or holds another kind of payload."""

    reason = "bad-envelope"


class UnknownKey(NotTrusted):
    """No signature is by a key of the keyring."""

    reason = "unknown-key"


class BadSignature(NotTrusted):
    """A signature that names a key of the keyring does not fit what was signed."""

    reason = "bad-signature"


class TooFewSignatures(NotTrusted):
    """Fewer keys of the keyring have signed than it asks for."""

    reason = "too-few-signatures"


class BadManifest(NotTrusted):
    """The signed payload is no manifest, or names something critical that this device does not understand."""

    reason = "bad-manifest"


class Contradiction(NotTrusted):
    """The job document, which is not signed, contradicts the manifest, which is signed."""

    reason = "contradiction"


class WrongProduct(NotTrusted):
    """The release is for another product."""

    reason = "wrong-product"


class WrongHardware(NotTrusted):
    """The release does not name the hardware of this device."""

    reason = "wrong-hardware"


class WrongFormat(NotTrusted):
    """The image is of a kind that this device cannot start."""

    reason = "wrong-format"


class WrongRuntime(NotTrusted):
    """The image needs another Python, another platform or a newer fota-boot than this device has."""

    reason = "wrong-runtime"


class OlderRelease(NotTrusted):
    """The manifest number is below that of a release that was confirmed here, or the same for another image."""

    reason = "older-release"


class BelowFloor(NotTrusted):
    """The security version is below what this device has reached: it would bring a flaw back that was fixed."""

    reason = "below-floor"


class NotValidNow(NotTrusted):
    """By the clock of AWS IoT the release is not valid yet, or not any more."""

    reason = "not-valid-now"


class BadKeyring(NotTrusted):
    """A keyring is malformed or not the next one; or the device cannot read its own, and then trusts nothing."""

    reason = "bad-keyring"


class NoKeyring(NotTrusted):
    """A keyring was sent to a device that has none to check it with."""

    reason = "no-keyring"
