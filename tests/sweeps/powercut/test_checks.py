"""The checks are checked: with a bug in the code under test, each finds what it is there for."""

import math

import pytest

from aws.iot import firmware_job, flow
from fota import boot, image, install, trial
from fota.device import Device
from fota.fetched import Fetched
from fota.journal import Journal
from fota.record import Record
from fota_boot import last_resort, zip_files
from fota_testing.posix.files import PosixFiles
from fota_testing.posix.model import PosixModel
from sweeps.powercut.families import named
from sweeps.powercut.sweep import Sweep


def found_in(*names: str, cuts: bool = True) -> set[str]:
    """The checks that fail in these scenarios."""
    sweep = Sweep([named(name) for name in names], seed=1, states=1 << 40, deadline_s=math.inf)
    for name in names:
        if cuts:
            sweep.first_cuts(named(name), ("lost", "kept", "mixed-0", "torn-12", "torn-512"))
        else:
            sweep._run(named(name))
    return {message.split(":")[0] for _, message in sweep.counts.found}


def test_nothing_is_found_in_the_code_as_it_is() -> None:
    assert found_in("healthy", "crashing") == set()


def test_an_attempt_that_is_not_spent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "attempt_spent", lambda record: record)
    assert "I3" in found_in("crashing", cuts=False)


def test_a_sync_that_is_left_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PosixModel, "fsync", lambda _model, _descriptor: None)
    assert found_in("healthy") & {"I1", "I6", "I8"}


def test_bytes_that_no_account_has_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fetched, "count", lambda _fetched, _bytes: None)
    assert "I20" in found_in("healthy", cuts=False)


def test_bytes_that_are_counted_twice_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    once = Fetched.count
    monkeypatch.setattr(Fetched, "count", lambda fetched, count_bytes: once(fetched, 2 * count_bytes))
    assert "I20" in found_in("healthy", cuts=False)


def test_a_slot_that_is_believed_unread_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "proves_itself", lambda _slots, _slot, _buffer: True)
    monkeypatch.setattr(install.Installer, "holds", lambda _installer, _slot, _wanted: True)
    assert found_in("healthy", cuts=False) & {"I1", "I15"}


def test_a_confirm_that_forgets_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "confirm", lambda _device: None)
    assert found_in("healthy", cuts=False) & {"I6", "I9"}


def test_an_old_image_that_comes_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "_readable", lambda _records, _count: Record(0))
    assert found_in("healthy", cuts=False) & {"I3", "I4", "I6", "I7"}


def test_a_job_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "load", lambda _journal: None)
    assert found_in("crashing", cuts=False) & {"I3", "I6", "I7", "I10"}


def test_a_report_of_success_whatever_runs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "CONCLUSIONS", ((*["any"] * 4, flow.REPORT_SUCCEEDED),))
    assert "I6" in found_in("crashing", cuts=False)


def test_a_write_into_the_slot_that_runs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "slot_for", lambda device, _number, _size_bytes: device.running_slot)
    assert "I2" in found_in("healthy", cuts=False)


def test_a_loop_without_an_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def for_ever(files: PosixFiles, descriptor: int) -> None:
        while True:
            files.ftruncate(descriptor, 0)

    monkeypatch.setattr(PosixModel, "posix_fallocate", lambda model, fd, _offset, _size: for_ever(model, fd))
    assert "I13" in found_in("healthy", cuts=False)


def test_an_error_that_nobody_handles_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(firmware_job, "documents")
    assert "crash" in found_in("healthy", cuts=False)


def with_lost_seals(family: str) -> set[str]:
    """The checks that fail after all seals and records were destroyed."""
    sweep = Sweep([named(family)], seed=1, states=1 << 40, deadline_s=math.inf, stops=True)
    sweep.damages(named(family), ("every-seal-and-record=noise",))
    assert sweep.counts.recoveries
    return {message.split(":")[0] for _, message in sweep.counts.found}


def test_a_device_that_starts_nothing_when_every_seal_is_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_resort, "seal_again", lambda _home: False)
    assert with_lost_seals("healthy") == {"I19"}


def test_a_slot_that_is_sealed_again_whatever_it_holds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_files, "what_is_wrong_with", lambda _path, **_how: "")
    assert with_lost_seals("healthy") == {"I19"}
