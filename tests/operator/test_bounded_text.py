"""Texts that would eat memory or the stack of a parser are refused before it sees them."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.account.policy_statements import parse_statements
from fota_operator.bounded_text import MAX_DEPTH, MAX_TOML_BYTES, parse_json, parse_toml
from fota_operator.errors import BadInput, OperatorError
from fota_operator.images.image import read_image
from fota_operator.rollouts.plan.text import decode
from fota_operator.rollouts.plan_file import read_plan
from fota_operator.things.folder import CONF, read_conf
from fota_operator.trust.keyrings import read_envelope, read_keyring
from fota_operator.trust.release_file import read_release

PLENTY = 100_000
MOST_BYTES = 20_000_000
GREEDY = {
    "parts of a key": b"a" + b".a" * 20_000 + b" = 1",
    "parts of a key with spaces": b"a" + b" . a" * 10_000 + b" = 1",
    "parts in quotes": b'"a"' + b'."a"' * 10_000 + b" = 1",
    "parts in single quotes": b"'a'" + b".'a'" * 10_000 + b" = 1",
    "parts of a table": b"[a" + b".a" * 20_000 + b"]",
    "brackets": b"a = " + b"[" * PLENTY,
    "whole brackets": b"a = " + b"[" * PLENTY + b"]" * PLENTY,
    "tables": b"a = " + b"{a=" * PLENTY,
    "after a comment": b'# "\na = ' + b"[" * PLENTY,
    "after a string": b'b = "\\""\na = ' + b"[" * PLENTY,
    "too long": b"#" * (MAX_TOML_BYTES + 1),
}


@pytest.mark.parametrize("content", GREEDY.values(), ids=GREEDY.keys())
def test_a_greedy_plan_is_refused_in_little_memory(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan.toml").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match="not TOML"):
            read_plan(tmp_path / "plan.toml")
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < MOST_BYTES


@pytest.mark.parametrize(
    "text",
    [
        'a = "x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x"',
        "a = 'x" + ".x" * 40 + "'",
        'a = """' + "[" * 100 + '"""',
        "# " + "[" * 100 + "\na = 1",
        "a = [" + ", ".join(["1.5"] * 100) + "]",
        "a.b.c.d = [[1, 2], [3]]",
    ],
)
def test_what_only_looks_greedy_is_read(text: str) -> None:
    assert "a" in parse_toml(text.encode())


def test_a_binary_is_no_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(BadInput, match="not TOML: it is no text in UTF-8"):
        read_plan(tmp_path / "plan.toml")


@pytest.mark.parametrize("brackets", [b"[" * PLENTY, b"[" * PLENTY + b"]" * PLENTY, b'{"a":' * PLENTY])
def test_deep_json_is_refused(brackets: bytes) -> None:
    with pytest.raises(ValueError, match="nested"):
        parse_json(brackets)
    with pytest.raises(ValueError, match="nested"):
        parse_json(brackets.decode())


def test_json_is_read_up_to_the_bound_and_strings_do_not_count() -> None:
    parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert parse_json('{"a": "[[[\\"[[' + "[" * 100 + '"}') == {"a": '[[["[[' + "[" * 100}


def conf_of(path: Path) -> object:
    folder = path.with_name("pump-1")
    folder.mkdir()
    path.rename(folder / CONF)
    return read_conf(folder)


READERS: tuple[Callable[[Path], object], ...] = (
    read_keyring, read_envelope, read_release, read_image, conf_of, lambda path: decode(path.read_bytes()),
)  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("content", [b"[" * PLENTY, b"[" * 10_000, b'{"a":' * 10_000, b"{" + b"[" * 9000])
def test_each_file_of_json_is_refused_in_words(
    tmp_path: Path, reader: Callable[[Path], object], content: bytes
) -> None:
    (tmp_path / "deep").write_bytes(content)
    with pytest.raises(OperatorError):
        reader(tmp_path / "deep")


def test_a_policy_that_is_nested_too_deep_says_nothing() -> None:
    assert parse_statements("[" * PLENTY) == ()
