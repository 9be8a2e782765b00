"""The authorities that issue the certificates of AWS's own endpoints, for devices that have no system to trust.

They are taken from the bundle of CA certificates that boto3 trusts, and each is compared with its known SHA-256.
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/server-authentication.html
"""

import base64
import hashlib
import re
from pathlib import Path

from fota_operator.errors import NotFound

# https://www.amazontrust.com/repository/
_AMAZON = {
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e": "Amazon Root CA 1",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4": "Amazon Root CA 2",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4": "Amazon Root CA 3",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092": "Amazon Root CA 4",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5": "Starfield Services Root CA G2",
}
_NEEDED = "Amazon Root CA 1"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")


def amazon_authorities(bundle: Path) -> bytes:
    """Amazon's authorities of a bundle, as PEM with their names, in the order of their numbers.

    *Raises* NotFound without Amazon Root CA 1, which issues the certificates of today.
    """
    remedy = "name the CA certificates that devices are to trust with `cacert`"
    try:
        blocks = _CERTIFICATE.findall(bundle.read_bytes())
    except OSError as error:
        raise NotFound(f"cannot read the CA certificates {bundle}: {error.strerror}", remedy) from error
    found = {_AMAZON.get(hashlib.sha256(base64.b64decode(block)).hexdigest()): block for block in blocks}
    if _NEEDED not in found:
        raise NotFound(f"{bundle} does not hold {_NEEDED}", remedy)
    return b"".join(
        b"# %s\n-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % (name.encode(), found[name])
        for name in _AMAZON.values()
        if name in found
    )
