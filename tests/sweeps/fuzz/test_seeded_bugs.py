"""The fuzz is any good: bugs are put into the code, and each is found."""

import json
from typing import Any

import pytest

from aws.iot import document as documents
from aws.iot import keyring_job
from fota import strict_json
from fota.device import Device
from fota.digests import Digests
from fota.trust import envelope, keyring, manifest, releases, signature
from fota.trust.releases import Releases
from sweeps.fuzz import __main__ as command
from sweeps.fuzz import check, differential, mutants, paths
from sweeps.fuzz.check import ESCAPE, HANG, WRITE, Checker, Tally
from sweeps.fuzz.patches import mutants as patch_mutants
from sweeps.fuzz.patches.mutants import PatchBug
from sweeps.fuzz.paths import Outcome
from sweeps.seeding.bugs import Bug, Change, at, bug, misfits
from sweeps.seeding.trees import put_into
from sweeps.seeding.verbs import at_end, at_start, drop
from tests.labs.interpreter import only_where_it_runs as where_micropython_is

pytestmark = pytest.mark.slow

SEED = mutants.SEED
NUMBERS = range(1_500)
AT_A_TIME = 300


def found(numbers: range = NUMBERS, *, deadline_s: float = check.DEADLINE_S) -> Tally:
    """What these documents bring about, up to the first part of them that finds something."""
    checker = Checker(SEED, deadline_s=deadline_s)
    for first in range(0, len(numbers), AT_A_TIME):
        checker.check(numbers[first : first + AT_A_TIME])
        if checker.tally.findings:
            break
    return checker.tally


def kinds(tally: Tally) -> set[str]:
    return {finding.kind for finding in tally.findings}


def test_without_a_bug_nothing_is_found() -> None:
    assert kinds(found()) == set()


def test_an_int_that_raises_on_odd_input_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_size", int)
    tally = found()
    assert kinds(tally) == {ESCAPE}
    assert any("invalid literal" in finding.what for finding in tally.findings)


def test_a_missing_type_check_behind_the_signature_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "is_whole", lambda value, least, most: least <= value <= most)
    assert kinds(found()) == {ESCAPE}


def test_a_reader_that_calls_itself_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def deep(value: object) -> object:
        return [deep(value)]

    monkeypatch.setattr(manifest, "parse", deep)
    tally = found()
    assert kinds(tally) == {ESCAPE}
    assert any("RecursionError" in finding.what for finding in tally.findings)


def test_an_end_of_the_program_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(_value: object) -> None:
        raise SystemExit(1)

    monkeypatch.setattr(documents, "_slot", leave)
    assert kinds(found()) == {ESCAPE}


def test_a_write_before_the_verdict_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    admit = Releases.admit

    def written_first(self: Releases, *arguments: Any) -> object:
        self.floors.save(self.floor())
        return admit(self, *arguments)

    monkeypatch.setattr(Releases, "admit", written_first)
    tally = found()
    assert kinds(tally) == {WRITE}
    assert tally.bytes_written > 0


def test_an_erase_before_the_verdict_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    admit = Releases.admit

    def erased_first(self: Releases, *arguments: Any) -> object:
        self._slots.writer(1, 0).close()
        return admit(self, *arguments)

    monkeypatch.setattr(Releases, "admit", erased_first)
    assert kinds(found()) == {WRITE}


def test_a_keyring_that_is_kept_before_it_is_judged_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    successor = keyring.successor
    store: keyring.KeyringStore

    def kept_first(current: keyring.Keyring | None, carried: object) -> keyring.Keyring:
        store.save(keyring.parse(envelope.parse(carried).payload))
        return successor(current, carried)

    carry_out = keyring_job.carry_out

    def with_the_store(job: Any, jobs: Any, device: Device, progress: Any) -> None:
        nonlocal store
        store = device._releases.keyrings
        carry_out(job, jobs, device, progress)

    monkeypatch.setattr(keyring, "successor", kept_first)
    monkeypatch.setattr("aws.iot.keyring_job.carry_out", with_the_store)
    assert WRITE in kinds(found())


def test_a_loop_without_an_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(run: bytes) -> bool:
        while run:
            pass
        return True

    monkeypatch.setattr(strict_json, "_is_utf8", endless)
    tally = found(range(200), deadline_s=0.05)
    assert kinds(tally) == {HANG}
    assert tally.hangs > 0


def test_a_loop_that_swallows_every_exception_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(_run: bytes) -> bool:
        for _ in range(3):
            try:
                while True:
                    pass
            except BaseException:
                continue
        raise ValueError

    monkeypatch.setattr(strict_json, "_is_utf8", endless)
    assert kinds(found(range(200), deadline_s=0.05)) == {HANG}


def test_a_signature_that_always_holds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature, "verify_p256", lambda *_: True)
    tally = found()
    assert kinds(tally) == {ESCAPE}
    assert all("nobody has signed it" in finding.what for finding in tally.findings)


def test_a_threshold_that_is_not_asked_for_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    verified = envelope.verified
    monkeypatch.setattr(envelope, "verified", lambda found, kind, keys, _threshold: verified(found, kind, keys, 1))
    assert kinds(found()) == {ESCAPE}


def test_a_device_that_takes_what_is_not_signed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def admit(_self: Releases, wanted: Digests, slot: int | None, carried: object, _now_s: int | None) -> object:
        return releases.Admitted(wanted, slot, carried)

    monkeypatch.setattr(Releases, "admit", admit)
    assert ESCAPE in kinds(found())


def test_a_flow_that_takes_what_its_parts_refuse_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "whole", lambda _bench, _sent: Outcome("FAILED", "failed", 0))
    tally = found()
    assert kinds(tally) == {ESCAPE}
    assert any(
        finding.what == "the flow says FAILED failed, its parts say REJECTED bad-document"
        for finding in tally.findings
    )


def test_what_is_found_can_be_played_again_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(documents, "_size", int)
    first = found().findings[0]
    status = command.main(["--seed", str(SEED), "--compare", "0", "--replay", str(first.number)])
    told = capsys.readouterr().out.splitlines()
    assert status == 1
    assert f"ESCAPE {first.what}" in told
    assert json.loads(told[-1])["escapes"] > 0


def test_the_last_line_and_the_status_say_that_nothing_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--documents", "50", "--compare", "0", "--patches", "0"]
    assert command.main([*few, "--seed", "9", "--workers", "1"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "documents": 50,
        "escapes": 0,
        "hangs": 0,
        "bytes_written": 0,
        "compared": 0,
        "differences": 0,
        "patches": {
            "count": 0,
            "wrong_images": 0,
            "escapes": 0,
            "hangs": 0,
            "overruns": 0,
            "memory": 0,
            "differences": 0,
            "lenient": 0,
        },
        "seed": 9,
    }


@pytest.mark.parametrize("wrong", [["--documents", "0"], ["--seed", "x"], ["--replay", "-1"], ["--workers", "1.5"]])
def test_the_command_refuses_what_makes_no_sense(wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(wrong)


def compared(*changes: Change, **how: float) -> differential.Compared:
    odd = bug("odd", "Something is wrong on MicroPython.", *changes)
    return differential.compare(SEED, mutants.TEXTS, alter=lambda folder: put_into(odd, folder), **how)


@where_micropython_is
def test_without_a_bug_no_verdict_differs() -> None:
    done = differential.compare(SEED, mutants.TEXTS)
    assert (done.differences, done.escapes, done.hangs) == (0, 0, 0)
    assert done.judged == len(mutants.TEXTS)


@pytest.mark.slow
@where_micropython_is
@pytest.mark.parametrize("bugs", [mutants.OTHER_VERDICTS, mutants.EXCEPTIONS], ids=["differences", "escapes"])
def test_a_bug_of_one_interpreter_alone_is_found(bugs: tuple[Bug, ...]) -> None:
    # All of them are tried by `make fuzz-mutants`, which also says of a bug that it does not fit any more.
    odd = misfits(bugs)
    for one in [one for one in bugs if one.name not in odd][:1]:
        assert mutants.tried(one).is_found


@pytest.mark.slow
@where_micropython_is
def test_a_bug_that_changes_nothing_is_not_found() -> None:
    assert not mutants.tried(bug("none", "Nothing is wrong.", at("manifest", at_end("pass")))).is_found


@pytest.mark.slow
@where_micropython_is
def test_the_command_fails_if_a_bug_is_not_found_or_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    harmless = bug("harmless", "Nothing is wrong.", at("manifest", at_end("pass")))
    harmless_to_patches = bug("harmless-to-patches", "Nothing is wrong.", at("apply", at_end("pass")))
    unfit = bug("unfit", "What is not there is left out.", at("manifest", drop("no_such_thing()")))
    monkeypatch.setattr(mutants, "MUTANTS", (harmless, unfit))
    monkeypatch.setattr(patch_mutants, "BUGS", (PatchBug(harmless_to_patches, numbers=range(50)),))
    assert mutants.main([]) == 1
    told = capsys.readouterr().out.splitlines()
    assert "does not fit: unfit: manifest: 'no_such_thing()' was found 0 times" in told
    assert "survived: harmless" in told
    assert "survived: harmless-to-patches" in told
    assert mutants.main(["--fit-only"]) == 1


@where_micropython_is
def test_an_interpreter_that_breaks_down_has_said_nothing_of_what_follows() -> None:
    done = compared(at("verdicts", at_start("import no_such_module")))
    assert done.differences == len(mutants.TEXTS)
    assert [one.there.split(":")[0] for one in done.found] == ["broke down"]


@where_micropython_is
def test_an_interpreter_that_never_ends_is_found() -> None:
    done = compared(at("verdicts:main", at_start("while True: pass")), timeout_s=2.0)
    assert done.hangs == 1
    assert [one.kind for one in done.found] == [HANG]


@where_micropython_is
@pytest.mark.parametrize(
    ("end", "said"),
    [("import sys; sys.exit(3)", "exit status 3"), ("raise ValueError(7)", "ValueError: 7")],
)
def test_an_interpreter_that_breaks_down_is_found_and_said_how(end: str, said: str) -> None:
    done = compared(at("verdicts:lines", at_start(end)))
    assert (done.differences, [one.there for one in done.found]) == (len(mutants.TEXTS), [f"broke down: {said}"])


@where_micropython_is
def test_an_interpreter_that_breaks_down_after_the_last_text_is_found() -> None:
    done = compared(at("verdicts:main", at_end("raise ValueError(7)")))
    assert (done.differences, [one.there for one in done.found]) == (1, ["broke down: ValueError: 7"])
