"""Bundles as jobs: room is asked for before anything is fetched."""

from pathlib import Path

import pytest

from aws.iot import fota
from fota.errors import NoSpace
from tests.labs.device_lab import FACTORY
from tests.labs.gateway_lab import GatewayLab, packed

IMAGE = packed("new")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatewayLab:
    """A gateway that trusts one key and runs its factory image."""
    return GatewayLab(tmp_path, monkeypatch, is_signed=True)


def without_way_back(lab: GatewayLab) -> None:
    """An image is confirmed, and may fall back on the factory image, whose slot the next one goes to."""
    lab.publish_signed(packed("first"), "job-0", seq=6)
    lab.wake()
    lab.wake()
    assert lab.device.record().fallback_slot == 0
    lab.server.asked.clear()


@pytest.mark.parametrize("disconnects", [True, False])
def test_a_job_with_a_bundle_without_room_fails_before_anything_is_fetched_or_written(
    lab: GatewayLab, disconnects: bool
) -> None:
    without_way_back(lab)
    lab.leave(50_000)
    before = lab.written(), lab.device.record().fallback_slot
    lab.publish_signed(IMAGE, seq=8, tree=1 << 20)
    lab.wake(disconnect_mqtt=disconnects)
    assert (lab.status(), lab.reason()) == ("FAILED", "no-space")
    assert "bytes are needed for the image and its tree" in lab.details()["message"]
    assert lab.server.asked == []
    assert (lab.written(), lab.device.record().fallback_slot) == before


def test_the_job_after_one_without_room_is_carried_out(lab: GatewayLab) -> None:
    lab.leave(50_000)
    lab.publish_signed(IMAGE, tree=1 << 20)
    lab.wake()
    assert lab.reason() == "no-space"
    lab.leave(None)
    lab.publish_signed(IMAGE, "job-2", tree=1 << 20)
    lab.wake()
    lab.wake()
    assert lab.status("job-2") == "SUCCEEDED"
    assert lab.confirmed_image == IMAGE


def test_update_of_a_bundle_without_room_raises_before_anything_is_fetched_or_written(lab: GatewayLab) -> None:
    without_way_back(lab)
    lab.leave(50_000)
    before = lab.written(), lab.device.record().fallback_slot
    document = lab.signed_direct_document(IMAGE, seq=8, tree=1 << 20)
    with pytest.raises(NoSpace):
        fota.update(document, device=lab.device)
    assert lab.server.asked == []
    assert (lab.written(), lab.device.record().fallback_slot) == before
    lab.leave(None)
    assert fota.update(document, device=lab.device)


def test_a_bundle_that_is_installed_needs_no_room(lab: GatewayLab) -> None:
    document = lab.signed_direct_document(IMAGE)
    fota.update(document, device=lab.device)
    lab.leave(0)
    assert fota.update(document, device=lab.device)
    assert len(lab.server.asked) == 1
    assert lab.running_image == FACTORY
