"""A job that offers patches: the device takes the one that fits, once, and tells how the image came."""

import hashlib
from typing import Any

import pytest

from fota_operator.patches.make import make_patch
from tests.labs.patched_lab import COMPRESSED, NEW, NOTHING, OLD, OTHER, PATCH, PatchedLab, lab, way_of

__all__ = ("lab",)


def finished(lab: PatchedLab) -> tuple[str, bytes, dict[str, str]]:
    lab.live()
    assert lab.is_settled
    assert lab.place.content(0) == b"", "the patch is left over"
    return lab.status(), lab.confirmed_image, lab.way()


# The patch that fits.


def test_an_image_comes_as_the_patch_that_starts_from_the_image_that_runs(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    assert finished(lab) == ("SUCCEEDED", NEW, way_of(PATCH))
    assert lab.asked() == ["patch"]


def test_a_patch_that_fits_is_found_among_others_and_before_one_that_starts_from_nothing(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of(COMPRESSED, None), lab.entry_of(make_patch(OTHER, NEW).content, OTHER), lab.entry_of())
    assert finished(lab) == ("SUCCEEDED", NEW, way_of(PATCH))


def test_where_no_patch_fits_the_one_that_starts_from_nothing_is_taken(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of(make_patch(OTHER, NEW).content, OTHER), lab.entry_of(COMPRESSED, None))
    assert finished(lab) == ("SUCCEEDED", NEW, way_of(COMPRESSED, "compressed"))
    assert lab.asked() == ["patch"]


def test_a_device_updated_by_a_patch_takes_the_next_one(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.live()
    patch = make_patch(NEW, OTHER).content
    lab.offer(lab.entry_of(patch, NEW), image=OTHER, job="job-2")
    lab.live()
    assert (lab.status("job-2"), lab.confirmed_image, lab.way("job-2")) == ("SUCCEEDED", OTHER, way_of(patch))


def test_every_report_from_the_restart_on_says_how_the_image_came(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.live()
    assert lab.told_ways() == [
        ("QUEUED", "", None),
        ("IN_PROGRESS", "download", None),
        ("IN_PROGRESS", "restart", "patch"),
        ("SUCCEEDED", "", "patch"),
    ]


def test_a_rollback_says_how_the_image_came(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.wake()
    lab.reboot("crashed")
    lab.live()
    assert (lab.status(), lab.reason(), lab.way()) == ("FAILED", "rolled-back", way_of(PATCH))


def test_an_image_that_waits_for_leave_says_how_it_came(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of())
    lab.look(force=True, may_restart=lambda: False)
    assert lab.told_ways()[-1] == ("IN_PROGRESS", "waiting-for-restart", "patch")


# The whole image.


def test_a_job_that_offers_no_patches_says_nothing_of_them(lab: PatchedLab) -> None:
    lab.publish(NEW)
    assert finished(lab) == ("SUCCEEDED", NEW, {})


def test_where_no_patch_fits_the_whole_image_comes(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of(make_patch(OTHER, NEW).content, OTHER))
    assert finished(lab) == ("SUCCEEDED", NEW, {"way": "whole", "why": "no-patch-fits"})
    assert lab.asked() == ["whole"]


def test_a_board_without_a_place_for_patches_fetches_the_whole_image() -> None:
    lab = PatchedLab(takes_patches=False)
    lab.offer(lab.entry_of())
    lab.live()
    assert (lab.status(), lab.way()) == ("SUCCEEDED", {"way": "whole", "why": "cannot-patch"})
    assert (lab.asked(), lab.confirmed_image) == (["whole"], NEW)


def damaged(patch: bytes) -> bytes:
    changed = bytearray(patch)
    changed[-8] ^= 1
    return bytes(changed)


def with_head(**changed: bytes) -> bytes:
    """PATCH with other digests in its head."""
    old, new = changed.get("old", hashlib.sha256(OLD).digest()), changed.get("new", hashlib.sha256(NEW).digest())
    return PATCH[:16] + old + PATCH[48:56] + new + PATCH[88:]


OF_NO_USE = {
    "its records are damaged": damaged(PATCH),
    "it is cut off": PATCH[:-20],
    "it is no patch": b"<Error/>" * 20,
    "it starts from another image than the job says": with_head(old=bytes(range(32))),
    "it makes another image than the job wants": with_head(new=bytes(range(32))),
    "it makes other bytes than it says": make_patch(OLD, NEW[:-1] + b"?").content[:56]
    + PATCH[56:88]
    + make_patch(OLD, NEW[:-1] + b"?").content[88:],
}


@pytest.mark.parametrize("why", OF_NO_USE)
def test_a_patch_that_is_of_no_use_is_given_up_for_the_whole_image(lab: PatchedLab, why: str) -> None:
    lab.offer(lab.entry_of(OF_NO_USE[why]))
    assert finished(lab) == ("SUCCEEDED", NEW, {"way": "whole", "why": "patch-failed"})
    assert lab.asked() == ["patch", "whole"]


@pytest.mark.parametrize("promise", [{"sha256": "1" * 64}, {"size": len(PATCH) - 1}, {"size": len(PATCH) + 1}])
def test_a_patch_that_is_not_the_promised_one_is_given_up_for_the_whole_image(
    lab: PatchedLab, promise: dict[str, Any]
) -> None:
    lab.offer(lab.entry_of(**promise))
    lab.live(20_000)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", NEW)
    assert lab.way() == {"way": "whole", "why": "patch-failed"}


def test_a_patch_that_the_server_does_not_have_is_given_up_for_the_whole_image(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of(url="${aws:iot:s3-presigned-url:https://images.example/patches/lost}"))
    assert finished(lab) == ("SUCCEEDED", NEW, {"way": "whole", "why": "patch-failed"})


def test_where_the_old_image_is_damaged_on_storage_the_whole_image_comes(lab: PatchedLab) -> None:
    lab.slots.damage(0, 10)
    lab.offer(lab.entry_of())
    assert finished(lab) == ("SUCCEEDED", NEW, {"way": "whole", "why": "patch-failed"})


def test_nothing_is_written_to_the_slot_before_the_patch_and_the_old_image_are_proven(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of(OF_NO_USE["it starts from another image than the job says"]), whole="never")
    lab.live()
    assert lab.slots.erases == [0, 0]


def test_the_whole_image_is_chosen_once_and_stays_chosen_over_resets(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of(damaged(PATCH)))
    lab.cut_in_the_whole_image()
    lab.live()
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", NEW)
    assert lab.asked() == ["patch", "whole"]
    assert lab.way() == {"way": "whole", "why": "patch-failed"}


def test_where_there_is_no_room_for_a_patch_the_whole_image_comes(lab: PatchedLab) -> None:
    lab.place.is_full = True
    lab.offer(lab.entry_of())
    assert finished(lab) == ("SUCCEEDED", NEW, {"way": "whole", "why": "no-room"})
    assert lab.place.content(0) == b""


# The whole image may not be fetched.


@pytest.mark.parametrize("whole", ["never", 0, len(NEW) - 1])
@pytest.mark.parametrize("patch", [damaged(PATCH), None], ids=["the patch is damaged", "no patch fits"])
def test_where_the_whole_image_may_not_be_fetched_the_job_fails(
    lab: PatchedLab, whole: object, patch: bytes | None
) -> None:
    lab.offer(lab.entry_of(patch) if patch else lab.entry_of(start=OTHER), whole=whole)
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "patch-failed")
    assert "whole" not in lab.asked()
    assert (lab.is_settled, lab.place.content(0), lab.boots) == (True, b"", 0)


def test_a_job_whose_patch_failed_says_that_it_was_a_patch(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of(damaged(PATCH)), whole="never")
    lab.live()
    assert lab.way() == way_of(damaged(PATCH))


@pytest.mark.parametrize("whole", [len(NEW), 1 << 40, "always", True, -1, None, [], 1.5])
def test_in_any_other_case_the_whole_image_may_be_fetched(lab: PatchedLab, whole: object) -> None:
    lab.offer(lab.entry_of(damaged(PATCH)), whole=whole)
    assert finished(lab)[:2] == ("SUCCEEDED", NEW)


def test_where_a_patch_fits_it_does_not_matter_that_the_whole_image_may_not_be_fetched(lab: PatchedLab) -> None:
    lab.offer(lab.entry_of(), whole="never")
    assert finished(lab) == ("SUCCEEDED", NEW, way_of(PATCH))


def test_a_job_without_patches_may_forbid_the_whole_image_too(lab: PatchedLab) -> None:
    lab.publish_document(lab.document(NEW) | {"x-whole": "never"})
    lab.live()
    assert (lab.status(), lab.reason(), lab.way()) == ("FAILED", "patch-failed", {})


# Nonsense.


NONSENSE: dict[str, object] = {
    "a member is missing": {"sha256": "left out"},
    "a member is unknown": {"more": 1},
    "from has 63 digits": {"from": "0" * 63},
    "from is a number": {"from": 7},
    "the size is 0": {"size": 0},
    "the size is that of more than the image": {"size": len(NEW) + 1},
    "the size is true": {"size": True},
    "the URL is not https": {"url": "http://images.example/patch"},
    "the URL has a space": {"url": "https://images.example/a patch"},
    "the digest is no digest": {"sha256": "g" * 64},
}


@pytest.mark.parametrize("what", NONSENSE)
def test_an_entry_that_is_not_right_is_as_if_it_were_not_offered(lab: PatchedLab, what: str) -> None:
    entry = lab.entry_of(**NONSENSE[what])  # type: ignore[arg-type]
    lab.offer({name: entry[name] for name in entry if entry[name] != "left out"})
    assert finished(lab) == ("SUCCEEDED", NEW, {})
    assert "whole" in lab.asked()


@pytest.mark.parametrize("patches", ["none", 7, {}, None, [], [1], ["x"], [None], [[]]])
def test_patches_that_are_nonsense_cost_no_update(lab: PatchedLab, patches: object) -> None:
    lab.offer(patches=patches)
    assert finished(lab) == ("SUCCEEDED", NEW, {})


def test_an_entry_that_is_not_right_does_not_hide_the_next_one(lab: PatchedLab) -> None:
    lab.offer(7, lab.entry_of(size=0), lab.entry_of())
    assert finished(lab) == ("SUCCEEDED", NEW, way_of(PATCH))


def test_only_the_first_eight_entries_count(lab: PatchedLab) -> None:
    others = [lab.entry_of(start=bytes([number])) for number in range(8)]
    lab.offer(*others, lab.entry_of())
    assert finished(lab) == ("SUCCEEDED", NEW, {"way": "whole", "why": "no-patch-fits"})


def test_zeros_are_no_image_that_runs(lab: PatchedLab) -> None:
    lab.slots._seals[0] = None
    lab.offer(lab.entry_of(COMPRESSED, None))
    assert lab.entry_of(COMPRESSED, None)["from"] == NOTHING
    lab.live()
    assert (lab.status(), lab.way()) == ("SUCCEEDED", way_of(COMPRESSED, "compressed"))


def test_a_device_tells_whether_it_takes_patches(lab: PatchedLab) -> None:
    assert (lab.device.patches.are_taken, PatchedLab(takes_patches=False).device.patches.are_taken) == (True, False)
