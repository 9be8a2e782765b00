"""The words that a bundle leaves as they are: those that a program, its calls, or MicroPython may use."""

import re

from fota_operator.board.modules import SOURCE

_ROOT = SOURCE.parent
_KEYWORD = re.compile(r"\b([a-z_][a-z0-9_]*)=(?!=)")
_CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
_NAME = re.compile(r"\b[A-Za-z_]\w+")


OF_MICROPYTHON = frozenset(
    {
        name
        for kind in (bytes, bytearray, str, list, tuple, dict, set, int, BaseException, OSError)
        for name in dir(kind)
    }
    | {
        "acquire",
        "release",
        "read",
        "readinto",
        "write",
        "close",
        "flush",
        "seek",
        "readline",
        "readblocks",
        "writeblocks",
        "ioctl",
        "register",
        "poll",
    }
    | {
        "errno",
        "value",
        "args",
        "mount",
        "umount",
        "init",
        "deinit",
        "feed",
        "callback",
        "mark_app_valid_cancel_rollback",
    }
)
"""Attributes of what is not ours, and of what MicroPython itself calls."""


def words_of_documents() -> "set[str]":
    """The words that the documentation and the examples write as code: names that a program may use."""
    found: set[str] = set()
    for path in [*(_ROOT / "docs").rglob("*.md"), _ROOT / "README.md"]:
        for code in _CODE.findall(path.read_text(encoding="utf-8")):
            found.update(_NAME.findall(code))
    for path in (_ROOT / "examples").rglob("*.py"):
        found.update(_NAME.findall(path.read_text(encoding="utf-8")))
    return found


def keywords_of_calls() -> "frozenset[str]":
    """The names by which the code, examples and documentation of this checkout give an argument."""
    found: set[str] = set()
    for folder in ("src", "examples", "tests"):
        for path in (_ROOT / folder).rglob("*.py"):
            found.update(_KEYWORD.findall(path.read_text(encoding="utf-8")))
    for path in (_ROOT / "docs").rglob("*.md"):
        found.update(_KEYWORD.findall(path.read_text(encoding="utf-8")))
    return frozenset(found)
