"""What the present code writes to a home is what the tree before it wrote, byte for byte, and so can read.

Of a record only the bytes that every format has are compared: a later format is longer.
"""

import json
from pathlib import Path

import pytest
from home_afterwards import UPDATED, with_what_follows
from home_stories import STORIES, Story, name_of
from make_homes import files_of, kept

from fota.durable import CELL_BYTES, _unframed
from fota.journal import MAGIC

_HEAD_BYTES, _PREFIX = 14, slice(1, 6)


def as_read_before(name: str, content: bytes | None) -> bytes | None:
    """The file as the tree before reads it: of a record, a format that is not older, and the six bytes that stay."""
    if content is None or not name.rpartition("/")[2].startswith("record-"):
        return content
    payload = content[_HEAD_BYTES : _HEAD_BYTES + content[12]]
    return content[:4] + payload[_PREFIX] if payload and payload[0] >= 1 else content


def in_old_words(files: dict[str, bytes], name: str) -> object:
    """The bytes of a file; of a journal its number and what older code knows of it.

    Older code ignores the accounts of updates and of bytes, and how the last update failed, and counts an image that
    was not confirmed once as bad.
    """
    content = files.get(name)
    if content is None or "journal-" not in name:
        return as_read_before(name, content)
    sequence, payload = _unframed(MAGIC, content, CELL_BYTES)
    if not sequence:
        return content
    members = json.loads(payload)
    for member in ("pace", "fetched", "failure"):
        members.pop(member, None)
    # The check of what came was its CRC; older code takes it for wrong, and downloads the image again.
    for member, place in (("proven", 1), ("kept", 2)):
        if member in members:
            members[member][place] = bool(members[member][place])
    members["bad"] += members.pop("suspects", [])
    return sequence, members


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if in_old_words(one, name) != in_old_words(other, name))


def test_a_journal_that_differs_in_anything_else_is_seen() -> None:
    files = kept("on-trial")
    assert differing(files, files) == []
    assert differing(files, files | {"home/journal-0": files["home/journal-1"]}) == ["home/journal-0"]
    assert differing(files, files | {"home/journal-0": files["home/journal-0"][:40]}) == ["home/journal-0"]


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES, ids=name_of)
def test_the_same_life_leaves_the_same_bytes(story: Story, tmp_path: Path) -> None:
    assert differing(files_of(story, tmp_path), kept(name_of(story))) == []


@pytest.mark.parametrize("story", STORIES, ids=name_of)
def test_an_update_of_a_kept_home_leaves_the_same_bytes(story: Story, tmp_path: Path) -> None:
    files = kept(name_of(story))
    left = {name: content for name, content in files.items() if not name.startswith(UPDATED)}
    assert differing(with_what_follows(left, name_of(story), tmp_path / "home"), files) == []
