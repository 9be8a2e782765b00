"""Checks are taken away: then a vector gets another verdict, or a test fails. Here a sample, one for each verdict.

All of them are taken away by `make trust-mutants`, which also says of a bug that it does not fit the source any more:
such a bug is passed over here.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sweeps.seeding.bugs import Bug, at, bug, misfits
from sweeps.seeding.verbs import at_end, at_start, drop
from sweeps.trust_mutants import __main__ as command
from sweeps.trust_mutants.by_vectors import BY_VECTORS
from sweeps.trust_mutants.catalogue import CHECKS, Check
from sweeps.trust_mutants.trying import Tried, tried, tried_without_a_bug
from tests.labs.verdicts import first_of_another_verdict

pytestmark = pytest.mark.slow

FITS = bug("fits", "Nothing is wrong.", at("keyring", at_end("pass")))
DOES_NOT_FIT = bug("odd", "What is not there is left out.", at("keyring", drop("no_such_thing()")))
HARMLESS = bug("harmless", "Nothing is wrong.", at("envelope:verified", at_end("pass")))
TEST = "tests/trust/test_keyrings.py::test_a_rotation_survives_a_restart"


def first_that_fits(*, vectors: str = "") -> list[Check]:
    """The first bug of these vectors, or of those that tests notice, that fits; none if none does."""
    return [one for one in CHECKS if one.vectors == vectors and not misfits([one.bug])][:1]


@pytest.mark.parametrize("file", BY_VECTORS)
def test_without_a_check_a_vector_gets_another_verdict(file: str) -> None:
    for check in first_that_fits(vectors=file):
        assert tried(check).noticed.startswith(file + "/")


@pytest.mark.parametrize("file", BY_VECTORS)
def test_with_every_check_no_vector_gets_another_verdict(file: str) -> None:
    assert first_of_another_verdict(file) == ""


@pytest.mark.slow
def test_without_a_check_a_test_fails() -> None:
    for check in first_that_fits():
        assert tried(check).noticed == f"FAILED {check.test}"


@pytest.mark.slow
@pytest.mark.parametrize("check", [Check(HARMLESS, vectors="refused/unknown-key"), Check(HARMLESS, test=TEST)])
def test_a_bug_that_changes_nothing_is_not_noticed(check: Check) -> None:
    found = tried(check)
    assert (found.noticed, found.problem) == ("", "")


@pytest.mark.slow
def test_a_test_that_is_not_there_notices_nothing() -> None:
    found = tried(Check(HARMLESS, test=TEST + "_gone"))
    assert found.noticed == ""
    assert "pytest ended with 4" in found.problem


def test_a_bug_that_is_broken_itself_is_not_noticed() -> None:
    broken = bug("broken", "What it uses is not there any more.", at("envelope:verified", at_start("no_such_name")))
    found = tried(Check(broken, vectors="refused/unknown-key"))
    assert (found.noticed, found.problem[:24]) == ("", "the bug itself is broken")


@pytest.mark.slow
def test_nothing_is_noticed_without_a_bug() -> None:
    found = tried_without_a_bug([Check(FITS, vectors="refused/unknown-key"), Check(FITS, test=TEST)])
    assert (found.noticed, found.problem) == ("", "")


def test_no_two_bugs_have_the_same_name() -> None:
    assert len({check.bug.name for check in CHECKS}) == len(CHECKS) >= 112


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command, with some bugs and options, and what each of them comes to."""

    def status(bugs: tuple[Bug, ...], *options: str, noticed: str = "by it", unchanged: str = "") -> int:
        monkeypatch.setattr(command, "CHECKS", tuple(Check(one, vectors="accepted") for one in bugs))
        monkeypatch.setattr(command, "tried_without_a_bug", lambda _checks: Tried("as it is", unchanged, "", 1.0))
        monkeypatch.setattr(
            command,
            "_tried",
            lambda checks, _workers: [Tried(check.bug.name, noticed, "", 1.0) for check in checks],
        )
        return command.main(list(options))

    return status


@pytest.mark.parametrize(
    ("bugs", "options", "given", "status", "told"),
    [
        ((FITS,), (), {}, 0, '"mutants": 1, "killed": 1, "misfits": 0'),
        ((FITS,), (), {"noticed": ""}, 1, "survived: fits"),
        ((FITS,), (), {"unchanged": "by it"}, 1, "worth nothing"),
        ((FITS, DOES_NOT_FIT), (), {}, 1, '"mutants": 2, "killed": 1, "misfits": 1'),
        ((FITS, DOES_NOT_FIT), ("--fit-only",), {}, 1, "does not fit: odd: keyring: "),
        ((FITS,), ("--fit-only",), {"noticed": ""}, 0, "1 of 1 bugs fit"),
    ],
)
def test_the_command_says_what_came_of_the_bugs(
    bugs: tuple[Bug, ...],
    options: tuple[str, ...],
    given: dict[str, str],
    status: int,
    told: str,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(bugs, *options, **given) == status
    assert told in capsys.readouterr().out


def test_a_name_that_no_check_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "no such check"]) == 2
    assert "no such check: in the name of no check" in capsys.readouterr().err
