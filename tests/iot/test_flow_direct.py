"""The five functions called by a program itself, without jobs: `update`, `test`, `confirm`, `reset`."""

import pytest

from aws.iot import fota
from fota import device as devices
from fota.errors import (
    BadDocument,
    Busy,
    HashMismatch,
    ImageTooLarge,
    NoSuchSlot,
    NotProvisioned,
    Refused,
    SlotIsRunning,
    Unreachable,
)
from tests.labs.device_lab import FACTORY, DeviceLab, Restarted
from tests.labs.diary import Diary

IMAGE = b"new image" * 40


def test_update_fills_the_spare_slot_and_returns_true(lab: DeviceLab) -> None:
    assert fota.update(lab.direct_document(IMAGE), device=lab.device) is True
    assert lab.slots.content(1) == IMAGE
    assert lab.spare_is_bootable


def test_update_alone_changes_nothing_that_starts(lab: DeviceLab) -> None:
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    lab.reboot()
    assert lab.running_image == FACTORY


def test_update_then_test_starts_the_image_on_trial_at_the_next_reset(lab: DeviceLab) -> None:
    document = lab.direct_document(IMAGE)
    fota.update(document, device=lab.device)
    fota.test(document, device=lab.device)
    assert lab.running_image == FACTORY
    lab.reboot()
    assert lab.running_image == IMAGE
    assert lab.confirmed_image == FACTORY


def on_trial(lab: DeviceLab) -> None:
    document = lab.direct_document(IMAGE)
    fota.update(document, device=lab.device)
    fota.test(document, device=lab.device)
    lab.reboot()


def test_confirm_makes_the_image_final(lab: DeviceLab) -> None:
    on_trial(lab)
    fota.confirm(device=lab.device)
    lab.reboot()
    assert lab.running_image == lab.confirmed_image == IMAGE


def test_without_confirm_the_old_image_starts_at_the_next_reset(lab: DeviceLab) -> None:
    on_trial(lab)
    lab.reboot()
    assert lab.running_image == FACTORY


def test_confirming_twice_or_for_nothing_changes_nothing(lab: DeviceLab) -> None:
    fota.confirm(device=lab.device)
    assert lab.power.writes == 0
    on_trial(lab)
    fota.confirm(device=lab.device)
    writes = lab.power.writes
    fota.confirm(device=lab.device)
    assert lab.power.writes == writes


def test_test_without_update_is_refused_and_starts_no_trial(lab: DeviceLab) -> None:
    with pytest.raises(HashMismatch):
        fota.test(lab.direct_document(IMAGE), device=lab.device)
    lab.reboot()
    assert lab.running_image == FACTORY


def test_test_of_another_image_than_was_installed_is_refused(lab: DeviceLab) -> None:
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    with pytest.raises(HashMismatch):
        fota.test(lab.direct_document(b"another"), device=lab.device)


def test_test_of_an_image_that_decayed_since_is_refused(lab: DeviceLab) -> None:
    document = lab.direct_document(IMAGE)
    fota.update(document, device=lab.device)
    lab.slots.damage(1, 5)
    with pytest.raises(HashMismatch):
        fota.test(document, device=lab.device)


@pytest.mark.parametrize("restarted", [False, True], ids=["before the restart", "on trial"])
def test_during_a_trial_neither_update_nor_test_is_possible_and_nothing_is_touched(
    lab: DeviceLab, restarted: bool
) -> None:
    if restarted:
        on_trial(lab)
    else:
        fota.update(lab.direct_document(IMAGE), device=lab.device)
        fota.test(lab.direct_document(IMAGE), device=lab.device)
    before = (lab.erases, lab.power.writes, len(lab.server.asked))
    with pytest.raises(Busy):
        fota.update(lab.direct_document(b"another"), device=lab.device)
    with pytest.raises(Busy):
        fota.test(lab.direct_document(IMAGE, bc_idx=1), device=lab.device)
    assert (lab.erases, lab.power.writes, len(lab.server.asked)) == before


def test_during_a_trial_the_fallback_is_not_overwritten_in_any_slot_count() -> None:
    lab = DeviceLab(slots=3)
    on_trial(lab)
    for slot in (0, 1, 2, "any"):
        with pytest.raises((Busy, Refused)):
            fota.update(lab.direct_document(b"another", bc_idx=slot), device=lab.device)
    assert lab.confirmed_image == FACTORY


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"bc_crc": "12"}, BadDocument),
        ({"bc_idx": 0}, SlotIsRunning),
        ({"bc_idx": 2}, NoSuchSlot),
        ({"bc_size": 10_001}, ImageTooLarge),
    ],
)
def test_a_refused_document_is_an_error_of_its_kind_and_nothing_is_written(
    lab: DeviceLab, fields: dict[str, object], kind: type[Refused]
) -> None:
    document = lab.direct_document(IMAGE, **fields)
    for function in (fota.update, fota.test):
        with pytest.raises(kind):
            function(document, device=lab.device)
    assert (lab.erases, lab.server.asked) == (0, [])


def test_a_failed_update_is_an_error_and_leaves_nothing_that_could_be_started(lab: DeviceLab) -> None:
    lab.server.failure = Unreachable("refused")
    with pytest.raises(Unreachable):
        fota.update(lab.direct_document(IMAGE), device=lab.device)
    assert not lab.spare_is_bootable


def test_a_failed_update_breaks_the_seal_of_what_was_there_before(lab: DeviceLab) -> None:
    fota.update(lab.direct_document(b"older"), device=lab.device)
    with pytest.raises(HashMismatch):
        fota.update(lab.direct_document(IMAGE, bc_crc="0" * 32), device=lab.device)
    assert not lab.spare_is_bootable
    with pytest.raises(HashMismatch):
        fota.test(lab.direct_document(b"older"), device=lab.device)


def test_updating_to_what_is_installed_already_downloads_nothing(lab: DeviceLab) -> None:
    for _ in range(3):
        fota.update(lab.direct_document(IMAGE), device=lab.device)
    assert len(lab.server.asked) == 1


def test_a_second_update_in_one_run_starts_at_the_first_byte(lab: DeviceLab) -> None:
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    fota.update(lab.direct_document(b"shorter"), device=lab.device)
    assert lab.slots.content(1) == b"shorter"


def test_update_tells_its_progress(lab: DeviceLab) -> None:
    diary = Diary()
    fota.update(lab.direct_document(IMAGE), device=lab.device, progress=diary)
    assert diary.lines == [f"downloaded {len(IMAGE)}", "proving 1", "installed 1"]


def test_a_trial_begun_by_hand_is_confirmed_by_the_jobs_too(lab: DeviceLab) -> None:
    on_trial(lab)
    lab.wake()
    assert lab.confirmed_image == IMAGE


def test_reset_restarts_the_device(lab: DeviceLab) -> None:
    with pytest.raises(Restarted):
        fota.reset(device=lab.device)


def test_without_a_boot_chooser_there_is_no_device(lab: DeviceLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOTA_HOME", raising=False)
    monkeypatch.setattr(devices, "_current", None)
    for call in (fota.confirm, fota.reset, lambda: fota.update({}), lambda: fota.handle_fota_jobs(lab.jobs, True)):
        with pytest.raises(NotProvisioned):
            call()
