"""Whether bytes were signed by a key: ECDSA on P-256 with SHA-256, the one algorithm there is.

On CPython the package `cryptography` decides (`_signature_cpython`), elsewhere our own `p256`; both give the same
verdicts. Either is imported when first asked: an idle device does not pay for it. Which key may sign what is the
business of others.
"""

from fota import machine


def verify_p256(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `message` by the holder of `public_key`.

    `public_key` is the uncompressed point, 65 bytes 04 || x || y; `message` is what was signed, hashed here with
    SHA-256; `signature` is 64 bytes r || s, both big-endian. All else is False, whatever it is: nothing is raised.

    A signature is no name for what it signs: from (r, s) anybody makes (r, n - s), which is as valid. So nobody may
    count, compare or remember signatures to tell messages or signers apart.
    """
    if machine.INTERPRETER == "cpython":
        from fota._signature_cpython import verify
    else:
        from fota.p256 import verify
    return verify(public_key, message, signature)
