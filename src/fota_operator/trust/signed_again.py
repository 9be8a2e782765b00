"""An older release signed again: the same bytes, under a sequence number above that of a newer release. Pure.

A device refuses the older manifest itself, as `older-release`; it takes a new one of the same image.
Leaves to others: finding the two releases, and offering the result (`rollouts.revert`).
"""

import time
from collections.abc import Sequence

from fota.trust.keyring import Keyring
from fota.trust.manifest import MAX_NUMBER, WHEN_CONVENIENT, Manifest
from fota_operator.errors import BadInput, DeviceWouldRefuse
from fota_operator.trust.release import Claim, Release, make_release, require_taken
from fota_operator.trust.signing import Signer


def require_was_taken(release: Release, keyring: Keyring) -> None:
    """Check that a device with that keyring takes a release of before, in the time for which it was made.

    What is signed again must have been signed before: an image that somebody else put into the bucket must never be.
    *Raises* DeviceWouldRefuse.
    """
    manifest = release.manifest
    now_s = manifest.not_after if manifest.not_before is None else manifest.not_before
    require_taken(release.envelope, release.image, keyring, now_s)


def require_way_back(former: Manifest, newer: Manifest) -> None:
    """*Raises* DeviceWouldRefuse if devices that took the newer release refuse the image of the former one."""
    if former.secver < newer.secver:
        raise DeviceWouldRefuse(
            f"{newer.version} raised the security version to {newer.secver}, and {former.version} has "
            f"{former.secver}: devices that reached it refuse the older image",
            "make a new release of a corrected image",
            reason="below-floor",
        )
    if newer.seq >= MAX_NUMBER:
        raise DeviceWouldRefuse(
            f"{newer.version} has used up the sequence numbers: devices that took it refuse every other release",
            "send them a keyring that voids that number, made by `fota keys export`",
            reason="older-release",
        )


def sign_again(former: Release, newer: Manifest, by: Sequence[Signer]) -> Release:
    """A new release of the former image: its product, hardware and version, and a number above the newer one's.

    The times between which it was valid are left out. *Raises* BadInput, KeyUnusable, DeviceWouldRefuse.
    """
    manifest = former.manifest
    require_way_back(manifest, newer)
    if manifest.sha256 == newer.sha256:
        raise BadInput("both releases hold the same image", "name another release")
    claim = Claim(
        product=manifest.product,
        hardware=tuple(manifest.hardware),
        version=manifest.version,
        seq=max(int(time.time()), newer.seq + 1),
        secver=manifest.secver,
        slot=manifest.slot,
        # Above the newer number, whatever that is: it may have been a jump.
        allow_jump=True,
        urgency=None if manifest.urgency == WHEN_CONVENIENT else manifest.urgency,
        within_s=manifest.within_s or None,
    )
    return make_release(former.image, claim, by)
