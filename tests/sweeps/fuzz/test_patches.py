"""The part of the fuzz of patches that is small enough for every day, and bugs that it finds.

The whole of it is a part of `make fuzz`.
"""

import json
from collections import Counter

import pytest

from fota.errors import PatchFailed
from fota_operator.patches.make import apply_patch
from sweeps.fuzz import __main__ as command
from sweeps.fuzz import workers
from sweeps.fuzz.check import DEADLINE_S, HANG
from sweeps.fuzz.patches import compared, damage, decoders, mutants
from sweeps.fuzz.patches.compared import DIFFERENCE, PatchTally
from sweeps.fuzz.patches.mutants import PatchBug
from sweeps.fuzz.patches.mutated import mutated
from sweeps.seeding.bugs import at, bug, misfits
from sweeps.seeding.in_process import seeded
from sweeps.seeding.trees import put_into
from sweeps.seeding.verbs import at_end, at_start
from tests.labs.interpreter import only_where_it_runs as where_micropython_is

SEED = mutants.SEED
PATCHES = 4_000
FEW = range(200)

ENDS = {
    "sealed",
    "refused a number has more than",
    "refused a part makes bytes, and",
    "refused a part seeks to byte",
    "refused a part takes bytes behind",
    "refused head",
    "refused image made from the patch",
    "refused new size",
    "refused old size",
    "refused patch",
    "refused slot does not hold the",
    "refused the patch ends before the",
    "refused the patch goes on after",
    "refused the patch has bytes behind",
    "refused the patch is cut off",
    "refused the patch is no deflate",
    "refused window",
}
"""Every way to end that a patch alone can bring about many times, but for a word of the head that is another one."""


@pytest.fixture(scope="module")
def tally() -> PatchTally:
    return workers.patches(PATCHES, seed=SEED, workers=2, deadline_s=DEADLINE_S)


@pytest.mark.slow
@where_micropython_is
def test_no_changed_patch_is_anything_but_refused_or_right_on_both_interpreters(tally: PatchTally) -> None:
    assert tally.findings == []
    assert (tally.patches, tally.counts) == (PATCHES, Counter())


@pytest.mark.slow
@where_micropython_is
def test_every_check_of_a_patch_is_reached(tally: PatchTally) -> None:
    assert {end for end, patches in tally.ends.items() if patches > 5} >= ENDS - {"refused head"}
    assert "refused head" in tally.ends
    assert tally.ends["sealed"] > PATCHES / 20


@pytest.mark.slow
@where_micropython_is
def test_the_memory_of_some_patches_is_measured(tally: PatchTally) -> None:
    assert tally.measured == PATCHES / compared.MEASURED_IN
    assert 100_000 < tally.peak_bytes < compared.MAX_PEAK_BYTES


def test_a_patch_that_is_not_changed_makes_the_promised_image() -> None:
    unchanged = [one for one in (mutated(SEED, number) for number in range(600)) if not one.levels]
    assert len(unchanged) > 20
    assert all(len(apply_patch(one.patch, one.old)) == one.wanted_bytes for one in unchanged)


def test_a_seed_and_a_number_make_the_same_patch_again() -> None:
    assert [mutated(SEED, number) for number in FEW] == [mutated(SEED, number) for number in FEW]
    assert mutated(SEED, 1).patch != mutated(SEED + 1, 1).patch


def test_a_bomb_is_among_the_patches_and_makes_no_byte_too_many() -> None:
    bombs = [one for one in (mutated(SEED, number) for number in range(2_000)) if damage.is_bomb(one.patch)]
    assert bombs
    for one in bombs:
        with pytest.raises(PatchFailed):
            apply_patch(one.patch, one.old)


def test_a_window_that_is_too_small_is_seen_in_the_stream() -> None:
    broken = [number for number in range(4_000) if decoders.breaks_window(mutated(SEED, number).patch)]
    assert broken
    assert not any(decoders.breaks_window(mutated(SEED, number).patch) for number in range(0, 190, 19))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("sealed 5 ", "refused 5 the patch is cut off"),
        ("refused 0 the patch is no deflate stream: invalid stored block lengths", "sealed 5 "),
        ("refused 0 magic: a", "refused 0 magic: b"),
        ("refused 4 a", "refused 5 a"),
    ],
)
def test_other_verdicts_of_the_interpreters_are_a_difference(ours: str, theirs: str) -> None:
    assert compared.judged(mutated(SEED, 0), ours, theirs) == {DIFFERENCE}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("refused 9 the patch is no deflate stream: -3", "refused 200 a part seeks to byte 3"),
        ("refused 9 a number has more than 63 bits", "refused 9 the patch is no deflate stream: 22"),
    ],
)
def test_decoders_may_notice_damage_at_another_byte(ours: str, theirs: str) -> None:
    assert compared.judged(mutated(SEED, 0), ours, theirs) == set()


def test_what_only_one_decoder_looks_at_is_counted_and_is_no_difference() -> None:
    ours = "refused 0 the patch is no deflate stream: Error -3 while decompressing data: invalid code lengths set"
    assert compared.judged(mutated(SEED, 0), ours, "sealed 5 ") == {compared.LENIENT}


def test_every_bug_for_patches_fits_the_code() -> None:
    assert misfits([one.bug for one in mutants.BUGS]) == {}


@pytest.mark.slow
@where_micropython_is
@pytest.mark.parametrize("name", ["end-not-required", "more-than-missing", "error-of-deflate", "any-image"])
def test_a_bug_is_found_and_called_what_it_is(name: str) -> None:
    # All of them are tried by `make fuzz-mutants`.
    (one,) = [one for one in mutants.BUGS if one.bug.name == name]
    assert mutants.tried(PatchBug(one.bug, one.kind, numbers=range(400))).is_found


@pytest.mark.slow
def test_a_stream_that_is_decompressed_whole_takes_too_much_memory() -> None:
    (one,) = [one for one in mutants.BUGS if one.is_of_cpython]
    assert mutants.tried(one).is_found


@pytest.mark.slow
def test_a_loop_without_an_end_is_a_hang_on_cpython() -> None:
    endless = bug("endless", "Nothing ends.", at("apply:read_head", at_start("while True: pass")))
    with seeded(endless):
        tally = compared.compare(SEED, range(3), deadline_s=0.1, asks_micropython=False)
    assert tally.counts == {HANG: 3}


@pytest.mark.slow
@where_micropython_is
def test_a_loop_without_an_end_is_a_hang_on_micropython() -> None:
    endless = bug("endless", "Nothing ends.", at("apply:read_head", at_start("while True: pass")))
    tally = compared.compare(SEED, FEW, alter=lambda folder: put_into(endless, folder), timeout_s=2.0)
    assert tally.counts == {HANG: 1}


@where_micropython_is
def test_an_interpreter_that_breaks_down_is_found() -> None:
    broken = bug("broken", "It ends early.", at("apply", at_end("import no_such_module")))
    tally = compared.compare(SEED, FEW, alter=lambda folder: put_into(broken, folder))
    assert tally.counts[DIFFERENCE] == 2
    assert "no_such_module" in tally.findings[-1].what


def test_one_patch_can_be_played_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seed", "4", "--compare", "0", "--replay-patch", "57"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "patch 57 of seed 4, changed: nothing"
    assert "CPython: sealed" in told
    assert json.loads(told[-1])["patches"]["count"] == 1


def test_patches_can_be_fuzzed_without_documents(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--patches-alone", "--patches", "50", "--compare", "0", "--workers", "1"]
    assert command.main(few) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["documents"], last["patches"]["count"]) == (0, 50)
