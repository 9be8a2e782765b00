"""The commands of the page that takes a release back, typed against the local AWS."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import Stage
from fota_operator.rollouts.run import RunOptions
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.keys import KeyFolder
from tests.labs.docs_pages import blocks, read
from tests.labs.fleet import HANGS, SUCCEEDS, Ends, fails
from tests.labs.follow_lab import FollowLab
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

PAGE = read("docs/how-to/take-a-release-back.md")
NAME = "pump-1-4-0"
NUMBERS = itertools.count(1)
BACK, AGAIN, WHO = (
    [line.split() for line in block.content.splitlines()] for block in blocks(PAGE) if block.language == "sh"
)


@pytest.fixture
def lab(local_aws: LocalAws, tmp_path: Path) -> FollowLab:
    """One took 1.4.0, one could not reach the server, one has no room, one has not answered."""
    signatures = Signatures(KeyFolder(tmp_path / "keys"))
    lab = FollowLab(local_aws.cloud(), local_aws, signatures, tmp_path, f"page-back-{next(NUMBERS)}")
    lab.offer(f"{lab.name}-old", lab.release("1.3.0"))
    ends = dict(zip(lab.fleet.names, (SUCCEEDS, fails("unreachable"), fails("no-space"), HANGS), strict=True))
    script: Callable[[str, object], Ends] = lambda thing, _: ends[thing]  # noqa: E731
    half = (Stage("all", percent=100.0, gate=Gate(succeeded_percent=50.0)),)
    lab.offer(lab.name, lab.release("1.4.0"), script, options=RunOptions(once=True), stages=half)
    lab.fleet.turn()
    write_keyring(tmp_path / "keyring.json", lab.keyring)
    return lab


def typed(fota: FotaCommand, lab: FollowLab, words: list[str], *more: object) -> str:
    """Type a command of the page, for the rollout and the key of the lab."""
    mine = {NAME: lab.name, "alice": "maker"}
    done = fota(*(mine.get(word, word) for word in words[1:]), "--bucket", lab.local.bucket, *more)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_page_takes_it_back(lab: FollowLab, local_aws: LocalAws, tmp_path: Path) -> None:
    abort, dry, go = BACK
    fota = FotaCommand(local_aws.environment())
    trusted = ("--keys", lab.signatures.keys.path, "--keyring", tmp_path / "keyring.json")
    assert lab.name in typed(fota, lab, abort)
    told = typed(fota, lab, dry, *trusted)
    assert f"{lab.name}-back: back to {lab.product} 1.3.0" in told
    assert "1 things have not answered and may still take 1.4.0" in told
    typed(fota, lab, go, *trusted, "--yes", "--once")
    assert lab.status(f"{lab.name}-back").targets == 1


def test_the_page_offers_it_again_and_says_who(lab: FollowLab, local_aws: LocalAws) -> None:
    dry, go = AGAIN
    fota = FotaCommand(local_aws.environment())
    assert "2 things are offered it again" in typed(fota, lab, dry)
    typed(fota, lab, go, "--yes", "--once")
    assert lab.status(f"{lab.name}-retry").targets == 2
    status, every = WHO
    assert typed(fota, lab, status).splitlines()[-1].endswith(f"by {lab.cloud.caller_arn}")
    assert "began 20" in typed(fota, lab, every)
