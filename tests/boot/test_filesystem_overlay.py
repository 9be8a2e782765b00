"""A home on an overlay: what counts is where the overlay keeps its changes."""

import builtins
import io
from pathlib import Path

import pytest

from fota.errors import UnsafeFileSystem
from fota_boot.filesystem import doubt_about, require_safe

DISK = "20 1 8:1 / / rw - ext4 /dev/sda1 rw"
MEMORY = "21 20 0:5 / {upper} rw - tmpfs tmpfs rw"
OVERLAY = "22 20 0:9 / {home} rw - overlay overlay rw,lowerdir=/lower,upperdir={upper}/data,workdir=/w"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home on an overlay; `mounts` in the folder beside it is the table of mounts."""
    real = builtins.open

    def opened(path: object, *arguments: object, **more: object) -> object:
        if path == "/proc/self/mountinfo":
            return io.StringIO((tmp_path / "mounts").read_text())
        return real(path, *arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(builtins, "open", opened)
    return tmp_path


def mount(folder: Path, *lines: str, upper: Path) -> str:
    home = folder / "home"
    (folder / "mounts").write_text("".join(line.format(home=home, upper=upper) + "\n" for line in lines))
    return str(home)


def test_an_overlay_over_memory_is_refused(mounted: Path) -> None:
    (mounted / "upper" / "data").mkdir(parents=True)
    home = mount(mounted, DISK, MEMORY, OVERLAY, upper=mounted / "upper")
    with pytest.raises(UnsafeFileSystem, match="overlay keeps changes on tmpfs, which forgets all"):
        require_safe(home)


def test_an_overlay_over_a_disk_is_fine(mounted: Path) -> None:
    (mounted / "upper" / "data").mkdir(parents=True)
    home = mount(mounted, DISK, OVERLAY, upper=mounted / "upper")
    require_safe(home)
    assert doubt_about(home) == ""


def test_an_overlay_whose_changes_nobody_can_see_is_in_doubt(mounted: Path) -> None:
    home = mount(mounted, DISK, OVERLAY, upper=mounted / "not-here")
    require_safe(home)
    assert "thrown away" in doubt_about(home)


def test_the_first_root_of_a_machine_is_memory(mounted: Path) -> None:
    home = mount(mounted, "1 1 0:1 / / rw - rootfs rootfs rw", upper=mounted)
    with pytest.raises(UnsafeFileSystem, match="rootfs"):
        require_safe(home)
