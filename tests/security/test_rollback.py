"""Whole lives against an old release: the mark and the floor rise when they should, and nothing gets below them."""

from __future__ import annotations

import hashlib

import pytest
import vector_parts as parts

from aws.iot import fota
from fota import trust_errors
from fota.errors import HashMismatch
from fota.floor import PROBATION_BOOTS
from iot.lab import FACTORY
from security.bench import Bench, digests_of, kept_release


@pytest.fixture
def bench() -> Bench:
    """A device with a keyring, which has come nowhere yet."""
    return Bench(parts.keyring())


def boot_well(bench: Bench, times: int = 1) -> None:
    for _ in range(times):
        bench.reboot()
        bench.wake()


def refusal(bench: Bench, job: str) -> tuple[str, str]:
    """How the job ended, at the next look, and why."""
    bench.wake()
    return bench.status(job), bench.reason(job)


# The mark.


def test_a_confirmed_release_raises_the_mark(bench: Bench) -> None:
    assert bench.install("a", seq=7) == "SUCCEEDED"
    assert bench.floor.seq == 7


def test_a_release_on_trial_raises_no_mark(bench: Bench) -> None:
    bench.offer("a", seq=7)
    bench.wake()
    assert bench.running_image == b"a"
    assert bench.floor.seq == 0


def test_a_release_that_was_rolled_back_raises_no_mark(bench: Bench) -> None:
    bench.offer("a", "job-a", seq=7)
    bench.wake()
    boot_well(bench, 3)
    assert (bench.reason("job-a"), bench.running_image, bench.floor.seq) == ("rolled-back", FACTORY, 0)
    assert bench.install("b", "job-b", seq=6) == "SUCCEEDED"


def test_a_release_whose_health_check_fails_raises_no_mark(bench: Bench) -> None:
    bench.offer("a", seq=7)
    bench.wake()
    bench.wake(health_check=lambda: False)
    boot_well(bench)
    assert (bench.running_image, bench.floor.seq) == (FACTORY, 0)


def test_the_manifest_of_an_older_release_cannot_be_replayed(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7)
    bench.install("b", "job-b", seq=8)
    bench.offer("a", "replay", seq=7)
    assert refusal(bench, "replay") == ("REJECTED", "older-release")
    assert bench.running_image == b"b"


def test_the_manifest_of_an_older_release_cannot_be_replayed_by_hand(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7)
    bench.install("b", "job-b", seq=8)
    with pytest.raises(trust_errors.OlderRelease):
        fota.update(parts.signed_document("a", seq=7), device=bench.device)


def test_a_program_that_does_without_jobs_is_safe_from_replays_too(bench: Bench) -> None:
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


def test_the_number_of_the_mark_is_not_taken_for_another_image(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7)
    bench.offer("b", "job-b", seq=7)
    assert refusal(bench, "job-b") == ("REJECTED", "older-release")


def test_an_older_image_comes_back_with_a_newer_manifest(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7)
    bench.install("b", "job-b", seq=8)
    assert bench.install("a", "job-c", seq=9) == "SUCCEEDED"
    assert (bench.running_image, bench.floor.seq) == (b"a", 9)


def test_an_older_image_below_the_floor_does_not_come_back_whatever_its_manifest(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7, secver=0)
    bench.install("b", "job-b", seq=8, secver=1)
    boot_well(bench, PROBATION_BOOTS - 1)
    bench.offer("a", "job-c", seq=9, secver=0)
    assert refusal(bench, "job-c") == ("REJECTED", "below-floor")


def test_a_newer_manifest_for_the_image_that_runs_raises_the_mark(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7)
    assert bench.install("a", "job-b", seq=12) == "SUCCEEDED"
    boot_well(bench)
    bench.offer("b", "job-c", seq=9)
    assert refusal(bench, "job-c") == ("REJECTED", "older-release")


def test_the_mark_never_falls_over_a_life(bench: Bench) -> None:
    marks = []
    for number, seq in enumerate((3, 9, 5, 9, 1, 10, 2)):
        bench.install(f"image {number}", f"job-{number}", seq=seq)
        marks.append(bench.floor.seq)
    assert marks == [3, 9, 9, 9, 9, 10, 10]


def test_a_newer_manifest_for_the_image_that_runs_raises_the_mark_at_once(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7)
    bench.install("a", "job-b", seq=12)
    bench.offer("b", "job-c", seq=9)
    assert refusal(bench, "job-c") == ("REJECTED", "older-release")


# The floor.


def test_the_floor_rises_after_so_many_healthy_boots_and_not_before(bench: Bench) -> None:
    bench.install("a", secver=5)
    floors = [bench.floor.secver]
    for _ in range(PROBATION_BOOTS):
        boot_well(bench)
        floors.append(bench.floor.secver)
    assert floors == [0] * (PROBATION_BOOTS - 1) + [5, 5]


def test_once_the_floor_is_reached_a_healthy_boot_writes_nothing(bench: Bench) -> None:
    bench.install("a", secver=5)
    boot_well(bench, PROBATION_BOOTS)
    writes = bench.power.writes
    boot_well(bench, 3)
    assert bench.power.writes == writes


def test_many_looks_in_one_boot_are_one_healthy_boot(bench: Bench) -> None:
    bench.install("a", secver=5)
    for _ in range(20):
        bench.wake()
    assert bench.floor.secver == 0


def test_a_boot_whose_health_check_fails_does_not_count(bench: Bench) -> None:
    bench.install("a", secver=5)
    for _ in range(PROBATION_BOOTS + 2):
        bench.reboot()
        bench.wake(health_check=lambda: False)
    assert bench.floor.secver == 0


def test_boots_on_trial_do_not_count(bench: Bench) -> None:
    insisting = {**parts.signed_document("a", seq=7, secver=5), "bc_insist": True}
    for number in range(PROBATION_BOOTS + 2):
        bench.publish_vector(insisting, f"job-{number}", "a")
        bench.wake()
        assert bench.running_image == b"a"
        boot_well(bench)
        assert bench.reason(f"job-{number}") == "rolled-back"
    assert (bench.floor.secver, bench.floor.seq) == (0, 0)


def test_the_boots_of_one_release_are_not_counted_for_another(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7, secver=5)
    boot_well(bench)
    bench.install("b", "job-b", seq=8, secver=9)
    assert bench.floor.secver == 0
    boot_well(bench, PROBATION_BOOTS - 1)
    assert bench.floor.secver == 9


def test_the_floor_never_rises_above_what_the_running_release_meets(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7, secver=9)
    boot_well(bench, PROBATION_BOOTS - 2)
    bench.install("b", "job-b", seq=8, secver=2)
    boot_well(bench, PROBATION_BOOTS + 2)
    assert bench.floor.secver == 2


def test_the_floor_does_not_fall_when_a_damaged_image_lets_an_older_one_start(bench: Bench) -> None:
    bench.install("a", "job-a", seq=7, secver=0)
    bench.install("b", "job-b", seq=8, secver=5)
    boot_well(bench, PROBATION_BOOTS)
    bench.slots.damage(bench.device.running_slot, 0)
    boot_well(bench, PROBATION_BOOTS + 1)
    assert (bench.running_image, bench.floor.secver, bench.floor.seq) == (b"a", 5, 8)


def test_a_floor_that_cannot_be_saved_is_saved_at_a_later_look(bench: Bench) -> None:
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


def test_a_lost_floor_heals_from_the_release_that_runs_before_any_job_is_taken(bench: Bench) -> None:
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
def test_one_lost_copy_of_the_floor_costs_nothing_that_lasts(bench: Bench, copy: int) -> None:
    bench.install("a", "job-a", seq=7, secver=0)
    bench.install("b", "job-b", seq=8, secver=5)
    boot_well(bench, PROBATION_BOOTS)
    bench.damage("floor", copy)
    boot_well(bench)
    assert (bench.floor.seq, bench.floor.secver) == (8, 5)


def test_a_device_without_a_keyring_counts_nothing() -> None:
    bench = Bench()
    bench.install("a", seq=7, secver=5)
    boot_well(bench, PROBATION_BOOTS)
    assert (bench.floor.seq, bench.floor.secver) == (0, 0)


# What is kept beside an image, and the bytes of the image itself.


def test_the_release_is_kept_beside_its_image(bench: Bench) -> None:
    bench.install("a", seq=7)
    release = kept_release(bench, bench.device.running_slot)
    assert release is not None
    assert (release.seq, release.wanted.matches(digests_of("a"))) == (7, True)


def test_an_image_that_changed_since_its_update_begins_no_trial(bench: Bench) -> None:
    document = parts.signed_document("a new image")
    bench.server.put(document["bc_url"], b"a new image")
    fota.update(document, device=bench.device)
    bench.slots.damage(1, 3)
    with pytest.raises(HashMismatch):
        fota.test(document, device=bench.device)


def test_an_image_that_changed_since_its_trial_began_does_not_start(bench: Bench) -> None:
    bench.offer("a new image")
    bench.wake(auto_reset=False)
    bench.slots.damage(1, 3)
    bench.reboot()
    assert bench.running_image == FACTORY


def test_an_image_beside_the_release_of_another_begins_no_trial(bench: Bench) -> None:
    document = parts.signed_document("a new image")
    bench.server.put(document["bc_url"], b"a new image")
    fota.update(document, device=bench.device)
    bench.releases.keep(1, parts.signed_document("another image")["envelope"])
    with pytest.raises(trust_errors.Unsigned):
        fota.test(document, device=bench.device)


def test_an_image_whose_kept_release_is_lost_begins_no_trial(bench: Bench) -> None:
    document = parts.signed_document("a new image")
    bench.server.put(document["bc_url"], b"a new image")
    fota.update(document, device=bench.device)
    bench.damage("slot-1.release")
    with pytest.raises(trust_errors.Unsigned):
        fota.test(document, device=bench.device)


# What is downloaded.

COLLIDING = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
    "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
)
"""Published by Wang, Feng, Lai and Yu in 2004, with a second message that has the same MD5."""
SAME_MD5 = bytearray(COLLIDING)
for _place in (19, 45, 59, 83, 109, 123):
    SAME_MD5[_place] ^= 0x80


def test_an_image_with_the_right_md5_and_another_sha256_does_not_start(bench: Bench) -> None:
    assert hashlib.md5(COLLIDING).digest() == hashlib.md5(SAME_MD5).digest()
    release = {
        "md5": hashlib.md5(COLLIDING).hexdigest(),
        "sha256": hashlib.sha256(COLLIDING).hexdigest(),
        "size": 128,
    }
    document = parts.document(
        release=parts.envelope(parts.encoded(parts.manifest(**release))),
        bc_crc=release["md5"],
        bc_sha256=parts.ABSENT,
        bc_size=128,
    )
    bench.server.put(document["bc_url"], bytes(SAME_MD5))
    bench.publish_document(document)
    bench.wake()
    assert (bench.status(), bench.reason(), bench.running_image) == ("FAILED", "hash-mismatch", FACTORY)


@pytest.mark.parametrize("served", [b"another image!", b"new image" + b"!" * 5000, b"new"])
def test_whatever_the_server_sends_only_the_signed_bytes_start(bench: Bench, served: bytes) -> None:
    document = parts.signed_document("new image")
    bench.server.put(document["bc_url"], served)
    bench.publish_document(document)
    bench.live(3000)
    assert (bench.status(), bench.running_image) == ("FAILED", FACTORY)
    assert bench.slots.written_bytes[1] <= 4 * len("new image") + (1 << 20)


def test_a_url_that_leads_elsewhere_is_harmless(bench: Bench) -> None:
    document = parts.signed_document("new image")
    document["bc_url"] = "https://evil.example/other"
    bench.server.put(document["bc_url"], b"new image")
    bench.publish_document(document)
    bench.live()
    assert (bench.status(), bench.running_image) == ("SUCCEEDED", b"new image")
