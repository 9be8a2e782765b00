"""Whole lives of keyrings: replaced version by version, lost, unreadable; and what a dropped key can still do."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import pytest
import vector_parts as parts

from aws.iot import fota
from fota import provisioning, trust_errors
from fota.errors import FotaError
from fota.home import Home
from fota.keyring import KeyringStore
from fota.provisioning import provision
from fota.storage import SlotReader
from iot.lab import FACTORY
from security.bench import DAMAGED, Bench, digests_of, read_keyring
from security.test_rollback import COLLIDING, SAME_MD5

SECOND = parts.keyring("second", version=2)
THIRD = parts.keyring("third", version=3)
BOTH = ("first", "second")


@pytest.fixture
def bench() -> Bench:
    """A device that trusts the first key."""
    return Bench(parts.keyring())


def refusal(bench: Bench, job: str) -> tuple[str, str]:
    bench.wake()
    return bench.status(job), bench.reason(job)


def version(bench: Bench) -> int:
    ring = bench.keyring
    assert ring is not None
    return ring.version


# Replaced.


def test_after_a_rotation_the_new_key_is_trusted_and_the_old_one_is_not(bench: Bench) -> None:
    assert bench.send_keyring(SECOND, "rotate", BOTH) == "SUCCEEDED"
    bench.offer("a", "old", signers=("first",))
    assert refusal(bench, "old") == ("REJECTED", "unknown-key")
    assert bench.install("b", "new", signers=("second",)) == "SUCCEEDED"


def test_a_rotation_survives_a_restart(bench: Bench) -> None:
    bench.send_keyring(SECOND, "rotate", BOTH)
    bench.reboot()
    assert version(bench) == 2


def test_a_rotation_in_the_same_look_as_a_release_is_done_first_if_it_came_first(bench: Bench) -> None:
    bench.publish_document(parts.keyring_document(SECOND, BOTH), "rotate")
    bench.offer("a", "old", signers=("first",))
    bench.wake()
    assert (bench.status("rotate"), bench.reason("old")) == ("SUCCEEDED", "unknown-key")


def test_a_device_keeps_its_hardware_over_a_keyring_for_all(bench: Bench) -> None:
    bench.send_keyring(parts.keyring("second", version=2, hardware=parts.ABSENT), "rotate", BOTH)
    bench.offer("a", "other", signers=("second",), hardware=["board-b"])
    assert refusal(bench, "other") == ("REJECTED", "wrong-hardware")
    assert bench.install("a", "ours", signers=("second",)) == "SUCCEEDED"


def test_a_raised_threshold_holds_for_the_next_release(bench: Bench) -> None:
    bench.send_keyring(parts.keyring(*BOTH, version=2, threshold=2), "stricter", BOTH)
    bench.offer("a", "one")
    assert refusal(bench, "one") == ("REJECTED", "too-few-signatures")
    assert bench.install("a", "two", signers=BOTH) == "SUCCEEDED"


def test_an_older_keyring_cannot_be_replayed(bench: Bench) -> None:
    bench.send_keyring(SECOND, "to-2", BOTH)
    bench.send_keyring(THIRD, "to-3", ("second", "third"))
    for number, (ring, signers) in enumerate([(parts.keyring(), ("first",)), (SECOND, BOTH)]):
        bench.publish_document(parts.keyring_document(ring, signers), f"replay-{number}")
        assert refusal(bench, f"replay-{number}")[0] == "REJECTED"
    assert version(bench) == 3


def test_a_keyring_that_comes_twice_is_a_success_twice(bench: Bench) -> None:
    bench.send_keyring(SECOND, "one", BOTH)
    assert bench.send_keyring(SECOND, "two", BOTH) == "SUCCEEDED"
    assert version(bench) == 2


def test_no_version_is_left_out(bench: Bench) -> None:
    assert bench.send_keyring(parts.keyring("third", version=3), "skip", ("first", "third")) == "REJECTED"
    bench.send_keyring(SECOND, "to-2", BOTH)
    assert bench.send_keyring(THIRD, "to-3", ("second", "third")) == "SUCCEEDED"


def test_the_release_that_runs_stays_when_its_key_is_dropped(bench: Bench) -> None:
    bench.install("a", seq=7)
    bench.send_keyring(SECOND, "rotate", BOTH)
    bench.reboot()
    bench.wake()
    assert bench.running_image == b"a"
    bench.offer("b", "older", signers=("second",), seq=6)
    assert refusal(bench, "older") == ("REJECTED", "older-release")


# A dropped key, and what it had signed before.


def installed_not_tried(bench: Bench) -> dict[str, object]:
    document = parts.signed_document("a")
    bench.server.put(document["bc_url"], b"a")
    fota.update(document, device=bench.device)
    return document


def test_a_stored_release_of_a_dropped_key_begins_no_trial(bench: Bench) -> None:
    installed_not_tried(bench)
    bench.send_keyring(SECOND, "rotate", BOTH)
    with pytest.raises(trust_errors.UnknownKey):
        bench.device.begin_trial(1, digests_of("a"))
    bench.reboot()
    assert bench.running_image == FACTORY


def test_test_refuses_a_stored_release_of_a_dropped_key(bench: Bench) -> None:
    document = installed_not_tried(bench)
    bench.send_keyring(SECOND, "rotate", BOTH)
    with pytest.raises(trust_errors.UnknownKey):
        fota.test(document, device=bench.device)


def test_a_stored_release_below_a_threshold_that_was_raised_begins_no_trial(bench: Bench) -> None:
    installed_not_tried(bench)
    bench.send_keyring(parts.keyring(*BOTH, version=2, threshold=2), "stricter", BOTH)
    with pytest.raises(trust_errors.TooFewSignatures):
        bench.device.begin_trial(1, digests_of("a"))


def test_a_job_that_was_cut_before_its_trial_is_judged_by_the_keyring_of_then(bench: Bench) -> None:
    bench.offer("a", "old")
    bench.slots.cut_after(0)
    bench.wake()
    assert bench.status("old") == "IN_PROGRESS"
    bench.releases.keyrings.save(read_keyring(SECOND))
    bench.live(60)
    assert (bench.reason("old"), bench.running_image) == ("unknown-key", FACTORY)


def test_what_was_installed_unsigned_begins_no_trial_once_there_is_a_keyring() -> None:
    bench = Bench()
    document = parts.document("a", release=None)
    bench.server.put(str(document["bc_url"]), b"a")
    fota.update(document, device=bench.device)
    bench.cells.update(Bench(parts.keyring()).cells)
    bench.reboot()
    with pytest.raises(trust_errors.NotTrusted):
        bench.device.begin_trial(1, digests_of("a"))


# Lost.


def test_a_device_whose_keyring_is_lost_boots_and_takes_nothing() -> None:
    bench = Bench(DAMAGED)
    bench.offer("a", "signed")
    bench.publish_document(parts.document("a", release=None), "unsigned")
    bench.publish_document(parts.keyring_document(SECOND, BOTH), "keyring")
    bench.wake()
    assert {bench.reason(job) for job in ("signed", "unsigned", "keyring")} == {"bad-keyring"}
    bench.reboot()
    bench.wake()
    assert (bench.running_image, bench.done()[:2]) == (FACTORY, [0, 0])


def test_a_release_on_trial_is_confirmed_though_the_keyring_was_lost_meanwhile(bench: Bench) -> None:
    bench.offer("a")
    bench.wake()
    bench.damage("keyring")
    bench.wake()
    assert (bench.status(), bench.confirmed_image) == ("SUCCEEDED", b"a")


@pytest.mark.parametrize("copy", [0, 1])
def test_one_lost_copy_of_the_keyring_changes_nothing(bench: Bench, copy: int) -> None:
    bench.send_keyring(SECOND, "rotate", BOTH)
    bench.damage("keyring", copy)
    bench.reboot()
    assert version(bench) == 2
    assert bench.install("a", "new", signers=("second",)) == "SUCCEEDED"


def test_a_keyring_that_cannot_be_read_is_not_taken_for_none(bench: Bench) -> None:
    for copy in (0, 1):
        bench.cells[f"keyring-{copy}"].unreadable = True
    bench.publish_vector(parts.document("evil image", release=None), image="evil image")
    assert refusal(bench, "job-1") == ("REJECTED", "bad-keyring")


def test_a_keyring_whose_files_cannot_be_opened_is_not_taken_for_none(tmp_path: Path) -> None:
    home = home_with_keyring(tmp_path)
    for copy in (0, 1):
        # As any error of open() does: no descriptor left, no permission, a bad block.
        path = Path(home.path) / f"keyring-{copy}"
        path.rename(path.with_suffix(".moved"))
        path.symlink_to(path.with_suffix(".moved"))
    with pytest.raises(trust_errors.BadKeyring):
        home.releases.keyrings.load()


def test_a_keyring_whose_files_are_empty_is_no_reason_to_trust_everybody(tmp_path: Path) -> None:
    home = home_with_keyring(tmp_path)
    for copy in (0, 1):
        (Path(home.path) / f"keyring-{copy}").write_bytes(bytes(4096))
    with pytest.raises(trust_errors.BadKeyring):
        home.releases.keyrings.load()


def test_a_keyring_that_is_there_is_not_replaced_from_outside(tmp_path: Path) -> None:
    home = home_with_keyring(tmp_path)
    with pytest.raises(FotaError):
        provisioning.put_keyring(home, read_keyring(parts.keyring("stranger")))
    ring = home.releases.keyrings.load()
    assert ring is not None
    assert list(ring.keys) == [parts.key_id("first")]


def test_a_lost_keyring_is_put_back_from_outside(tmp_path: Path) -> None:
    home = home_with_keyring(tmp_path)
    for copy in (0, 1):
        (Path(home.path) / f"keyring-{copy}").write_bytes(b"\xff" * 4096)
    provisioning.put_keyring(home, read_keyring(parts.keyring("second")))
    ring = Home(home.path).releases.keyrings.load()
    assert ring is not None
    assert list(ring.keys) == [parts.key_id("second")]


def home_with_keyring(folder: Path) -> Home:
    image = folder / "image"
    image.write_bytes(b"image")
    return provision(
        str(folder / "home"),
        SlotReader(str(image)),
        image_size_bytes=5,
        slot_count=2,
        slot_size_bytes=1000,
        keyring=read_keyring(parts.keyring()),
    )


# None.


def test_a_device_without_a_keyring_says_loudly_that_it_takes_what_is_not_signed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    bench = Bench()
    bench.publish_vector(parts.document("a", release=None), image="a")
    bench.live(60)
    assert bench.running_image == b"a"
    assert "unsigned-accepted" in caplog.text


def test_a_device_with_a_keyring_has_no_such_thing_to_say(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench.install("a")
    assert "unsigned-accepted" not in caplog.text
    assert "release-admitted" in caplog.text


def test_a_device_without_a_keyring_is_given_none_by_a_job() -> None:
    bench = Bench()
    bench.publish_document(parts.keyring_document(parts.keyring()), "keyring")
    assert refusal(bench, "keyring") == ("REJECTED", "no-keyring")
    assert bench.keyring is None


def test_a_device_without_a_keyring_tells_an_image_by_its_md5_alone_where_no_sha256_is_named() -> None:
    bench = Bench()
    digests = {"bc_crc": hashlib.md5(COLLIDING).hexdigest(), "bc_sha256": parts.ABSENT, "bc_size": len(COLLIDING)}
    document = parts.document("a", release=None, **digests)
    bench.server.put(document["bc_url"], bytes(SAME_MD5))
    bench.publish_document(document)
    bench.live(60)
    # What the ancestor's documents are worth: another image than the one that was meant runs now.
    assert bench.running_image == bytes(SAME_MD5)


def test_a_keyring_that_names_no_hardware_is_not_given_to_a_device() -> None:
    with pytest.raises(trust_errors.BadKeyring, match="hardware: missing"):
        Bench(parts.keyring(hardware=parts.ABSENT))


def test_a_keyring_that_nobody_can_sign_for_is_not_given_to_a_device() -> None:
    with pytest.raises(trust_errors.BadKeyring, match="threshold: expected 1 to 2, the number of keys, got 3"):
        Bench(parts.keyring(*BOTH, threshold=3))


# Storage that fails.


def test_a_keyring_that_reached_one_copy_is_not_reported_as_failed(bench: Bench) -> None:
    # The older copy is written first; then the other one refuses.
    ring = KeyringStore(bench.cells["keyring-0"], bench.cells["keyring-1"])
    ring.save(read_keyring(parts.keyring()))
    bench.cells["keyring-1"].broken = True
    status = bench.send_keyring(SECOND, "rotate", BOTH)
    assert (status == "SUCCEEDED") == (version(bench) == 2)


def test_a_keyring_that_cannot_be_saved_at_all_fails_and_the_old_one_stays(bench: Bench) -> None:
    for copy in (0, 1):
        bench.cells[f"keyring-{copy}"].broken = True
    assert bench.send_keyring(SECOND, "rotate", BOTH) == "FAILED"
    assert (bench.reason("rotate"), version(bench)) == ("storage-failed", 1)
