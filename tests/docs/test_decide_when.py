"""The how-to about policies: each policy of it answers; so do those of the docstrings and of the two examples."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fota.policy import DOWNLOAD, RESTART, Later, No, Now, Offer, ask_person_cpython
from tests.labs.docs_pages import ROOT, blocks, read
from tests.labs.interpreter import install_device, micropython, only_where_it_runs

PAGE = "docs/how-to/decide-when.md"
READY = sorted(path for path in (ROOT / "src/fota/policy").glob("[a-z]*.py") if "policy = " in path.read_text())
NIGHT_S, NOON_S = 1_800_057_600, 1_800_010_800
"""01:00 and 12:00 in Italy, in January 2027."""
LINKS = {"u 0": None, "u 1": True, "u 2": False, "u 3": True, "u 4": False, "": None, "u 5": None}


def offered(**facts: object) -> Offer:
    offer = Offer()
    offer.job_id, offer.version, offer.left_bytes, offer.time_s = "job-1", "2.0", 500_000, NOON_S
    for name, value in facts.items():
        setattr(offer, name, value)
    return offer


def told(answer: object) -> str:
    if isinstance(answer, (Later, No)):
        return answer.reason
    assert answer is True or isinstance(answer, Now)
    return "now"


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "dict[str, Any]":
    """What a program has besides its policy."""
    asks = ask_person_cpython.AskPerson
    monkeypatch.setattr(ask_person_cpython, "AskPerson", lambda _folder, **more: asks(str(tmp_path), **more))
    return {"is_metered": lambda: True, "is_at_work": lambda: True, "battery_percent": lambda: 40, "modem": None}


def policies_of(page: str, names: "dict[str, Any]", battery: Path) -> "list[Callable[[Offer], object]]":
    """Each block that makes a policy, run; a block without one is there for the next ones."""
    found = []
    for block in blocks(read(page)):
        if (block.language, block.words) == ("python", "policy"):
            own: dict[str, Any] = {**names}
            exec(block.content.replace("/sys/class/power_supply/BAT0/capacity", str(battery)), own)
            found += [own["policy"]] if "policy" in own else []
    return found


def test_each_policy_of_the_page_answers(
    names: "dict[str, Any]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (3.0, 3.0, 3.0))
    (tmp_path / "capacity").write_text("49\n")
    policies = policies_of(PAGE, names, tmp_path / "capacity")
    assert [told(policy(offered(day_bytes=1_999_000))) for policy in policies] == [
        "outside-window",
        "outside-window",
        "day-budget",
        "now",
        "metered",
        "battery-low",
        "machine-busy",
        "no-answer",
        "outside-window",
        "now",
        "now",
    ]
    restarts = [told(policy(offered(moment=RESTART, left_bytes=0))) for policy in policies[-2:]]
    assert restarts == ["machine-at-work", "outside-window"]
    assert told(policies[-2](offered(version="3.0.1"))) == "this machine stays at version 2"


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_the_example_of_each_docstring_is_a_policy(path: Path, names: "dict[str, Any]") -> None:
    for name in ("combine", "max_bytes", "max_rate", "metered", "when", "window"):
        exec(f"from fota.policy.{name} import *", names)
    exec("from fota.policy.ask_person_cpython import AskPerson", names)
    names["modem"] = type("Modem", (), {"is_in_use": lambda _: False})()
    examples = re.findall(r"^    policy = (.*)$", path.read_text().split('"""')[1], re.MULTILINE)
    assert examples
    for example in examples:
        assert told(eval(example, names)(offered()))


def test_each_ready_made_policy_has_an_example_and_a_section() -> None:
    ready = {path.stem for path in (ROOT / "src/fota/policy").glob("[a-z]*.py")} - {"asking"}
    assert {path.stem for path in READY} == ready
    imported = re.findall(r"^from fota\.policy\.(\w+) import", read(PAGE), re.MULTILINE)
    assert set(imported) == ready


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """`decide` of the example, with a battery and a `busctl` of this test."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.syspath_prepend(str(ROOT / "examples/policy/gateway"))
    monkeypatch.delitem(sys.modules, "decide", raising=False)
    import decide  # type: ignore[import-not-found]  # of the example

    monkeypatch.delitem(sys.modules, "decide")
    monkeypatch.setattr(decide, "BATTERY", str(tmp_path / "capacity"))
    return decide


def say(folder: Path, said: str) -> None:
    (folder / "busctl").write_text(f"#!/bin/sh\necho '{said}'\n")
    (folder / "busctl").chmod(0o755)


@pytest.mark.parametrize("said", LINKS)
def test_what_networkmanager_says_of_the_link_is_what_the_gateway_goes_by(
    gateway: Any, names: "dict[str, Any]", tmp_path: Path, said: str
) -> None:
    say(tmp_path, said)
    (of_the_page,) = (block.content for block in blocks(read(PAGE)) if "def is_metered" in block.content)
    exec(of_the_page, names)
    assert (gateway.is_metered(), names["is_metered"]()) == (LINKS[said], LINKS[said])


def test_a_command_that_fails_or_is_not_there_leaves_the_link_unknown(
    gateway: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "busctl").write_text("#!/bin/sh\necho 'u 4'\nexit 1\n")
    (tmp_path / "busctl").chmod(0o755)
    assert gateway.is_metered() is None
    monkeypatch.setenv("PATH", "/nonexistent")
    assert gateway.is_metered() is None


@pytest.mark.skipif(shutil.which("busctl") is None, reason="there is no busctl")
def test_the_real_busctl_without_a_networkmanager_leaves_the_link_unknown(
    gateway: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The machine that runs this may have one.
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    assert gateway.is_metered() is None


def test_the_gateway_fetches_at_any_hour_restarts_at_night_and_neither_on_a_low_battery(
    gateway: Any, tmp_path: Path
) -> None:
    say(tmp_path, "u 1")
    at_noon, at_night = offered(time_s=NOON_S), offered(time_s=NIGHT_S + 2 * 3600)
    assert told(gateway.policy(at_noon)) == "now"
    assert (gateway.policy(at_noon).max_bytes, gateway.policy(at_noon).max_bytes_per_s) == (20_000_000, 1_000_000)
    at_noon.month_bytes = 20_000_000
    assert told(gateway.policy(at_noon)) == "metered"
    say(tmp_path, "u 2")
    assert told(gateway.policy(at_noon)) == "now"
    at_noon.moment = at_night.moment = RESTART
    assert told(gateway.policy(at_noon)) == "outside-window"
    assert told(gateway.policy(at_night)) == "now"
    (tmp_path / "capacity").write_text("49\n")
    at_noon.moment = DOWNLOAD
    assert (told(gateway.policy(at_night)), told(gateway.policy(at_noon))) == ("battery-low", "battery-low")


_ON_A_BOARD = """
import json
from decide import policy
from fota.policy import Later, RESTART, Offer
offer = Offer()
offer.left_bytes = 500_000
found = []
for time_s in (1_800_010_800, 1_800_057_600):
    offer.time_s = time_s
    answer = policy(offer)
    found.append(answer.reason if isinstance(answer, Later) else [answer.max_bytes, answer.for_s])
offer.moment = RESTART
found.append(type(policy(offer)).__name__)
print(json.dumps(found))
"""


@only_where_it_runs
def test_the_board_fetches_a_part_of_the_image_each_night(tmp_path: Path) -> None:
    folder = install_device(tmp_path / "device")
    shutil.copy(ROOT / "examples/policy/board/decide.py", folder)
    assert json.loads(micropython(_ON_A_BOARD, folder=folder)) == ["outside-window", [200_000, 4 * 3_600], "Now"]


def test_the_answer_that_the_page_writes_in_a_shell_is_taken(tmp_path: Path) -> None:
    ask = ask_person_cpython.AskPerson(str(tmp_path))
    assert told(ask(offered())) == "no-answer"
    (script,) = (block.content for block in blocks(read("docs/reference/ask-a-person.md")) if block.language == "sh")
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True)
    assert told(ask(offered())) == "now"


def test_the_question_and_the_progress_of_the_page_have_the_fields_that_are_written(tmp_path: Path) -> None:
    ask = ask_person_cpython.AskPerson(str(tmp_path))
    ask(offered())
    ask.progress.taken("job-1")
    ask.progress.downloading(1, 1)
    shown = [json.loads((tmp_path / f"{name}.json").read_text()) for name in ("offer", "progress")]
    page = [
        json.loads(one.content) for one in blocks(read("docs/reference/ask-a-person.md")) if one.language == "json"
    ]
    assert [list(one) for one in page] == [list(one) for one in shown]
