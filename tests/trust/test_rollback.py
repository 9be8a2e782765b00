"""Whole lives against an old release: the mark and the floor rise when they should, and nothing gets below them."""

from __future__ import annotations

import pytest
import vector_parts as parts

from aws.iot import fota
from fota.trust import errors as trust_errors
from fota.trust.floor import PROBATION_BOOTS
from tests.labs.device_lab import FACTORY
from tests.labs.trust_lab import TrustLab, refusal


def boot_well(bench: TrustLab, times: int = 1) -> None:
    for _ in range(times):
        bench.reboot()
        bench.wake()


# The mark.


def test_a_confirmed_release_raises_the_mark(bench: TrustLab) -> None:
    assert bench.install("a", seq=7) == "SUCCEEDED"
    assert bench.floor.seq == 7


def test_a_release_on_trial_raises_no_mark(bench: TrustLab) -> None:
    bench.offer("a", seq=7)
    bench.wake()
    assert bench.running_image == b"a"
    assert bench.floor.seq == 0


def test_a_release_that_was_rolled_back_raises_no_mark(bench: TrustLab) -> None:
    bench.offer("a", "job-a", seq=7)
    bench.wake()
    boot_well(bench, 3)
    assert (bench.reason("job-a"), bench.running_image, bench.floor.seq) == ("rolled-back", FACTORY, 0)
    assert bench.install("b", "job-b", seq=6) == "SUCCEEDED"


def test_a_release_whose_health_check_fails_raises_no_mark(bench: TrustLab) -> None:
    bench.offer("a", seq=7)
    bench.wake()
    bench.wake(health_check=lambda: False)
    boot_well(bench)
    assert (bench.running_image, bench.floor.seq) == (FACTORY, 0)


def test_the_manifest_of_an_older_release_cannot_be_replayed(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7)
    bench.install("b", "job-b", seq=8)
    bench.offer("a", "replay", seq=7)
    assert refusal(bench, "replay") == ("REJECTED", "older-release")
    assert bench.running_image == b"b"


def test_the_manifest_of_an_older_release_cannot_be_replayed_by_hand(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7)
    bench.install("b", "job-b", seq=8)
    with pytest.raises(trust_errors.OlderRelease):
        fota.update(parts.signed_document("a", seq=7), device=bench.device)


def test_a_program_that_does_without_jobs_is_safe_from_replays_too(bench: TrustLab) -> None:
    for content, seq in (("a", 7), ("b", 8)):
        document = parts.signed_document(content, seq=seq)
        bench.server.put(document["bc_url"], content.encode())
        fota.update(document, device=bench.device)
        fota.test(document, device=bench.device)
        bench.reboot()
        fota.confirm(device=bench.device)
    assert bench.running_image == b"b"
    with pytest.raises(trust_errors.OlderRelease):
        fota.update(parts.signed_document("a", seq=7), device=bench.device)


def test_the_number_of_the_mark_is_not_taken_for_another_image(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7)
    bench.offer("b", "job-b", seq=7)
    assert refusal(bench, "job-b") == ("REJECTED", "older-release")


def test_an_older_image_comes_back_with_a_newer_manifest(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7)
    bench.install("b", "job-b", seq=8)
    assert bench.install("a", "job-c", seq=9) == "SUCCEEDED"
    assert (bench.running_image, bench.floor.seq) == (b"a", 9)


def test_an_older_image_below_the_floor_does_not_come_back_whatever_its_manifest(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7, secver=0)
    bench.install("b", "job-b", seq=8, secver=1)
    boot_well(bench, PROBATION_BOOTS - 1)
    bench.offer("a", "job-c", seq=9, secver=0)
    assert refusal(bench, "job-c") == ("REJECTED", "below-floor")


def test_a_newer_manifest_for_the_image_that_runs_raises_the_mark(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7)
    assert bench.install("a", "job-b", seq=12) == "SUCCEEDED"
    boot_well(bench)
    bench.offer("b", "job-c", seq=9)
    assert refusal(bench, "job-c") == ("REJECTED", "older-release")


def test_the_mark_never_falls_over_a_life(bench: TrustLab) -> None:
    marks = []
    for number, seq in enumerate((3, 9, 5, 9, 1, 10, 2)):
        bench.install(f"image {number}", f"job-{number}", seq=seq)
        marks.append(bench.floor.seq)
    assert marks == [3, 9, 9, 9, 9, 10, 10]


def test_a_newer_manifest_for_the_image_that_runs_raises_the_mark_at_once(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7)
    bench.install("a", "job-b", seq=12)
    bench.offer("b", "job-c", seq=9)
    assert refusal(bench, "job-c") == ("REJECTED", "older-release")


# The floor.


def test_the_floor_rises_after_so_many_healthy_boots_and_not_before(bench: TrustLab) -> None:
    bench.install("a", secver=5)
    floors = [bench.floor.secver]
    for _ in range(PROBATION_BOOTS):
        boot_well(bench)
        floors.append(bench.floor.secver)
    assert floors == [0] * (PROBATION_BOOTS - 1) + [5, 5]


def test_once_the_floor_is_reached_a_healthy_boot_writes_nothing(bench: TrustLab) -> None:
    bench.install("a", secver=5)
    boot_well(bench, PROBATION_BOOTS)
    writes = bench.power.writes
    boot_well(bench, 3)
    assert bench.power.writes == writes


def test_many_looks_in_one_boot_are_one_healthy_boot(bench: TrustLab) -> None:
    bench.install("a", secver=5)
    for _ in range(20):
        bench.wake()
    assert bench.floor.secver == 0


def test_a_boot_whose_health_check_fails_does_not_count(bench: TrustLab) -> None:
    bench.install("a", secver=5)
    for _ in range(PROBATION_BOOTS + 2):
        bench.reboot()
        bench.wake(health_check=lambda: False)
    assert bench.floor.secver == 0


def test_boots_on_trial_do_not_count(bench: TrustLab) -> None:
    insisting = {**parts.signed_document("a", seq=7, secver=5), "bc_insist": True}
    for number in range(PROBATION_BOOTS + 2):
        bench.publish_vector(insisting, f"job-{number}", "a")
        bench.wake()
        assert bench.running_image == b"a"
        boot_well(bench)
        assert bench.reason(f"job-{number}") == "rolled-back"
        # A device waits for longer and longer after updates that failed.
        bench.clock.sleep_ms(3_600_000)
    assert (bench.floor.secver, bench.floor.seq) == (0, 0)


def test_the_boots_of_one_release_are_not_counted_for_another(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7, secver=5)
    boot_well(bench)
    bench.install("b", "job-b", seq=8, secver=9)
    assert bench.floor.secver == 0
    boot_well(bench, PROBATION_BOOTS - 1)
    assert bench.floor.secver == 9


def test_the_floor_never_rises_above_what_the_running_release_meets(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7, secver=9)
    boot_well(bench, PROBATION_BOOTS - 2)
    bench.install("b", "job-b", seq=8, secver=2)
    boot_well(bench, PROBATION_BOOTS + 2)
    assert bench.floor.secver == 2


def test_the_floor_does_not_fall_when_a_damaged_image_lets_an_older_one_start(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7, secver=0)
    bench.install("b", "job-b", seq=8, secver=5)
    boot_well(bench, PROBATION_BOOTS)
    bench.slots.damage(bench.device.running_slot, 0)
    boot_well(bench, PROBATION_BOOTS + 1)
    assert (bench.running_image, bench.floor.secver, bench.floor.seq) == (b"a", 5, 8)


def test_a_floor_that_cannot_be_saved_is_saved_at_a_later_look(bench: TrustLab) -> None:
    bench.offer("a", seq=7)
    bench.wake()
    for copy in (0, 1):
        bench.cells[f"floor-{copy}"].broken = True
    bench.wake()
    assert (bench.status(), bench.floor.seq) == ("SUCCEEDED", 0)
    for copy in (0, 1):
        bench.cells[f"floor-{copy}"].broken = False
    bench.offer("b", "older", seq=6)
    assert refusal(bench, "older") == ("REJECTED", "older-release")


def test_a_lost_floor_heals_from_the_release_that_runs_before_any_job_is_taken(bench: TrustLab) -> None:
    bench.install("a", "job-a", seq=7, secver=0)
    bench.install("b", "job-b", seq=8, secver=5)
    boot_well(bench, PROBATION_BOOTS)
    bench.damage("floor")
    bench.reboot()
    assert (bench.floor.seq, bench.floor.secver) == (0, 0)
    bench.offer("a", "replay", seq=7, secver=0)
    assert refusal(bench, "replay") == ("REJECTED", "older-release")
    boot_well(bench, PROBATION_BOOTS - 1)
    assert (bench.floor.seq, bench.floor.secver) == (8, 5)


@pytest.mark.parametrize("copy", [0, 1])
def test_one_lost_copy_of_the_floor_costs_nothing_that_lasts(bench: TrustLab, copy: int) -> None:
    bench.install("a", "job-a", seq=7, secver=0)
    bench.install("b", "job-b", seq=8, secver=5)
    boot_well(bench, PROBATION_BOOTS)
    bench.damage("floor", copy)
    boot_well(bench)
    assert (bench.floor.seq, bench.floor.secver) == (8, 5)


def test_a_device_without_a_keyring_counts_nothing() -> None:
    bench = TrustLab()
    bench.install("a", seq=7, secver=5)
    boot_well(bench, PROBATION_BOOTS)
    assert (bench.floor.seq, bench.floor.secver) == (0, 0)
