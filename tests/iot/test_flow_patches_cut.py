"""A patch whose download or applying is cut, put off or cancelled: what came is not lost, and no byte is trusted."""

from typing import Any

import pytest

from fota import journal
from fota.errors import Unreachable
from fota.journal_entry import PatchTaken, entry_of
from fota.policy import Later, Now
from fota.progress import Progress
from fota.transfer.checkpoint import Checkpoint
from fota_testing.flash.cells import PowerCut
from tests.labs.device_lab import JOB
from tests.labs.image_digests import digests_of
from tests.labs.patched_lab import NEW, PATCH, PatchedLab, lab, way_of
from tests.labs.policy_lab import ScriptedPolicy, told

__all__ = ("lab",)

ENDED = ("SUCCEEDED", NEW, way_of(PATCH))


def ends(lab: PatchedLab, **options: Any) -> tuple[str, bytes, dict[str, str]]:
    lab.live(**options)
    assert (lab.is_settled, lab.place.content(0)) == (True, b"")
    return lab.status(), lab.confirmed_image, lab.way()


class CutAt(Progress):
    """The power fails when so much of the image was made from the patch."""

    def __init__(self, at_bytes: int) -> None:
        self.at_bytes = at_bytes
        self.made: list[int] = []

    def applying(self, done_bytes: int, total_bytes: int) -> None:
        self.made.append(done_bytes)
        assert total_bytes == len(NEW)
        if done_bytes >= self.at_bytes:
            raise PowerCut("while a patch is applied")


def test_a_patch_goes_on_where_it_was_after_a_reset(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.place.cut_after(700)
    lab.wake()
    patch = lab.entry.patch
    assert patch is not None
    assert 256 <= patch.checkpoint.offset_bytes <= 700
    assert ends(lab) == ENDED
    assert lab.server.ranges == [None, f"bytes={patch.checkpoint.offset_bytes}-"]


def test_an_older_library_takes_the_checkpoint_of_a_patch_for_none_of_the_image(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.place.cut_after(700)
    lab.wake()
    assert lab.entry.checkpoint.offset_bytes == 0
    assert lab.entry.fields()["proven"] == [0, 0, 0, 0]


@pytest.mark.parametrize("at_bytes", [1, 1_500, len(NEW) - 1])
def test_applying_that_is_cut_begins_again_without_the_network(lab: PatchedLab, at_bytes: int) -> None:
    lab.offer(lab.entry_of())
    lab.slots.cut_after(at_bytes)
    lab.wake()
    asked = len(lab.server.asked)
    assert not lab.spare_is_bootable
    assert ends(lab) == ENDED
    assert len(lab.server.asked) == asked == 1


def test_a_patch_that_is_damaged_on_storage_after_a_reset_is_fetched_again(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.slots.cut_after(100)
    lab.wake()
    lab.place.damage(0, 200)
    assert ends(lab) == ENDED
    assert lab.server.ranges == [None, None]


def test_a_url_of_a_patch_that_expired_is_replaced_by_the_fresh_one_of_the_same_patch(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of(PATCH + b"-", start=b"another"), lab.entry_of())
    lab.server.expires = 1
    assert ends(lab) == ENDED
    first, fresh = lab.server.asked
    assert (first.split("?")[0], first != fresh) == (fresh.split("?")[0], True)


def test_a_patch_that_the_job_offers_no_more_is_given_up_for_the_whole_image(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.server.expires = 1
    lab.server.on_expiry = lambda: lab.service.execution(JOB).document.pop("x-patches")  # type: ignore[attr-defined]
    assert ends(lab) == ("SUCCEEDED", NEW, {"way": "whole", "why": "patch-failed"})


def test_a_device_that_cannot_reach_the_server_fails_as_with_any_image(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.server.failure = Unreachable("there is no route")
    lab.live(20_000)
    assert (lab.status(), lab.reason(), lab.way()) == ("FAILED", "unreachable", way_of(PATCH))
    assert (lab.is_settled, lab.place.content(0)) == (True, b"")


def test_a_job_that_is_cancelled_while_a_patch_comes_leaves_nothing(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.server.expires = 1
    lab.server.on_expiry = lambda: lab.service.end(JOB, "CANCELED")
    lab.live()
    assert (lab.is_settled, lab.place.content(0), lab.boots) == (True, b"", 0)


def test_a_patch_left_over_is_removed_before_the_next_one_is_fetched(lab: PatchedLab) -> None:
    lab.place.put(0, b"left over")
    lab.offer(lab.entry_of())
    assert ends(lab) == ENDED
    assert lab.place.removals == 2


def test_a_patch_that_cannot_be_removed_ends_no_update(lab: PatchedLab) -> None:
    lab.place.is_stuck = True
    lab.offer(lab.entry_of())
    lab.live()
    assert (lab.status(), lab.confirmed_image, lab.is_settled) == ("SUCCEEDED", NEW, True)


def test_the_program_is_told_how_far_the_patch_is_applied(lab: PatchedLab) -> None:
    watch = CutAt(len(NEW) + 1)
    lab.offer(lab.entry_of())
    lab.wake(progress=watch)
    assert watch.made[-1] == len(NEW)
    assert watch.made == sorted(watch.made)


# The policy of the program.


def test_a_policy_is_told_how_much_of_the_patch_is_left(lab: PatchedLab) -> None:
    policy = ScriptedPolicy()
    lab.offer(lab.entry_of())
    lab.wake(policy=policy)
    first = policy.offers[0]
    assert (first.size_bytes, first.left_bytes) == (len(NEW), len(PATCH))


def test_the_bounds_of_a_policy_hold_for_a_patch_and_it_goes_on_behind_them(lab: PatchedLab) -> None:
    policy = ScriptedPolicy(Now(max_bytes=700))
    lab.offer(lab.entry_of())
    lab.wake(policy=policy)
    patch = lab.entry.patch
    assert patch is not None
    assert patch.checkpoint.offset_bytes == 700
    assert told(lab)[-1]["reason"] == "paused"
    assert ends(lab, policy=policy) == ENDED
    assert lab.server.ranges == ["bytes=0-699", "bytes=700-"]


def test_a_policy_is_asked_again_when_the_whole_image_comes_in_place_of_a_patch(lab: PatchedLab) -> None:
    policy = ScriptedPolicy()
    lab.offer(lab.entry_of(sha256="1" * 64))

    def later() -> None:
        policy.answers["download"] = Later("it is long")

    lab.server.at(100, later)
    lab.wake(policy=policy)
    assert [offer.left_bytes for offer in policy.offers] == [len(PATCH), len(NEW)]
    assert (lab.asked(), told(lab)[-1]["reason"]) == (["patch"], "it is long")
    policy.answers["download"] = True
    assert ends(lab, policy=policy) == ("SUCCEEDED", NEW, {"way": "whole", "why": "patch-failed"})


# The journal.


def test_an_entry_keeps_its_way_over_a_reset() -> None:
    entry = journal.Entry("job-1", 1, digests_of(NEW))
    taken = PatchTaken(bytes(32), 700, Checkpoint(256, 1, '"etag"', 300, 5))
    known = journal.decode(journal.encode(entry.by_way(way_of(PATCH), taken)))
    assert known is not None
    assert known.patch is not None
    assert (known.way, known.patch.fields()) == (way_of(PATCH), taken.fields())
    assert known.left_bytes == 444
    assert known.at("failed", "x", "y").way == known.taken_up_again().way == way_of(PATCH)


@pytest.mark.parametrize(
    "patch", [7, [], ["x"], ["0" * 64, "", 1, 1, 1, 1, -1], ["g" * 64, "", 1, 1, 1, 1, 1], {"0": 1}, None]
)
def test_a_patch_that_makes_no_sense_in_the_journal_is_none(patch: object) -> None:
    fields = journal.Entry("job-1", 1, digests_of(NEW)).fields()
    fields.update({"way": {"way": "patch", "patch_bytes": 7, "x": "y"}, "patch": patch})
    known = entry_of(fields)
    assert known is not None
    assert (known.patch, known.way) == (None, {"way": "patch", "x": "y"})


@pytest.mark.parametrize("etag", ['"' + "e" * 63 + '"', '"é"'])
def test_an_etag_that_is_long_or_odd_is_not_kept(etag: str) -> None:
    assert PatchTaken(bytes(32), 1, Checkpoint(etag=etag)).fields()[1] == ""
