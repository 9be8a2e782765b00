"""A board whose program says later some times before an update may come and restart, against a real AWS server."""

from pathlib import Path

import pytest

from fota_operator.local.aws import LocalAws
from sweeps.seeding.verbs import after, replace
from tests.labs.board_lab import BoardLab
from tests.labs.interpreter import only_where_it_runs

pytestmark = [pytest.mark.e2e, only_where_it_runs]

PUTS_OFF = (
    after(
        "import json",
        """
from fota import policy

asked = []

def waver(offer):
    asked.append(offer.moment)
    print("asked", offer.moment, offer.left_bytes, offer.time_s is not None, offer.waited_s < 90)
    return policy.Later("busy", 1) if asked.count(offer.moment) < 3 else policy.Now(max_bytes_per_s=1 << 20)
""",
    ),
    replace("_1.handle_fota_jobs(_2, force=True)", "_1.handle_fota_jobs(_2, force=True, policy=waver)"),
    replace("_1.handle_fota_jobs(_2)", "_1.handle_fota_jobs(_2, policy=waver)"),
)


def test_an_update_is_put_off_at_both_moments_and_then_confirmed(
    local_aws: LocalAws, library: Path, tmp_path: Path
) -> None:
    lab = BoardLab(local_aws, tmp_path, library, factory_patches=PUTS_OFF)
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        image = lab.image("2")
        ended = lab.end_of(lab.start(image))
        asked = [line.split("asked ")[1] for line in board.said("asked ")]
    assert ended.status == "SUCCEEDED"
    assert asked[0] == asked[2] == f"download {len(image.content)} True True"
    assert asked[3:] == ["restart 0 True True"] * 3
