"""Every decision has one head: number, title, a status of the closed list, a date; and the index links to it."""

import re
from datetime import date
from pathlib import Path

import decisions
import pytest

from tests.labs.docs_pages import ROOT, links, read

HEAD = "# 1. A title\n\n- Status: accepted\n- Date: 2026-11-23\n\n## Context\n"


@pytest.mark.parametrize("path", sorted((ROOT / "docs/adr").glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_decision_has_status_date_and_its_four_sections(path: Path) -> None:
    one = decisions._read(path)
    assert one.status in decisions.STATUSES
    assert one.decided_on >= date(2026, 11, 23)
    headings = re.findall(r"^## (.*)$", path.read_text(), re.MULTILINE)
    assert headings[:4] == ["Context", "Options", "Decision", "Consequences"]


def test_the_index_links_to_every_decision_with_its_status_and_date() -> None:
    index = read("docs/adr/index.md")
    found = decisions.decisions()
    assert [target for target in links(index) if re.match(r"\d", target)] == [one.path.name for one in found]
    for one in found:
        assert f"| {one.number} | [{one.title}]({one.path.name}) | {one.status} | {one.decided_on} |" in index
    assert "adr/index.md" in links(read("docs/index.md"))


@pytest.mark.parametrize(
    ("name", "page", "problem"),
    [
        ("0001-a.md", HEAD.replace("- Status: accepted\n", ""), "begins with number, title, status and date"),
        ("0001-a.md", HEAD.replace("2026-11-23", "November"), "begins with number, title, status and date"),
        ("0001-a.md", HEAD.replace("2026-11-23", "2026-13-01"), "month must be in"),
        ("0001-a.md", HEAD.replace("accepted", "agreed"), "status: expected one of proposed, accepted"),
        ("0001-a.md", HEAD.replace("accepted", "superseded"), "superseded by"),
        ("0001-a.md", HEAD.replace("accepted", "accepted by [ADR 2](0002-b.md)"), "a link for no other status"),
        ("0002-a.md", HEAD, "its title has the number 1"),
        ("a.md", HEAD, "expected `NNNN-title.md`"),
        ("0002-a.md", HEAD.replace("# 1.", "# 2."), "expected the numbers from 1 on"),
    ],
)
def test_another_head_is_refused(tmp_path: Path, name: str, page: str, problem: str) -> None:
    (tmp_path / name).write_text(page)
    with pytest.raises(ValueError, match=re.escape(problem)):
        decisions.decisions(tmp_path)


def test_a_decision_that_another_one_supersedes_is_read(tmp_path: Path) -> None:
    (tmp_path / "0001-a.md").write_text(HEAD.replace("accepted", "superseded by [ADR 2](0002-b.md)"))
    assert decisions.decisions(tmp_path)[0].successor == "[ADR 2](0002-b.md)"
