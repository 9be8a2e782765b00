"""The part of the fuzz that is small enough for every day, and what it reaches. The whole of it is `make fuzz`."""

import pytest

from fota import errors
from sweeps.fuzz import workers
from sweeps.fuzz.check import DEADLINE_S, Tally
from tests.labs.interpreter import only_where_it_runs as where_micropython_is

pytestmark = pytest.mark.slow

SEED = 4
DOCUMENTS, COMPARED = 8_000, 1_200


def _reasons(kind: type[errors.Refused]) -> set[str]:
    below = [reason for child in kind.__subclasses__() for reason in _reasons(child)]
    return set(below) or {kind.reason}


ENDS = {"claimed", "SUCCEEDED", "handed-over", *_reasons(errors.Refused)} - {errors.Declined.reason}
"""Every way to end that a document alone can bring about: to decline is up to the device's program."""


@pytest.fixture(scope="module")
def tally() -> Tally:
    return workers.fuzz(DOCUMENTS, seed=SEED, workers=2, deadline_s=DEADLINE_S)


def test_no_document_gets_an_exception_out_of_a_device_or_past_it(tally: Tally) -> None:
    assert tally.documents == DOCUMENTS
    assert [finding for finding in tally.findings if finding.kind == "escape"] == []
    assert tally.escapes == 0


def test_no_document_keeps_a_device_busy_for_ever(tally: Tally) -> None:
    assert tally.hangs == 0


def test_no_byte_is_written_for_a_document_that_is_refused(tally: Tally) -> None:
    assert [finding for finding in tally.findings if finding.kind == "write"] == []
    assert tally.bytes_written == 0


def test_every_check_of_a_device_is_reached_many_times(tally: Tally) -> None:
    reached = {label.removeprefix("REJECTED "): count for label, count in tally.ends.items()}
    assert set(reached) == ENDS
    assert min(reached.values()) > 10
    assert tally.whole > DOCUMENTS / 20


@where_micropython_is
def test_both_interpreters_say_the_same_of_every_text() -> None:
    compared = workers.compare(COMPARED, seed=SEED, workers=2)
    assert compared.found == []
    assert (compared.texts, compared.differences, compared.escapes, compared.hangs) == (COMPARED, 0, 0, 0)
    assert compared.judged > COMPARED / 40
