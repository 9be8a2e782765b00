"""The how-to about state: its commands, and what its example promises of the data."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.labs.docs_pages import ROOT
from tests.labs.docs_steps import follow, running_below
from tests.labs.shell import Shell

EXAMPLE = ROOT / "examples/state"
MIN_FOLLOWED_STEPS = 8

AsVersion = Callable[[int], ModuleType]


class PowerCut(BaseException):
    """Nothing after this happens."""


@pytest.fixture
def as_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsVersion:
    """The `kept` of a version of the pump, as that version would import it."""

    def imported(version: int) -> ModuleType:
        program = tmp_path / f"pump-{version}"
        if not program.exists():
            shutil.copytree(EXAMPLE / "pump", program)
            if version > 1:
                shutil.copy(EXAMPLE / str(version) / "meter.py", program)
        for name in ("kept", "meter"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.syspath_prepend(str(program))
        import kept  # type: ignore[import-not-found]  # of the example

        return kept  # type: ignore[no-any-return]

    return imported


@pytest.mark.e2e
def test_every_step_of_the_page_does_what_it_says(shell_to_try: Shell, folder_to_try: Path) -> None:
    assert follow("docs/how-to/state.md", shell_to_try, folder_to_try) >= MIN_FOLLOWED_STEPS
    assert running_below(folder_to_try) == []


@pytest.mark.parametrize("others", [[1, 2, 1], [1, 3, 2], [1, 3, 1], [1, 2, 3, 2, 1]])
def test_versions_take_over_from_each_other_in_any_order_and_lose_no_stroke(
    as_version: AsVersion, tmp_path: Path, others: list[int]
) -> None:
    for version in others:
        kept = as_version(version)
        state = kept.load(tmp_path / "state")
        kept.meter.stroke(state)
        kept.save(tmp_path / "state", state)
    gallons = json.loads((tmp_path / "state/state.json").read_text())["gallons"]
    assert gallons == pytest.approx(len(others))


def test_a_version_that_is_too_old_ends_and_leaves_the_data_alone(as_version: AsVersion, tmp_path: Path) -> None:
    text = '{"schema": 4, "readable_from": 3, "litres": 8.0}'
    (tmp_path / "state.json").write_text(text)
    kept = as_version(2)
    with pytest.raises(SystemExit, match="schema 2 can read, got schema 4, which schema 3 and later can read"):
        kept.load(tmp_path)
    assert (tmp_path / "state.json").read_text() == text


def test_data_that_are_damaged_end_the_program_and_are_not_replaced_by_new_ones(
    as_version: AsVersion, tmp_path: Path
) -> None:
    (tmp_path / "state.json").write_text('{"schema": 1, "rea')
    kept = as_version(1)
    with pytest.raises(SystemExit, match=r"state\.json: expected JSON"):
        kept.load(tmp_path)
    assert (tmp_path / "state.json").read_text() == '{"schema": 1, "rea'


@pytest.mark.parametrize("cut_before", range(6))
def test_a_power_cut_leaves_the_old_state_or_the_new_one(
    as_version: AsVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_before: int
) -> None:
    folder = tmp_path / "state"
    old = as_version(1)
    old.save(folder, {"gallons": 2.0})
    new = as_version(2)
    state = new.load(folder)
    calls: list[str] = []
    unflushed: list[Path] = []

    def cutting(name: str, original: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **more: object) -> object:
            if len(calls) == cut_before:
                raise PowerCut
            calls.append(name)
            if name == "open" and isinstance(arguments[0], Path):
                unflushed.append(arguments[0])
            if name == "fsync":
                unflushed.clear()
            return original(*arguments, **more)

        return call

    # Of what a save does on the disk, each may be the last.
    with monkeypatch.context() as power:
        power.setattr(Path, "open", cutting("open", Path.open))
        power.setattr(os, "fsync", cutting("fsync", os.fsync))
        power.setattr(Path, "replace", cutting("replace", Path.replace))
        try:
            new.save(folder, state)
        except PowerCut:
            was_cut = True
        else:
            was_cut = False

    for path in unflushed:
        path.write_bytes(b"")  # What was written and not flushed is lost.
    assert was_cut == (cut_before < 4)
    assert calls == ["open", "fsync", "replace", "fsync"][:cut_before]
    assert new.load(folder)["litres"] == pytest.approx(2 * 3.785)
    assert as_version(1).load(folder) == {"gallons": pytest.approx(2.0)}


def test_a_setting_of_another_version_is_left_alone_and_a_missing_one_has_the_default(
    as_version: AsVersion, tmp_path: Path
) -> None:
    text = '{"stroke_every_s": 3, "colour": "red"}'
    (tmp_path / "settings.json").write_text(text)
    found = as_version(1).settings(tmp_path, {"stroke_every_s": 0.5, "unit": "l"})
    assert found == {"stroke_every_s": 3, "unit": "l"}
    assert (tmp_path / "settings.json").read_text() == text
