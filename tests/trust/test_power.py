"""Power cuts at every durable write of a life: signed releases, a floor that rises, a keyring that is replaced.

Whatever is cut: the keyring is the one before or the one after, never none; the mark and the floor never fall; the
floor is never above what the confirmed image meets; and the device ends where it ends without a cut.
"""

from __future__ import annotations

import functools

import pytest
import vector_parts as parts

from fota.trust.floor import PROBATION_BOOTS
from fota_testing.flash.cells import PowerCut
from tests.labs.device_lab import FACTORY
from tests.labs.trust_lab import TrustLab, kept_release

SECOND = parts.keyring("second", version=2)
BOTH = ("first", "second")
SECVERS = {FACTORY: 0, b"a": 0, b"b": 5, b"c": 5}


class Watched(TrustLab):
    """A bench that looks, after every look of the device at its jobs, whether anything fell."""

    def __init__(self) -> None:
        self.seen = (0, 0, 1)
        super().__init__(parts.keyring())

    def live(self, seconds: int = 15, **options: object) -> None:
        for _ in range(seconds):
            self.look(**options)
            self.check()
            self.pass_ms(1000)

    def check(self) -> None:
        ring, floor = self.keyring, self.floor
        assert ring is not None
        now = (floor.seq, floor.secver, ring.version)
        assert all(later >= earlier for later, earlier in zip(now, self.seen, strict=True)), (self.seen, now)
        assert floor.secver <= SECVERS[self.confirmed_image]
        assert ring.version in {1, 2}
        self.seen = now


def play(bench: Watched) -> None:
    """Two releases, the probation of the second, another keyring, and a release by its key."""
    bench.offer("a", "a", seq=1, secver=0)
    bench.live()
    bench.offer("b", "b", seq=2, secver=5)
    bench.live()
    for _ in range(PROBATION_BOOTS):
        bench.reboot()
        bench.live()
    bench.publish_document(parts.keyring_document(SECOND, BOTH), "rotate")
    bench.live()
    bench.offer("c", "c", seq=3, secver=5, signers=("second",))
    bench.live()
    bench.offer("a", "old-key", seq=4, secver=5)
    bench.offer("a", "replay", seq=2, secver=5, signers=("second",))
    bench.offer("a", "weak", seq=4, secver=4, signers=("second",))
    bench.publish_document(parts.document("a", release=None), "unsigned")
    bench.live()


def outcome(bench: Watched) -> list[object]:
    """Where the device ended, and what it told."""
    refused = [bench.reason(job) for job in ("old-key", "replay", "weak", "unsigned")]
    kept = kept_release(bench, bench.device.running_slot)
    return [bench.running_image, bench.is_settled, bench.seen, kept and kept.seq, bench.status("rotate"), *refused]


UNCUT = [b"c", True, (3, 5, 2), 3, "SUCCEEDED", "unknown-key", "older-release", "below-floor", "unsigned"]


@functools.cache
def whole_life() -> Watched:
    bench = Watched()
    play(bench)
    return bench


def test_a_life_without_a_cut_ends_as_it_should() -> None:
    assert outcome(whole_life()) == UNCUT
    # The values of signed releases are really among what is cut.
    written = {name.rpartition("-")[0] for name, cell in whole_life().cells.items() if cell.writes}
    assert written == {"keyring", "floor", "slot-0.release", "slot-1.release"}


@pytest.mark.slow
@pytest.mark.parametrize("torn_bytes", [0, 20, 4096], ids=["nothing", "some", "all"])
def test_a_power_cut_at_any_durable_write_lets_nothing_fall(torn_bytes: int) -> None:
    writes = whole_life().power.writes
    assert writes > 25
    for cut_at in range(1, writes + 1):
        bench = Watched()
        bench.power.cut_at, bench.power.torn_bytes = cut_at, torn_bytes
        play(bench)
        assert bench.power.writes >= cut_at
        # A cut on trial is a rollback: that release is told as one, and everything else holds.
        rolled_back = [job for job in ("a", "b", "c") if bench.reason(job) == "rolled-back"]
        assert bench.is_settled
        assert bench.seen[2] == 2
        assert [bench.reason(job) for job in ("old-key", "unsigned")] == ["unknown-key", "unsigned"]
        if not rolled_back:
            assert outcome(bench) == UNCUT


def test_a_cut_between_confirm_and_mark_is_made_good_before_the_next_job_is_taken() -> None:
    bench = TrustLab(parts.keyring())
    bench.offer("b", seq=8)
    bench.wake()
    # Both copies of the record, then the floor.
    bench.power.cut_at = bench.power.writes + 3
    with pytest.raises(PowerCut):
        bench.device.confirm()
    bench.power.cut_at = None
    bench.reboot()
    assert bench.floor.seq == 0
    bench.offer("a", "older", seq=7)
    bench.wake()
    assert bench.reason("older") == "older-release"


@pytest.mark.parametrize("torn_bytes", [0, 20, 4096])
@pytest.mark.parametrize("write", [1, 2])
def test_a_keyring_that_is_cut_while_it_is_saved_is_the_old_or_the_new_one(write: int, torn_bytes: int) -> None:
    bench = TrustLab(parts.keyring())
    bench.power.cut_at, bench.power.torn_bytes = write, torn_bytes
    bench.publish_document(parts.keyring_document(SECOND, BOTH), "rotate")
    bench.wake()
    ring = bench.keyring
    assert ring is not None
    assert ring.version in {1, 2}
    bench.live(60)
    assert bench.status("rotate") == "SUCCEEDED"
    ring = bench.keyring
    assert ring is not None
    assert ring.version == 2


def test_a_keyring_that_is_told_as_saved_is_in_both_copies_whatever_was_cut() -> None:
    bench = TrustLab(parts.keyring())
    bench.power.cut_at = 2
    bench.publish_document(parts.keyring_document(SECOND, BOTH), "rotate")
    bench.wake()
    bench.live(60)
    assert bench.status("rotate") == "SUCCEEDED"
    for copy in (0, 1):
        other = TrustLab(parts.keyring())
        other.cells.update({name: cell for name, cell in bench.cells.items() if name.startswith("keyring")})
        saved = bytes(bench.cells[f"keyring-{copy}"]._content)
        bench.damage("keyring", copy)
        ring = bench.make_releases().keyrings.load()
        bench.cells[f"keyring-{copy}"]._content[:] = saved
        assert ring is not None
        assert ring.version == 2


def test_a_cut_is_a_cut() -> None:
    bench = TrustLab(parts.keyring())
    bench.power.cut_at = 1
    with pytest.raises(PowerCut):
        bench.cells["floor-0"].write(b"x")
