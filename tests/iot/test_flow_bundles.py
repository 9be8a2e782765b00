"""Bundles as jobs: installed, tried and confirmed, or refused, at the latest when their list came."""

from pathlib import Path
from typing import Any

import pytest

from aws.iot import fota
from fota.boot_note import BootNote
from fota.errors import NoSpace
from fota.trust.errors import WrongRuntime
from fota_testing.flash.cells import MemoryCell
from tests.labs.device_lab import BUFFER_BYTES, FACTORY
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


def test_a_signed_bundle_is_installed_tried_and_confirmed(lab: GatewayLab) -> None:
    lab.publish_signed(IMAGE)
    lab.wake()
    assert (lab.running_image, lab.confirmed_image) == (IMAGE, FACTORY)
    assert lab.has_whole_tree(1)
    lab.wake()
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.is_settled


@pytest.mark.parametrize(
    ("claim", "said"), [({"runtime": "cp27-any"}, "needs cp27-any"), ({"boot": 2}, "protocol 2 of fota-boot")]
)
def test_a_signed_bundle_for_another_runtime_is_rejected_before_anything_is_fetched(
    lab: GatewayLab, claim: dict[str, Any], said: str
) -> None:
    before = lab.written()
    lab.publish_signed(packed("new", **claim), **claim)
    lab.wake()
    assert (lab.status(), lab.reason()) == ("REJECTED", "wrong-runtime")
    assert said in lab.details()["message"]
    assert (lab.server.asked, lab.written()) == ([], before)


class TestUnsigned:
    """A device without a keyring: nothing is known of a bundle until its list came, which is in front of it."""

    @pytest.fixture
    def lab(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatewayLab:
        """A gateway that takes whatever a job names."""
        return GatewayLab(tmp_path, monkeypatch)

    def fetched_bytes(self, lab: GatewayLab) -> int:
        return (lab.home / "slot-1.img").stat().st_size

    def test_one_for_another_python_fails_as_soon_as_its_list_came(self, lab: GatewayLab) -> None:
        image = packed("new", runtime="cp27-any")
        lab.publish(image)
        lab.wake()
        assert (lab.status(), lab.reason()) == ("FAILED", "wrong-runtime")
        assert "needs cp27-any" in lab.details()["message"]
        end = image.index(b"PK\x03\x04", 1)
        assert end <= self.fetched_bytes(lab) < end + 2 * BUFFER_BYTES
        assert lab.slots.seal_of(1) is None

    def test_one_without_room_for_its_tree_fails_as_soon_as_its_list_came(self, lab: GatewayLab) -> None:
        image = packed("new")
        lab.leave(10_000)
        lab.publish(image)
        lab.wake()
        assert (lab.status(), lab.reason()) == ("FAILED", "no-space")
        assert self.fetched_bytes(lab) < len(image) // 2
        lab.leave(None)
        lab.publish(image, "job-2")
        lab.wake()
        lab.wake()
        assert lab.status("job-2") == "SUCCEEDED"

    def test_a_download_that_goes_on_behind_the_list_is_judged_with_the_next_bytes(self, lab: GatewayLab) -> None:
        image = packed("new", runtime="cp27-any")
        offset_bytes = image.index(b"PK\x03\x04", 1) + 100
        lab.slots.writer(1, len(image)).close()
        (lab.home / "slot-1.img").write_bytes(image[:offset_bytes])
        writer = lab.slots.resume(1, len(image), offset_bytes)
        with pytest.raises(WrongRuntime):
            writer.write(memoryview(image[offset_bytes : offset_bytes + 1]))
        writer.close()

    def test_a_download_that_starts_over_is_judged_again(self, lab: GatewayLab) -> None:
        image = packed("new", runtime="cp27-any")
        writer = lab.slots.resume(1, len(image), 0)
        writer.write(memoryview(bytes(len(image) // 2)))
        writer.restart()
        with pytest.raises(WrongRuntime):
            writer.write(memoryview(image))
        writer.close()

    @pytest.mark.parametrize("size_bytes", [0, 45, 46, 47, 200, 20_000])
    def test_a_list_that_is_not_one_is_left_to_those_who_prove_the_image(
        self, lab: GatewayLab, size_bytes: int
    ) -> None:
        image = packed("new", runtime="cp27-any")
        broken = image[:size_bytes] + bytes(1000)
        lab.publish(broken)
        lab.wake()
        lab.wake()
        reason = {0: "", 45: "", 46: "wrong-format", 47: "wrong-format", 200: "wrong-format"}
        assert lab.reason() == reason.get(size_bytes, "wrong-runtime")


class TestWithAnotherPython:
    """The Python of the gateway is replaced while it has bundles for the former one."""

    def test_a_trial_that_the_new_python_cannot_start_is_told_as_wrong_runtime_and_is_not_known_bad(
        self, lab: GatewayLab
    ) -> None:
        lab.note = BootNote(MemoryCell(), MemoryCell())
        lab.note.save({"exit": "3", "error": "what another image ended with"})
        lab.publish_signed(IMAGE)
        fota.handle_fota_jobs(lab.jobs, force=True, device=lab.device, auto_reset=False)
        lab.update_python("cp999")
        lab.reboot()
        assert lab.running_image == FACTORY
        lab.wake()
        assert (lab.status(), lab.reason(), lab.details()["cause"]) == ("FAILED", "rolled-back", "wrong-runtime")
        assert not {"exit", "error"} & set(lab.details())
        lab.update_python(None)
        lab.publish_signed(IMAGE, "job-2")
        lab.wake()
        lab.wake()
        assert (lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", IMAGE)

    def test_a_confirmed_image_that_gives_way_is_told_to_the_shadow_and_is_not_known_bad(
        self, lab: GatewayLab
    ) -> None:
        lab.publish_signed(IMAGE)
        lab.note = BootNote(MemoryCell(), MemoryCell())
        lab.note.save({"exit": "3", "error": "what another image ended with"})
        lab.wake()
        lab.wake()
        lab.update_python("cp999")
        lab.reboot()
        lab.wake()
        assert lab.running_image == FACTORY
        (said,) = lab.fallen_back()
        assert (said["cause"], said["from_slot"], "exit" in said) == ("wrong-runtime", 1, False)
        assert lab.is_settled
        lab.update_python(None)
        # It lies in its slot, whole: nothing is downloaded.
        lab.server.asked.clear()
        lab.publish_signed(IMAGE, "job-2")
        lab.wake()
        lab.wake()
        assert (lab.status("job-2"), lab.confirmed_image, lab.server.asked) == ("SUCCEEDED", IMAGE, [])
