"""Updates of a board by patches, from the operator's command to the job's end, against a real AWS server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.local.aws import LocalAws
from tests.labs.board_heaps import ENOUGH_KIB
from tests.labs.board_lab import BoardLab
from tests.labs.interpreter import IS_OF_32_BITS, only_where_it_runs
from tests.labs.stopping import stops_once

pytestmark = [pytest.mark.e2e, only_where_it_runs]

BALLAST_BYTES = 1 << 18
STOPS_AT_BYTES = 1 << 17

STOPS = stops_once("applying", STOPS_AT_BYTES)


@pytest.mark.parametrize("form", ["library", "bundle"])
def test_a_board_makes_its_image_from_a_patch(
    form: str, local_aws: LocalAws, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lab = BoardLab(local_aws, tmp_path, request.getfixturevalue(form))
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        image = lab.image("2")
        ended = lab.end_of(lab.start(image, patch_from=(lab.factory(),)))
        board.wait_for("firmware 2 is connected")
        # It is removed once the report was heard.
        board.eventually(lambda: not (lab.home / "patch.img").exists(), "the patch is removed")
    assert (ended.status, ended.details["way"]) == ("SUCCEEDED", "patch")
    assert int(ended.details["patch_bytes"]) < len(image.content) // 4


def test_a_board_whose_power_is_cut_while_a_patch_is_applied_begins_that_again_without_the_network(
    make_lab: Callable[..., BoardLab],
) -> None:
    lab = make_lab(factory_patches=STOPS)
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        job = lab.start(lab.image("2", ballast_bytes=BALLAST_BYTES), patch_from=(lab.factory(),))
        board.wait_for("stands still")
        board.cut_power()
        board.wait_for("firmware 2 is connected")
        ended = lab.end_of(job)
    assert (ended.status, ended.details["way"]) == ("SUCCEEDED", "patch")
    size = ended.details["patch_bytes"]
    first, again = board.said("download-started")
    assert "offset_bytes=0 " in first
    assert f"offset_bytes={size} " in again


@pytest.mark.skipif(IS_OF_32_BITS, reason="`make test-micropython32` measures it otherwise")
def test_a_patch_takes_24_kib_of_heap_more_than_we_promise_without_one(
    local_aws: LocalAws, bundle_in_rom: Path, tmp_path: Path
) -> None:
    lab = BoardLab(local_aws, tmp_path, bundle_in_rom, is_signed=True)
    image = lab.image("2", ballast_bytes=BALLAST_BYTES)
    with lab.board(heap=f"{ENOUGH_KIB['rom'] + 24}wk") as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(image, lab.release(image, "maker"), patch_from=(lab.factory(),)))
    assert (ended.status, ended.details["way"]) == ("SUCCEEDED", "patch")
