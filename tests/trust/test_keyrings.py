"""Whole lives of keyrings: replaced version by version, not saved; and what a dropped key can still do."""

from __future__ import annotations

import pytest
import vector_parts as parts

from aws.iot import fota
from fota.trust import errors as trust_errors
from fota.trust import manifest
from fota.trust.floor import PROBATION_BOOTS
from fota.trust.keyring import KeyringStore
from tests.labs.device_lab import FACTORY
from tests.labs.trust_lab import BOTH, SECOND, THIRD, TrustLab, digests_of, read_keyring, refusal, version

# Replaced.


def test_after_a_rotation_the_new_key_is_trusted_and_the_old_one_is_not(bench: TrustLab) -> None:
    assert bench.send_keyring(SECOND, "rotate", BOTH) == "SUCCEEDED"
    bench.offer("a", "old", signers=("first",))
    assert refusal(bench, "old") == ("REJECTED", "unknown-key")
    assert bench.install("b", "new", signers=("second",)) == "SUCCEEDED"


def test_a_rotation_survives_a_restart(bench: TrustLab) -> None:
    bench.send_keyring(SECOND, "rotate", BOTH)
    bench.reboot()
    assert version(bench) == 2


def test_a_rotation_in_the_same_look_as_a_release_is_done_first_if_it_came_first(bench: TrustLab) -> None:
    bench.publish_document(parts.keyring_document(SECOND, BOTH), "rotate")
    bench.offer("a", "old", signers=("first",))
    bench.wake()
    assert (bench.status("rotate"), bench.reason("old")) == ("SUCCEEDED", "unknown-key")


def test_a_device_keeps_its_hardware_over_a_keyring_for_all(bench: TrustLab) -> None:
    bench.send_keyring(parts.keyring("second", version=2, hardware=parts.ABSENT), "rotate", BOTH)
    bench.offer("a", "other", signers=("second",), hardware=["board-b"])
    assert refusal(bench, "other") == ("REJECTED", "wrong-hardware")
    assert bench.install("a", "ours", signers=("second",)) == "SUCCEEDED"


def test_a_raised_threshold_holds_for_the_next_release(bench: TrustLab) -> None:
    bench.send_keyring(parts.keyring(*BOTH, version=2, threshold=2), "stricter", BOTH)
    bench.offer("a", "one")
    assert refusal(bench, "one") == ("REJECTED", "too-few-signatures")
    assert bench.install("a", "two", signers=BOTH) == "SUCCEEDED"


def test_an_older_keyring_cannot_be_replayed(bench: TrustLab) -> None:
    bench.send_keyring(SECOND, "to-2", BOTH)
    bench.send_keyring(THIRD, "to-3", ("second", "third"))
    for number, (ring, signers) in enumerate([(parts.keyring(), ("first",)), (SECOND, BOTH)]):
        bench.publish_document(parts.keyring_document(ring, signers), f"replay-{number}")
        assert refusal(bench, f"replay-{number}")[0] == "REJECTED"
    assert version(bench) == 3


def test_a_keyring_that_comes_twice_is_a_success_twice(bench: TrustLab) -> None:
    bench.send_keyring(SECOND, "one", BOTH)
    assert bench.send_keyring(SECOND, "two", BOTH) == "SUCCEEDED"
    assert version(bench) == 2


def test_no_version_is_left_out(bench: TrustLab) -> None:
    assert bench.send_keyring(parts.keyring("third", version=3), "skip", ("first", "third")) == "REJECTED"
    bench.send_keyring(SECOND, "to-2", BOTH)
    assert bench.send_keyring(THIRD, "to-3", ("second", "third")) == "SUCCEEDED"


def test_the_release_that_runs_stays_when_its_key_is_dropped(bench: TrustLab) -> None:
    bench.install("a", seq=7)
    bench.send_keyring(SECOND, "rotate", BOTH)
    bench.reboot()
    bench.wake()
    assert bench.running_image == b"a"
    bench.offer("b", "older", signers=("second",), seq=6)
    assert refusal(bench, "older") == ("REJECTED", "older-release")


# A dropped key, and what it had signed before.


def installed_not_tried(bench: TrustLab) -> dict[str, object]:
    document = parts.signed_document("a")
    bench.server.put(document["bc_url"], b"a")
    fota.update(document, device=bench.device)
    return document


def test_a_stored_release_of_a_dropped_key_begins_no_trial(bench: TrustLab) -> None:
    installed_not_tried(bench)
    bench.send_keyring(SECOND, "rotate", BOTH)
    with pytest.raises(trust_errors.UnknownKey):
        bench.device.begin_trial(1, digests_of("a"))
    bench.reboot()
    assert bench.running_image == FACTORY


def test_test_refuses_a_stored_release_of_a_dropped_key(bench: TrustLab) -> None:
    document = installed_not_tried(bench)
    bench.send_keyring(SECOND, "rotate", BOTH)
    with pytest.raises(trust_errors.UnknownKey):
        fota.test(document, device=bench.device)


def test_a_stored_release_below_a_threshold_that_was_raised_begins_no_trial(bench: TrustLab) -> None:
    installed_not_tried(bench)
    bench.send_keyring(parts.keyring(*BOTH, version=2, threshold=2), "stricter", BOTH)
    with pytest.raises(trust_errors.TooFewSignatures):
        bench.device.begin_trial(1, digests_of("a"))


def test_a_job_that_was_cut_before_its_trial_is_judged_by_the_keyring_of_then(bench: TrustLab) -> None:
    bench.offer("a", "old")
    bench.slots.cut_after(0)
    bench.wake()
    assert bench.status("old") == "IN_PROGRESS"
    bench.releases.keyrings.save(read_keyring(SECOND))
    bench.live(60)
    assert (bench.reason("old"), bench.running_image) == ("unknown-key", FACTORY)


def test_what_was_installed_unsigned_begins_no_trial_once_there_is_a_keyring() -> None:
    bench = TrustLab()
    document = parts.document("a", release=None)
    bench.server.put(str(document["bc_url"]), b"a")
    fota.update(document, device=bench.device)
    bench.cells.update(TrustLab(parts.keyring()).cells)
    bench.reboot()
    with pytest.raises(trust_errors.NotTrusted):
        bench.device.begin_trial(1, digests_of("a"))


# Storage that fails.


def test_a_keyring_that_reached_one_copy_is_not_reported_as_failed(bench: TrustLab) -> None:
    # The older copy is written first; then the other one refuses.
    ring = KeyringStore(bench.cells["keyring-0"], bench.cells["keyring-1"])
    ring.save(read_keyring(parts.keyring()))
    bench.cells["keyring-1"].broken = True
    status = bench.send_keyring(SECOND, "rotate", BOTH)
    assert (status == "SUCCEEDED") == (version(bench) == 2)


def test_a_keyring_that_cannot_be_saved_at_all_fails_and_the_old_one_stays(bench: TrustLab) -> None:
    for copy in (0, 1):
        bench.cells[f"keyring-{copy}"].broken = True
    assert bench.send_keyring(SECOND, "rotate", BOTH) == "FAILED"
    assert (bench.reason("rotate"), version(bench)) == ("storage-failed", 1)


# Numbers that were signed by mistake.

SLIP = manifest.MAX_NUMBER
VOIDING = parts.keyring("second", version=2, seq_void=SLIP, seq_mark=20)
VOIDING_WITH_THE_SAME_KEY = parts.keyring(version=2, seq_void=SLIP, seq_mark=20)


def slipped(bench: TrustLab) -> None:
    """A release with the highest number of all runs and is confirmed; nothing else is taken any more."""
    assert bench.install("slip", "slip", seq=SLIP) == "SUCCEEDED"
    bench.offer("a", "stuck", seq=30)
    assert refusal(bench, "stuck") == ("REJECTED", "older-release")


def test_a_keyring_that_voids_a_number_is_the_way_back_from_it(bench: TrustLab) -> None:
    slipped(bench)
    assert bench.send_keyring(VOIDING, "void", BOTH) == "SUCCEEDED"
    assert bench.install("a", "usual", signers=("second",), seq=30) == "SUCCEEDED"
    assert bench.floor.seq == 30


def test_the_way_back_survives_restarts_and_writes_nothing_more(bench: TrustLab) -> None:
    slipped(bench)
    bench.send_keyring(VOIDING, "void", BOTH)
    for _ in range(PROBATION_BOOTS):
        bench.reboot()
        bench.wake()
    before = bench.power.writes
    for _ in range(3):
        bench.reboot()
        bench.wake()
    assert (bench.floor.seq, bench.power.writes) == (20, before)
    assert bench.install("a", "usual", signers=("second",), seq=30) == "SUCCEEDED"


@pytest.mark.parametrize("seq", [1, 19, 20])
def test_no_number_up_to_the_mark_that_the_keyring_names_is_taken(bench: TrustLab, seq: int) -> None:
    slipped(bench)
    bench.send_keyring(VOIDING_WITH_THE_SAME_KEY, "void", ("first",))
    bench.offer("old", "replay", seq=seq)
    assert refusal(bench, "replay") == ("REJECTED", "older-release")


def test_the_release_with_the_void_number_is_not_taken_again(bench: TrustLab) -> None:
    slipped(bench)
    bench.send_keyring(VOIDING_WITH_THE_SAME_KEY, "void", ("first",))
    assert bench.install("a", "usual", seq=30) == "SUCCEEDED"
    bench.offer("slip", "again", seq=SLIP)
    assert refusal(bench, "again") == ("REJECTED", "older-release")
    assert bench.floor.seq == 30


def test_a_device_that_never_reached_a_void_number_keeps_its_own(bench: TrustLab) -> None:
    assert bench.install("a", "usual", seq=25) == "SUCCEEDED"
    bench.send_keyring(VOIDING_WITH_THE_SAME_KEY, "void", ("first",))
    assert bench.floor.seq == 25
    bench.offer("b", "replay", seq=22)
    assert refusal(bench, "replay") == ("REJECTED", "older-release")


def test_a_void_security_version_counts_as_the_one_that_the_keyring_names(bench: TrustLab) -> None:
    assert bench.install("slip", "slip", secver=manifest.MAX_SECVER, seq=10) == "SUCCEEDED"
    for _ in range(4):
        bench.reboot()
        bench.wake()
    assert bench.floor.secver == manifest.MAX_SECVER
    voiding = parts.keyring(version=2, secver_void=manifest.MAX_SECVER, secver_floor=4)
    assert bench.send_keyring(voiding, "void", ("first",)) == "SUCCEEDED"
    bench.offer("a", "too-low", seq=11, secver=3)
    assert refusal(bench, "too-low") == ("REJECTED", "below-floor")
    bench.offer("slip", "void", seq=12, secver=manifest.MAX_SECVER)
    assert refusal(bench, "void") == ("REJECTED", "below-floor")
    assert bench.install("b", "usual", seq=13, secver=4) == "SUCCEEDED"


def test_who_may_not_sign_a_keyring_voids_nothing(bench: TrustLab) -> None:
    slipped(bench)
    assert bench.send_keyring(VOIDING, "void", ("second",)) == "REJECTED"
    assert bench.floor.seq == SLIP


@pytest.mark.parametrize(
    "fields",
    [
        {"seq_void": SLIP},
        {"seq_mark": 20},
        {"seq_void": 20, "seq_mark": 20},
        {"seq_void": SLIP, "seq_mark": 0},
        {"seq_void": "no", "seq_mark": 20},
        {"secver_void": 5, "secver_floor": 6},
        {"secver_void": 0, "secver_floor": 0},
        {"secver_floor": 1},
    ],
    ids=str,
)
def test_a_keyring_that_voids_nonsense_is_refused(bench: TrustLab, fields: dict[str, object]) -> None:
    assert bench.send_keyring(parts.keyring(version=2, **fields), "void", ("first",)) == "REJECTED"
    assert bench.reason("void") == "bad-keyring"
    assert version(bench) == 1
