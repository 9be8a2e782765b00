"""The generated blocks say what the code says now, and every list that must be whole is."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from aws.iot import document
from fota import errors
from fota.trust import errors as trust_errors
from tests.labs.docs_pages import ROOT, blocks, read


def test_the_generated_blocks_are_current() -> None:
    done = subprocess.run([sys.executable, ROOT / "tools/docs.py", "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_block_that_is_out_of_date_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(read("docs/design.md").replace("| **on-trial** |", "| **settled** |"))
    docs = load_tool("docs")
    assert docs.stale([page]) == {page: read("docs/design.md")}


@pytest.mark.parametrize(
    "text", ["<!-- generated: causes -->\nold\n", "<!-- generated: causes -->\nold\n<!-- end: cause -->\n"]
)
def test_a_block_without_its_end_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="causes: a block without its end"):
        load_tool("docs").regenerated(text)


def test_a_block_that_nobody_generates_is_refused() -> None:
    with pytest.raises(ValueError, match="moods: no such block"):
        load_tool("docs").regenerated("<!-- generated: moods -->\n<!-- end: moods -->\n")


def test_every_block_that_can_be_generated_stands_in_a_page() -> None:
    docs = load_tool("docs")
    text = "".join(page.read_text() for page in docs.pages())
    assert [name for name in docs.BLOCKS if f"<!-- generated: {name} -->" not in text] == []


def test_every_reason_is_in_the_table_once_with_its_status_and_no_other_is() -> None:
    lines = [line for line in read("docs/reference/reasons.md").splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    table = [(cells[0].strip("`"), cells[1]) for cells in rows if len(cells) == 4]
    branches = ((errors.Refused, "REJECTED"), (errors.Failed, "FAILED"))
    expected = [(leaf.reason, status) for branch, status in branches for leaf in leaves(branch)]
    assert sorted(table) == sorted(expected)


def leaves(branch: type[errors.FotaError]) -> Iterator[type[errors.FotaError]]:
    """The classes that are raised: those below the branch, but for the one that only groups others."""
    for below in branch.__subclasses__():
        if below.__module__ in {errors.__name__, trust_errors.__name__}:
            if below not in {errors.DownloadFailed, trust_errors.NotTrusted}:
                yield below
            yield from leaves(below)


_LENIENT = ("x-patches", "x-progress-reports", "x-progress-share", "x-whole")


def test_every_field_of_the_job_document_is_in_its_table_and_no_other_is() -> None:
    page = read("docs/reference/job-document.md")
    table = page.split("## Fields")[1].split("## ")[0]
    fields = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(fields) == sorted([*document._KNOWN, *_LENIENT, "x-..."])
    for limit in (document.MAX_SIZE_BYTES, document.MAX_URL_CHARACTERS):
        assert str(limit) in table


def test_the_job_document_of_the_page_is_accepted() -> None:
    (example,) = [block for block in blocks(read("docs/reference/job-document.md")) if block.language == "json"]
    assert document.is_fota(json.loads(example.content))
    assert document.parse(json.loads(example.content)).slot is None


def test_the_numbers_of_the_pages_are_those_of_the_code() -> None:
    from fota import boot
    from fota.durable import CELL_BYTES
    from fota.transfer.limits import Limits
    from fota_boot import options, supervisor

    limits = Limits()
    assert limits.fruitless_tries == 5
    assert (limits.patience_ms, limits.distrust_ms) == (1_800_000, 600_000)
    assert limits.slowest_bytes_per_s == 2_048
    assert limits.silence_ms == 30_000
    assert limits.total_ms == 3_600_000
    assert limits.fruitful_bytes == 1024
    assert (limits.first_delay_ms, limits.most_delay_ms) == (500, 60_000)
    assert (boot.DEFAULT_ATTEMPTS, options.MAX_ATTEMPTS) == (1, 10)
    assert (options.DEFAULT_DEADLINE_S, supervisor.STOP_GRACE_S) == (600, 10)
    assert (supervisor.FIRST_DELAY_S, supervisor.MAX_DELAY_S, supervisor.STABLE_S) == (1, 60, 60)
    assert CELL_BYTES == 4096


def load_tool(name: str) -> ModuleType:
    """A module of tools/, which is no package."""
    tools = str(ROOT / "tools")
    sys.path.insert(0, tools)
    try:
        spec = importlib.util.spec_from_file_location(f"tool_{name}", ROOT / "tools" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(tools)
    return module
