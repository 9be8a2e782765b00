"""The digests of an image, computed beside the code under test."""

import hashlib

from fota.digests import Digests


def digests_of(content, *, sha256=True):
    """Size, MD5 and, unless it is left out, SHA-256."""
    return Digests(len(content), hashlib.md5(content).digest(), hashlib.sha256(content).digest() if sha256 else None)
