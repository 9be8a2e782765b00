"""Whether bytes were signed by a key: ECDSA on P-256 with SHA-256, the only algorithm here.

On CPython the package `cryptography` decides (`_signature_cpython`), elsewhere our own `p256`; both give the same
verdicts. Either is imported at the first call: an idle device does not need it. The callers decide which key may
sign what.
"""

from fota import machine


def verify_p256(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `message` by the holder of `public_key`.

    `public_key` is the uncompressed point, 65 bytes 04 || x || y; `message` is what was signed, hashed here with
    SHA-256; `signature` is 64 bytes r || s, both big-endian. Anything else is False: nothing is raised.

    Signatures are malleable: from (r, s) anybody can make (r, n - s), which is valid too. So nobody may count,
    compare or remember signatures to tell messages or signers apart.
    """
    if machine.INTERPRETER == "cpython":
        from fota.trust._signature_cpython import verify
    else:
        from fota.trust.p256 import verify
    return verify(public_key, message, signature)
