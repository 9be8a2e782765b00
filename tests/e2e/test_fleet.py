"""What `fota fleet` and `fota things list` say of a real device, from what it told its shadow, update by update."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from fota_operator.demo.device import provision
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.keys import KeyFolder
from sweeps.seeding.verbs import Patch, set_to
from tests.labs.fota_command import FotaCommand
from tests.labs.process_lab import REPOSITORY, ProcessLab
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

WAIT_S = 60
SLOW_AND_SICK = set_to("MIN_FREE_BYTES", 'type("Slow", (), {"__lt__": lambda _, free: bool(time.sleep(8))})()')
"""The health check takes long enough for a look at the device on trial, and says no."""


class FleetStory:
    """One device that takes signed releases, with a group and a product of its own."""

    def __init__(self, lab: ProcessLab) -> None:
        self.lab = lab
        self.product = f"pump-{lab.thing}"
        self._fota = FotaCommand(lab.local.environment())
        self._signatures = Signatures(KeyFolder(lab.folder / "keys"))
        self.keyring = self._signatures.keyring("maker", product=self.product)
        path = lab.folder / "keyring.json"
        write_keyring(path, self.keyring)
        lab.folder = lab.folder / "signed"
        lab.folder.mkdir()
        provision(lab.home, lab.build("0")[1], options=["--keyring", str(path)])
        self.group = f"group-{lab.thing}"
        lab.cloud.iot.create_thing_group(thingGroupName=self.group)
        lab.cloud.iot.add_thing_to_thing_group(thingGroupName=self.group, thingName=lab.thing)

    def offer(self, version: str, seq: int, *patches: Patch) -> str:
        """Send a signed release; the id of its job."""
        lab = self.lab
        release = self._signatures.release(
            lab.build(version, patches=patches)[0], "maker", seq=seq, product=self.product
        )
        request = StartRequest(
            lab.thing,
            release.image,
            lab.local.bucket,
            lab.local.role,
            envelope=release.envelope,
            keyring=self.keyring,
        )
        return start_job(lab.cloud, request).job_id

    def until(self, **facts: object) -> dict[str, Any]:
        """The thing as `fota things list` shows it, once it shows these facts."""
        until_s = time.monotonic() + WAIT_S
        while True:
            (shown,) = json.loads(self._fota("things", "list", "--group", self.group, "--json").stdout)
            if facts.items() <= shown.items():
                return dict(shown)
            assert time.monotonic() < until_s, shown
            time.sleep(0.5)

    def counted(self) -> list[tuple[str, int, int]]:
        """Version, how many things and how many on trial, as `fota fleet` counts those of our product."""
        told = json.loads(self._fota("fleet", "--json").stdout)["versions"]
        return [(one["version"], one["things"], one["on_trial"]) for one in told if one["product"] == self.product]


def test_the_fleet_shows_what_a_device_runs_after_an_update_and_after_a_rollback(
    make_lab: Callable[..., ProcessLab],
) -> None:
    story = FleetStory(make_lab(program=REPOSITORY / "examples/gateway"))
    with story.lab.device("--deadline", "600") as device:
        device.wait_for("the gateway is at work")
        assert story.until(slot=0, state="confirmed")["version"] is None
        assert story.counted() == []
        assert story.lab.end_of(story.offer("1.1", 1)).status == "SUCCEEDED"
        story.until(product=story.product, version="1.1", seq=1, slot=1, state="confirmed", last_failure=None)
        assert story.counted() == [("1.1", 1, 0)]
        job_id = story.offer("1.2", 2, SLOW_AND_SICK)
        story.until(version="1.2", seq=2, slot=0, state="on-trial")
        assert story.counted() == [("1.2", 1, 1)]
        assert story.lab.end_of(job_id).reason == "rolled-back"
        back = story.until(version="1.1", seq=1, slot=1, state="confirmed")
    assert story.counted() == [("1.1", 1, 0)]
    failure = back["last_failure"]
    assert (failure["job"], failure["reason"], failure["cause"]) == (job_id, "rolled-back", "health-check")
    assert failure["version"] == "1.2"
