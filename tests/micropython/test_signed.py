"""A board with a keyring: it takes what its maker signed, and touches nothing for what others did."""

from collections.abc import Callable

import pytest

from fota.trust.envelope import Envelope
from tests.labs.board_lab import CRASHES, BoardLab
from tests.labs.interpreter import only_where_it_runs

pytestmark = [pytest.mark.e2e, only_where_it_runs]


@pytest.fixture
def lab(make_lab: Callable[..., BoardLab]) -> BoardLab:
    return make_lab(is_signed=True)


def test_a_signed_release_is_installed_and_confirmed(lab: BoardLab) -> None:
    image = lab.image("2")
    release = lab.release(image, "maker")
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(image, release))
        board.wait_for("firmware 2 is connected")
    assert release.manifest.image == "littlefs"
    assert ended.status == "SUCCEEDED"


def test_a_forged_release_is_rejected_before_anything_is_downloaded_or_written(lab: BoardLab) -> None:
    image, spare = lab.image("2"), lab.spare()
    forged = lab.release(image, "thief")
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(image, forged, lab.keyring_of("thief")))
        assert (board.boots, board.said("download-started")) == (1, [])
    assert (ended.status, ended.reason) == ("REJECTED", "unknown-key")
    assert lab.spare() == spare


def test_a_release_whose_manifest_was_changed_is_rejected_before_anything_is_downloaded_or_written(
    lab: BoardLab,
) -> None:
    image, spare = lab.image("2"), lab.spare()
    signed, other = (lab.release(image, "maker", seq=seq).envelope for seq in (2, 3))
    changed = Envelope(signed.payload_type, other.payload, signed.signatures)
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start_unchecked(image, changed))
        assert (board.boots, board.said("download-started")) == (1, [])
    assert (ended.status, ended.reason) == ("REJECTED", "bad-signature")
    assert lab.spare() == spare


def test_an_image_that_is_not_signed_is_rejected_before_anything_is_downloaded_or_written(lab: BoardLab) -> None:
    spare = lab.spare()
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2")))
        assert (board.boots, board.said("download-started")) == (1, [])
    assert (ended.status, ended.reason) == ("REJECTED", "unsigned")
    assert lab.spare() == spare


def test_a_signed_image_that_was_rolled_back_is_not_taken_in_a_newer_release_either(lab: BoardLab) -> None:
    image = lab.image("2", CRASHES)
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        first = lab.end_of(lab.start(image, lab.release(image, "maker", seq=2)))
        second = lab.end_of(lab.start(image, lab.release(image, "maker", seq=3)))
    assert (first.status, first.reason) == ("FAILED", "rolled-back")
    assert (second.status, second.reason) == ("REJECTED", "known-bad")
