"""Writes `tests/patch/vectors.jsonl`: patches that a device must apply, and patches that it must refuse.

They are put together byte by byte as docs/reference/patch-format.md says, without the code that makes patches.
"""

import hashlib
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "tests" / "patch" / "vectors.jsonl"
OLD = bytes(range(256)) * 4
NOTHING = bytes(32)


def number(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = b""
    while value > 127:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def last(copy: int, add: bytes, extra: bytes, seek: int) -> bytes:
    """The last part of a record."""
    zigzag = 2 * seek if seek >= 0 else -2 * seek - 1
    return number(copy) + number(2 * len(add) + 1) + number(len(extra)) + number(zigzag) + add + extra


def part(copy: int, add: bytes) -> bytes:
    """A part with others behind it."""
    return number(copy) + number(2 * len(add)) + add


def packed(records: bytes, window: int = 12, level: int = 9) -> bytes:
    """The records as raw deflate."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -window)
    return stream.compress(records) + stream.flush()


def head(new: bytes, old: bytes = OLD, **other: bytes | int) -> bytes:
    """The head, with some fields of it replaced."""
    fields: dict[str, bytes | int] = {
        "magic": b"FPAT",
        "version": 1,
        "window": 12,
        "zeros": b"\0\0",
        "old_size": len(old),
        "old_sha256": hashlib.sha256(old).digest() if old else NOTHING,
        "new_size": len(new),
        "new_sha256": hashlib.sha256(new).digest(),
    }
    fields.update(other)
    return struct.pack(">4sBB2sQ32sQ32s", *fields.values())


def _with(new: bytes, changed: dict[str, bytes | int]) -> bytes:
    """The head with these fields."""
    return head(new, OLD, **changed)


def good() -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Name, old image, patch, new image."""
    whole = OLD[:1000] + b"new"
    yield "a copy and new bytes", OLD, head(whole) + packed(last(1000, b"", b"new", 0)), whole
    text = b"from nothing, " * 500
    yield "from nothing", b"", head(text, b"") + packed(last(0, b"", text, 0)), text
    yield "from nothing, stored", b"", head(text, b"") + packed(last(0, b"", text, 0), level=0), text
    new = OLD[:10] + bytes((one + 3) % 256 for one in OLD[10:20]) + OLD[20:30]
    yield "a part within a record", OLD, head(new) + packed(part(10, b"\3" * 10) + last(10, b"", b"", 0)), new
    new = OLD[1000:] + OLD[:24]
    records = last(0, b"", OLD[1000:1001], 1001) + last(23, b"", b"", -1024) + last(24, b"", b"", 0)
    yield "forward and back", OLD, head(new) + packed(records), new
    new = bytes((one + 255) % 256 for one in OLD)
    for window in (9, 12, 15):
        patch = head(new, window=window) + packed(last(0, b"\xff" * len(OLD), b"", 0), window)
        yield f"every byte wraps, window {window}", OLD, patch, new
    yield (
        "a byte at a time",
        OLD,
        head(OLD[:200]) + packed(b"".join([part(1, b"")] * 199) + last(1, b"", b"", 0)),
        (OLD[:200]),
    )
    yield "a number with needless bytes", OLD, head(OLD[:5]) + packed(b"\x85\x80\0" + b"\1\0\0"), OLD[:5]


def bad() -> Iterator[tuple[str, bytes, bytes]]:
    """Name, old image, patch."""
    new = OLD[:100]
    right = packed(last(100, b"", b"", 0))
    whole = head(new) + right
    yield "no head", OLD, b""
    yield "half a head", OLD, whole[:87]
    yield "no records", OLD, whole[:88]
    yield "cut off", OLD, whole[:-1]
    yield "a byte behind its end", OLD, whole + b"\0"
    for field, value in (
        ("magic", b"BSDI"),
        ("version", 2),
        ("version", 0),
        ("window", 8),
        ("window", 16),
        ("zeros", b"\0\1"),
        ("new_size", 0),
        ("new_size", 99),
        ("new_size", 101),
        ("new_size", 2**64 - 1),
        ("old_size", 0),
        ("old_sha256", NOTHING),
        ("old_size", 99),
    ):
        shown = "zeros" if value == NOTHING else value
        changed: dict[str, bytes | int] = {field: value}
        yield f"{field} {shown!r}", OLD, _with(new, changed) + right
    yield "it takes from nothing", b"", head(new, b"") + right
    yield "a part that makes nothing", OLD, head(new) + packed(part(0, b"") * 1000 + last(100, b"", b"", 0))
    yield "a record that only seeks", OLD, head(new) + packed(last(0, b"", b"", 5) + last(100, b"", b"", 0))
    yield "a part with too many bytes", OLD, head(new) + packed(last(101, b"", b"", 0))
    yield "a bomb", b"", head(new, b"") + packed(last(0, b"", bytes(10_000_000), 0))
    yield "bytes behind the image", OLD, head(new) + packed(last(100, b"", b"", 0) + b"\0")
    records = last(1, b"", b"", 1023) + last(99, b"", b"", 0)
    yield "a copy behind the end", OLD, head(new) + packed(records)
    yield "an addition behind the end", OLD, head(new) + packed(last(1, b"", b"", 1000) + last(0, b"\0" * 99, b"", 0))
    yield "a seek before the beginning", OLD, head(new) + packed(last(1, b"", b"", -2) + last(99, b"", b"", 0))
    yield "a seek behind the end", OLD, head(new) + packed(last(1, b"", b"", 1024) + last(99, b"", b"", 0))
    yield "a number without an end", OLD, head(new) + packed(b"\x80" * 100)
    yield "no deflate", OLD, head(new) + b"\xff" * 20
    yield "zlib, not raw deflate", OLD, head(new) + zlib.compress(last(100, b"", b"", 0))


def lines() -> str:
    """The file."""
    cases: list[dict[str, object]] = [
        {"name": name, "old": old.hex(), "patch": patch.hex(), "new": new.hex()} for name, old, patch, new in good()
    ]
    cases += [{"name": name, "old": old.hex(), "patch": patch.hex(), "new": None} for name, old, patch in bad()]
    return "".join(json.dumps(case) + "\n" for case in cases)


if __name__ == "__main__":
    FILE.write_text(lines(), encoding="ascii")
    sys.stdout.write(f"{FILE.name}: {len(lines().splitlines())} vectors\n")
