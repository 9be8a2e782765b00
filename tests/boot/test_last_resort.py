"""All seals are lost at once, and maybe all records: a good image in a slot boots, and nothing that is not proven."""

from pathlib import Path

import pytest

from fota.boards.files import FilesBoard
from fota.boards.provisioning import put_keyring
from fota.errors import StorageFailed
from fota.storage import FileCell
from fota.trust import keyring
from fota_boot.last_resort import seal_again
from sweeps.powercut.signing import FIRST_KEYS, NEW, OLD, Release
from tests.labs.boot_lab import WAITS, BootLab


def lose(lab: BootLab, *names: str) -> None:
    for name in names:
        for copy in (0, 1):
            (lab.home_path / f"{name}-{copy}").write_bytes(b"\xff" * 4096)


def image_of(lab: BootLab, slot: int) -> Path:
    return Path(lab.home_path, f"slot-{slot}.img")


@pytest.mark.parametrize("lost", [("record",), ()], ids=["records too", "seals alone"])
def test_a_device_without_seals_boots_its_image(lab: BootLab, lost: tuple[str, ...]) -> None:
    lab.provision(WAITS)
    lose(lab, "slot-0.seal", "slot-1.seal", *lost)
    lab.start()
    lab.wait_for_start(1)
    assert lab.started() == ["factory"]
    assert "sealed-again" in lab.log()


@pytest.mark.parametrize("damage", ["cut", "rot", "zeros"])
def test_an_image_that_is_not_whole_is_not_started(lab: BootLab, damage: str) -> None:
    lab.provision(WAITS)
    lose(lab, "slot-0.seal", "slot-1.seal")
    content = image_of(lab, 0).read_bytes()
    half = len(content) // 3
    image_of(lab, 0).write_bytes(
        {
            "cut": content[: len(content) // 2],
            "rot": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
            "zeros": content[:half] + bytes(len(content) - half),
        }[damage]
    )
    assert not seal_again(FilesBoard(str(lab.home_path)))


def test_a_slot_that_is_being_filled_is_not_started_while_another_is_sealed(lab: BootLab) -> None:
    lab.provision(WAITS)
    image_of(lab, 1).write_bytes(image_of(lab, 0).read_bytes())
    assert not seal_again(FilesBoard(str(lab.home_path)))
    assert FilesBoard(str(lab.home_path)).slots.seal_of(1) is None


def test_a_device_whose_keyring_is_lost_starts_nothing_that_nobody_signed(lab: BootLab) -> None:
    lab.provision(WAITS)
    for cell in ("floor-0", "floor-1"):
        (lab.home_path / cell).write_bytes(bytes(4096))
    lose(lab, "slot-0.seal", "slot-1.seal", "keyring")
    assert not seal_again(FilesBoard(str(lab.home_path)))


@pytest.fixture
def keyed(lab: BootLab) -> BootLab:
    """A device with a keyring, whose seals and records are all lost; a release may lie beside its image."""
    lab.provision(WAITS)
    put_keyring(FilesBoard(str(lab.home_path)), keyring.parse(FIRST_KEYS.content()))
    lose(lab, "slot-0.seal", "slot-1.seal", "record")
    return lab


def keep(lab: BootLab, content: bytes, *signers: str) -> None:
    FilesBoard(str(lab.home_path)).releases.keep(0, Release(1, 0, signers).envelope(content))


def test_with_a_keyring_the_signed_release_beside_the_image_proves_it(keyed: BootLab) -> None:
    keep(keyed, image_of(keyed, 0).read_bytes(), OLD)
    keyed.start()
    keyed.wait_for_start(1)
    assert keyed.started() == ["factory"]
    assert "sealed-again" in keyed.log()


@pytest.mark.parametrize("what", ["no release", "another image", "a key that nobody trusts"])
def test_with_a_keyring_nothing_else_proves_an_image(keyed: BootLab, what: str) -> None:
    if what == "another image":
        keep(keyed, b"another image", OLD)
    elif what != "no release":
        keep(keyed, image_of(keyed, 0).read_bytes(), NEW)
    assert not seal_again(FilesBoard(str(keyed.home_path)))


def test_a_seal_that_cannot_be_read_now_is_not_lost(lab: BootLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.provision(WAITS)
    lose(lab, "slot-1.seal")
    home = FilesBoard(str(lab.home_path))
    with monkeypatch.context() as failing:
        failing.setattr(FileCell, "read", refuse)
        with pytest.raises(StorageFailed):
            seal_again(home)
    assert not seal_again(home)


def refuse(_cell: FileCell) -> bytes:
    raise StorageFailed("no descriptor is free")
