"""Which files are compressed, by their first bytes: these defeat the difference between two images. Pure."""

from collections.abc import Mapping

_MIN_BYTES = 4096
"""A smaller file makes no image large."""
_BEGINNINGS = (
    b"\x1f\x8b",  # gzip
    b"PK\x03\x04",  # zip, and so wheels and zipapps
    b"\xfd7zXZ\0",
    b"BZh",
    b"\x28\xb5\x2f\xfd",  # Zstandard
    b"\x04\x22\x4d\x18",  # LZ4
    b"7z\xbc\xaf\x27\x1c",
    b"\x89PNG",
    b"\xff\xd8\xff",  # JPEG
)


def compressed_files(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The paths of the compressed files among these, without small ones, sorted."""
    return tuple(
        path for path in sorted(files) if len(files[path]) >= _MIN_BYTES and files[path].startswith(_BEGINNINGS)
    )
