"""A keyring that is lost or cannot be read: the device takes nothing, and it is put back from outside."""

from __future__ import annotations

from pathlib import Path

import pytest
import vector_parts as parts

from fota.boards import provisioning
from fota.boards.files import FilesBoard
from fota.boards.provisioning import provision
from fota.errors import FotaError
from fota.storage import SlotReader
from fota.trust import errors as trust_errors
from tests.labs.device_lab import FACTORY
from tests.labs.trust_lab import BOTH, DAMAGED, SECOND, TrustLab, read_keyring, refusal, version


def test_a_device_whose_keyring_is_lost_boots_and_takes_nothing() -> None:
    bench = TrustLab(DAMAGED)
    bench.offer("a", "signed")
    bench.publish_document(parts.document("a", release=None), "unsigned")
    bench.publish_document(parts.keyring_document(SECOND, BOTH), "keyring")
    bench.wake()
    assert {bench.reason(job) for job in ("signed", "unsigned", "keyring")} == {"bad-keyring"}
    bench.reboot()
    bench.wake()
    assert (bench.running_image, bench.done()[:2]) == (FACTORY, [0, 0])


def test_a_release_on_trial_is_confirmed_though_the_keyring_was_lost_meanwhile(bench: TrustLab) -> None:
    bench.offer("a")
    bench.wake()
    bench.damage("keyring")
    bench.wake()
    assert (bench.status(), bench.confirmed_image) == ("SUCCEEDED", b"a")


@pytest.mark.parametrize("copy", [0, 1])
def test_one_lost_copy_of_the_keyring_changes_nothing(bench: TrustLab, copy: int) -> None:
    bench.send_keyring(SECOND, "rotate", BOTH)
    bench.damage("keyring", copy)
    bench.reboot()
    assert version(bench) == 2
    assert bench.install("a", "new", signers=("second",)) == "SUCCEEDED"


def test_a_keyring_that_cannot_be_read_is_not_taken_for_none(bench: TrustLab) -> None:
    for copy in (0, 1):
        bench.cells[f"keyring-{copy}"].unreadable = True
    bench.publish_vector(parts.document("evil image", release=None), image="evil image")
    assert refusal(bench, "job-1") == ("REJECTED", "bad-keyring")


def test_a_keyring_whose_files_cannot_be_opened_is_not_taken_for_none(tmp_path: Path) -> None:
    home = home_with_keyring(tmp_path)
    for copy in (0, 1):
        # As any error of open() does: no descriptor left, no permission, a bad block.
        path = Path(home.path) / f"keyring-{copy}"
        path.rename(path.with_suffix(".moved"))
        path.symlink_to(path.with_suffix(".moved"))
    with pytest.raises(trust_errors.BadKeyring):
        home.releases.keyrings.load()


def test_a_keyring_whose_files_are_empty_is_no_reason_to_trust_everybody(tmp_path: Path) -> None:
    home = home_with_keyring(tmp_path)
    for copy in (0, 1):
        (Path(home.path) / f"keyring-{copy}").write_bytes(bytes(4096))
    with pytest.raises(trust_errors.BadKeyring):
        home.releases.keyrings.load()


def test_a_keyring_that_is_there_is_not_replaced_from_outside(tmp_path: Path) -> None:
    home = home_with_keyring(tmp_path)
    with pytest.raises(FotaError):
        provisioning.put_keyring(home, read_keyring(parts.keyring("stranger")))
    ring = home.releases.keyrings.load()
    assert ring is not None
    assert list(ring.keys) == [parts.key_id("first")]


def test_a_lost_keyring_is_put_back_from_outside(tmp_path: Path) -> None:
    home = home_with_keyring(tmp_path)
    for copy in (0, 1):
        (Path(home.path) / f"keyring-{copy}").write_bytes(b"\xff" * 4096)
    provisioning.put_keyring(home, read_keyring(parts.keyring("second")))
    ring = FilesBoard(home.path).releases.keyrings.load()
    assert ring is not None
    assert list(ring.keys) == [parts.key_id("second")]


def home_with_keyring(folder: Path) -> FilesBoard:
    image = folder / "image"
    image.write_bytes(b"image")
    return provision(
        str(folder / "home"),
        SlotReader(str(image)),
        image_size_bytes=5,
        slot_count=2,
        slot_size_bytes=1000,
        keyring=read_keyring(parts.keyring()),
    )
