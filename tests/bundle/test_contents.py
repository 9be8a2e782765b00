"""The list of a bundle: what is read as it was written, and what is refused, with a message that names it."""

import io
import json
import zipfile

import pytest

from fota.bundle import contents_cpython as contents
from fota.bundle.contents_cpython import Contents, Member

SHA256 = "ab" * 32
MAIN = Member("app/__main__.py", 0o644, 5_000, SHA256)


def made(*paths: str, entry: str = contents.MAIN, runtime: str = "cp311-any") -> Contents:
    members = [MAIN, *(Member(path, 0o644, 10, SHA256) for path in paths)]
    return contents.contents_of(members, version="1.0", entry=entry, runtime=runtime)


def changed(**fields: object) -> bytes:
    """The text of a list in which these fields are others; None takes one out."""
    whole = json.loads(made("lib/numpy/core.so").encoded()) | fields
    kept = {name: value for name, value in whole.items() if value is not None}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def row(path: object = "lib/a.py", mode: object = 0o644, size: object = 1, sha256: object = SHA256) -> list[object]:
    return [path, mode, size, sha256]


def with_rows(*rows: object) -> bytes:
    """A list with these files, which is right in all else."""
    files = [list(MAIN), *rows]
    try:
        tree = contents.tree_bytes([Member(*file) for file in files])  # type: ignore[misc]
    except (TypeError, AttributeError):
        tree = 1
    return changed(files=files, tree=tree)


def test_a_list_is_read_as_it_was_written():
    whole = made("lib/é.py", "lib/numpy/core.so", entry="pump.cli:main", runtime="cp311-manylinux_2_31_aarch64")
    found = contents.parse(whole.encoded())
    assert found == whole
    assert [member.path for member in found.files] == ["app/__main__.py", "lib/numpy/core.so", "lib/é.py"]
    assert (found.entry, found.runtime, found.boot) == ("pump.cli:main", "cp311-manylinux_2_31_aarch64", 1)


def test_files_in_another_order_make_the_same_list():
    assert made("lib/b.py", "lib/a.py").encoded() == made("lib/a.py", "lib/b.py").encoded()


def test_room_is_counted_in_blocks_with_byte_code_and_folders():
    # 5,000 bytes take two blocks, and as much as byte code; `app` and `app/__pycache__` take one each.
    assert contents.tree_bytes([MAIN]) == 6 * 4096
    assert contents.tree_bytes([MAIN, Member("lib/x.so", 0o755, 1, SHA256)]) == 8 * 4096


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("format", True),
        ("version", ""),
        ("version", "1 0"),
        ("version", "x" * 65),
        ("version", 1),
        ("entry", "pump-cli"),
        ("entry", "pump:"),
        ("entry", "pump:a:b"),
        ("entry", "os;system"),
        ("entry", "a" * 201),
        ("runtime", "cp311"),
        ("runtime", "cp311-manylinux_2_31_aarch64.manylinux2014_aarch64"),
        ("runtime", "cp311-"),
        ("boot", 0),
        ("boot", 256),
        ("boot", 1.0),
        ("tree", 0),
        ("files", []),
        ("files", {}),
    ],
)
def test_a_field_that_is_odd_or_missing_is_named(field, value):
    for wrong in (value, None):
        with pytest.raises(ValueError, match=f"^{field}: "):
            contents.parse(changed(**{field: wrong}))


@pytest.mark.parametrize(
    "path",
    [
        "etc/passwd",
        "app",
        "lib/",
        "/app/a.py",
        "app//a.py",
        "app/./a.py",
        "app/../../a.py",
        "app/..",
        "lib/a.py/",
        "lib\\a.py",
        "lib/a\\..\\b.py",
        "lib/a\x00b",
        "lib/a\nb",
        "lib/a\x85b",
        "lib/c:b",
        "lib/a?",
        "lib/a*",
        "lib/a.",
        "lib/a ",
        "lib/dir /a",
        "lib/e\u0301.py",
        "lib/" + "a" * 237,
        "lib/__pycache__/a.cpython-311.pyc",
        "lib/__PyCache__/a",
        "LIB/a.py",
        "lib/\ud800",
        7,
        None,
    ],
)
def test_a_path_that_could_leave_the_tree_or_be_kept_as_another_is_refused(path):
    with pytest.raises(ValueError, match="path"):
        contents.require_path(path)


@pytest.mark.parametrize("path", ["lib/a b.txt", "lib/é.py", "app/.hidden", "lib/a..b", "lib/" + "a" * 236])
def test_an_ordinary_path_is_taken(path):
    assert contents.require_path(path) == path


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("lib/A.py", "lib/a.py"),
        ("lib/A/x.py", "lib/a/y.py"),
        ("lib/STRASSE.py", "lib/straße.py"),
        ("lib/fi.py", "lib/ﬁ.py"),
        ("lib/a", "lib/a/b"),
        ("lib/A", "lib/a/b"),
    ],
)
def test_two_paths_that_are_one_on_some_file_system_are_refused(first, second):
    with pytest.raises(ValueError, match="path '"):
        made(first, second)


@pytest.mark.parametrize(
    "odd",
    [
        row(mode=0o600),
        row(mode=0o4755),
        row(mode=True),
        row(size=-1),
        row(size=1.0),
        row(size=1 << 31),
        row(sha256=SHA256.upper()),
        row(sha256=SHA256[:-1]),
        row(path="app/__main__.py"),
        row(path="app/A.py"),
        row()[:3],
        "lib/a.py",
    ],
)
def test_an_odd_file_of_the_list_is_refused(odd):
    with pytest.raises(ValueError, match=r"path|files"):
        contents.parse(with_rows(odd))


def test_rows_that_are_right_are_taken():
    # The counterpart: none of the lists above is refused for what they share.
    assert contents.parse(with_rows(row())).files[1] == Member("lib/a.py", 0o644, 1, SHA256)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"format":1,"format":1}',
        b" " + changed(),
        changed(more=1),
        changed(version="\\ud800").replace(b"\\\\", b"\\"),
        changed(tree=float("inf")),
        b"9" * 5_000,
        b" " * (contents.MAX_LIST_BYTES + 1),
    ],
)
def test_a_text_that_is_not_the_one_encoding_is_refused(text):
    with pytest.raises(ValueError, match=r"list|tree"):
        contents.parse(text)


def test_more_files_than_a_device_takes_are_refused():
    with pytest.raises(ValueError, match="20000 files"):
        made(*(f"lib/{number}.py" for number in range(contents.MAX_FILES)))


def test_a_bundle_is_known_by_its_first_bytes():
    def first(name: str) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), b"content")
        return packed.getvalue()[: contents.FIRST_BYTES]

    assert contents.is_bundle(first("fota-bundle.json"))
    for name in ("__main__.py", "fota-bundle.jsonx", "fota-bundle.jso", "a/fota-bundle.json"):
        assert not contents.is_bundle(first(name))
    assert not contents.is_bundle(first("fota-bundle.json")[:-1])
    assert not contents.is_bundle(b"")
