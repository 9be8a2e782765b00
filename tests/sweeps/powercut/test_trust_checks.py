"""The checks of what is signed are checked: with a bug in the code under test, each finds what it is there for."""

import json
import math

import pytest

from fota.device import Device
from fota.durable import DurableValue
from fota.trust.floor import Floor
from fota.trust.keyring import KeyringStore
from fota.trust.releases import Admitted, Releases
from fota_testing.posix.disk import Disk
from sweeps.powercut import damage, factory, seen, signing
from sweeps.powercut.case import Case
from sweeps.powercut.families import named
from sweeps.powercut.history import History, Violation
from sweeps.powercut.power_session import PowerSession, State
from sweeps.powercut.sweep import ALL_STEPS, Sweep


def found_in(name: str, *shapes: str) -> set[str]:
    """The checks that fail in this scenario, cut at each step in these shapes, or not at all."""
    sweep = Sweep([named(name)], seed=1, states=1 << 40, deadline_s=math.inf)
    if shapes:
        sweep.first_cuts(named(name), shapes)
    else:
        sweep._run(named(name))
    return {message.split(":")[0] for _, message in sweep.counts.found}


def found_at_last(name: str, harm: str) -> set[str]:
    """The checks that fail when this is done to the disk once all is over."""
    sweep = Sweep([named(name)], seed=1, states=1 << 40, deadline_s=math.inf)
    step, state = sweep._base(named(name))[-1]
    sweep._cut(named(name), Case(name), (step, f"kept!{harm}"), state)
    return {message.split(":")[0] for _, message in sweep.counts.found}


def disk_at_the_end(name: str) -> Disk:
    scenario = named(name)
    session = PowerSession(scenario, State(factory.factory_disk(is_keyed=scenario.is_keyed)), ALL_STEPS)
    return session.run().disk.after_cut("kept")


def test_nothing_is_found_in_the_code_as_it_is() -> None:
    assert found_in("signed-two-jobs", "lost", "kept", "torn-12") == set()


def test_what_a_device_has_come_to_is_read_from_its_disk() -> None:
    content = disk_at_the_end("signed-two-jobs").content
    found = seen.record(content)
    assert found is not None
    assert seen.floor(content) == seen.Floor(seq=2, secver=3)
    claim = seen.claim(content, found.confirmed_slot)
    assert claim == seen.Claim(2, 3, True, frozenset({signing.key_id(signing.OLD)}))


def test_the_keyring_of_a_device_is_read_from_its_disk() -> None:
    content = disk_at_the_end("keyring-then-old-key").content
    assert seen.keyring(content) == seen.Keyring(2, frozenset({signing.key_id(signing.NEW)}))


def test_a_signature_is_the_same_in_every_run() -> None:
    envelope = signing.Release(1).envelope(b"image")
    signing._signature.cache_clear()
    assert signing.Release(1).envelope(b"image") == envelope


def test_a_signature_is_that_of_one_claim() -> None:
    envelope, other = (signing.Release(seq).envelope(b"image") for seq in (1, 2))
    for signatures, signers in ((envelope, frozenset({signing.key_id(signing.OLD)})), (other, frozenset())):
        mixed = envelope | {"signatures": signatures["signatures"]}
        found = signing.manifest_signed_by(json.dumps(mixed).encode())
        assert found is not None
        assert found[1] == signers


def test_an_image_without_its_release_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Releases, "keep", lambda *_: None)
    monkeypatch.setattr(Releases, "require_kept", lambda *_: None)
    assert "I17" in found_in("signed-healthy")


def test_an_unsigned_image_that_is_taken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Releases, "admit", lambda _releases, wanted, slot, _envelope, _now_s: Admitted(wanted, slot, None)
    )
    assert "I11" in found_in("unsigned-refused")


def test_a_floor_that_rises_too_soon_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fota.trust.floor.PROBATION_BOOTS", 2)
    assert "I5" in found_in("signed-healthy")


def test_a_floor_that_never_rises_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "awaits_healthy_boot", lambda _device: False)
    assert "I5" in found_in("signed-healthy")


def test_a_floor_above_the_image_that_stays_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    too_high = Floor(seq=9, sha256="0" * 64)
    monkeypatch.setattr(Floor, "after_healthy_boot", lambda _floor, _manifest: too_high)
    assert "I5" in found_in("signed-healthy")


def test_an_older_release_that_is_taken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Floor, "require", lambda _floor, _manifest: None)
    assert "I17" in found_in("signed-older")
    assert "I17" in found_in("signed-below-floor")


def test_a_refusal_after_a_write_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    admit = Releases.admit

    def written_first(releases: Releases, *arguments: object) -> Admitted:
        releases.floors.save(releases.floor())
        return admit(releases, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Releases, "admit", written_first)
    assert "I11" in found_in("keyring-then-old-key")


def test_a_keyring_in_one_copy_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DurableValue, "save_in_both", DurableValue.save)
    assert "I8" in found_at_last("keyring-then-old-key", "keyring-0=noise") | found_at_last(
        "keyring-then-old-key", "keyring-1=noise"
    )


def test_a_keyring_that_is_reported_and_not_there_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    factory.factory_disk(is_keyed=True)
    monkeypatch.setattr(KeyringStore, "save", lambda _store, _keyring: None)
    assert "I6" in found_in("keyring-then-old-key")


def without_keyring(kind: str) -> State:
    """A device from the factory, both copies of whose keyring were destroyed."""
    harm = f"keyring={kind}"
    return State(damage.done(factory.factory_disk(is_keyed=True), harm), history=History(harm=harm))


def test_a_lost_keyring_that_opens_the_device_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyringStore, "load", lambda _store: None)
    with pytest.raises(Violation, match="I17"):
        PowerSession(named("signed-healthy"), without_keyring("noise")).run()


@pytest.mark.parametrize("kind", damage.TRUST_KINDS["keyring"])
def test_a_device_that_has_lost_its_keyring_boots_and_takes_nothing(kind: str) -> None:
    for family in ("signed-healthy", "unsigned-refused", "keyring"):
        after = PowerSession(named(family), without_keyring(kind)).run()
        assert {execution.status for execution in after.cloud.executions} == {"REJECTED"}
        assert after.disk.fingerprint() == without_keyring(kind).disk.fingerprint()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["signed-two-jobs", "keyring"])
def test_one_copy_that_is_lost_when_all_is_done_brings_nothing_older_back(family: str) -> None:
    sweep = Sweep([named(family)], seed=1, states=1 << 40, deadline_s=math.inf)
    sweep.late_damages(named(family))
    assert sweep.counts.second_cuts > 100
    assert sweep.counts.found == []
