"""Reads JSON and TOML within bounds: how long a text is, and how deep it is nested, is judged before it is parsed.

The parsers of Python recurse, and that of TOML takes memory by the square of the parts of a dotted key: 40 kB of dots
need 1.6 GB. Pure. Leaves to others: reading the file (`files`), and what the values mean.
"""

import json
import re
import sys
from collections.abc import Iterable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_DEPTH = 32
MAX_TOML_BYTES = 2 << 20
"""A plan that names twenty thousand things has half of that."""
_MAX_KEY_PARTS = 16

_JSON_PIECE = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_TOML_QUIET = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|' + r"'''.*?'''|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'|#[^\n]*", re.DOTALL
)
"""What holds no structure: strings and comments."""
_DOTTED = re.compile(rf"(?:[\w-]+[ \t]*\.[ \t]*){{{_MAX_KEY_PARTS}}}")
_BRACKET = re.compile(r"[\[\]{}]")


def parse_json(content: bytes | str) -> object:
    """The value of a JSON text. *Raises* ValueError, also if it is nested too deep."""
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    _require_shallow(piece[0].decode() for piece in _JSON_PIECE.finditer(raw) if not piece[0].startswith(b'"'))
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error


def parse_toml(content: bytes) -> dict[str, object]:
    """The table of a TOML text. *Raises* ValueError, also if it is too long, nested too deep, or no text."""
    if len(content) > MAX_TOML_BYTES:
        raise ValueError(f"it has {len(content)} bytes, and at most {MAX_TOML_BYTES} are read")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is no text in UTF-8") from error
    bare = _TOML_QUIET.sub(lambda found: "" if found[0].startswith("#") else "s", text)
    if _DOTTED.search(bare):
        raise ValueError(f"a key has more than {_MAX_KEY_PARTS} parts")
    _require_shallow(bracket[0] for bracket in _BRACKET.finditer(bare))
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error


_TOO_DEEP = f"it is nested more than {MAX_DEPTH} deep"


def _require_shallow(brackets: Iterable[str]) -> None:
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(_TOO_DEEP)
