"""The error of a patch."""

from fota.errors import HashMismatch


class PatchFailed(HashMismatch):
    """The patch is damaged, or is for another image than the one that is there. The whole image may still do."""
