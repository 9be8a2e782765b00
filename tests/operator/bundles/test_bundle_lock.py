"""The lock of a bundle, and what an index's password must never reach."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from tests.labs.wheel_lab import PASSWORD, USER, index_of, wheel

pytestmark = pytest.mark.slow

BOTH = {"valve": "1.0", "pump": "2.0"}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock.txt"


def packages(image: Image) -> set[str]:
    return {path.split("/")[1].removesuffix(".dist-info") for path in image.files if path.endswith("/METADATA")}


def test_a_lock_is_written_with_exact_versions_and_hashes_and_then_used(
    build: Callable[..., Image], wheels: Path, lock: Path
) -> None:
    wheel(wheels, "pump", "1.0")
    first = build("pump", lock=lock)
    assert lock.read_text().count(" --hash=sha256:") == 2
    assert "pump==1.0 --hash" in lock.read_text()
    wheel(wheels, "pump", "2.0")
    assert build("pump", lock=lock) == first
    assert "pump-2.0" in packages(build("pump"))


def test_a_wheel_that_is_not_the_locked_one_is_refused(build: Callable[..., Image], wheels: Path, lock: Path) -> None:
    path = wheel(wheels, "pump", "1.0")
    build("pump", lock=lock)
    wheel(wheels, "pump", "1.0", files={"pump.py": b"exchanged = True\n"})
    with pytest.raises(BadInput, match=r"pump==1.0: expected SHA-256"):
        build("pump", lock=lock)
    assert path.exists()


def test_a_lock_that_no_longer_holds_what_is_asked_for_is_told(
    build: Callable[..., Image], wheels: Path, lock: Path
) -> None:
    wheel(wheels, "pump", "1.0")
    wheel(wheels, "pump", "2.0")
    build("pump<2", lock=lock)
    before = lock.read_text()
    with pytest.raises(BadInput, match=r"lock.txt does not hold what the requirements ask for.*pump>=2"):
        build("pump>=2", lock=lock)
    assert lock.read_text() == before


def test_a_lock_for_another_target_is_told(build: Callable[..., Image], lock: Path) -> None:
    build(lock=lock)
    with pytest.raises(BadInput, match=r"made for cp311-manylinux_2_31_aarch64, not for cp312-any"):
        build(lock=lock, target="cp312-any")


def test_nothing_is_locked_if_nothing_could_be_chosen(build: Callable[..., Image], lock: Path) -> None:
    with pytest.raises(Exception, match="pump"):
        build("pump", lock=lock)
    assert not lock.exists()


def test_a_lock_inside_the_program_is_packed_from_the_first_time_on(
    build: Callable[..., Image], program: Path
) -> None:
    first = build(lock=program / "lock.txt")
    assert build(lock=program / "lock.txt") == first
    assert "app/lock.txt" in first.files


def test_markers_are_read_for_the_target_not_for_this_machine(build: Callable[..., Image], wheels: Path) -> None:
    for name in ("old-only", "new-only", "arm-only", "deep"):
        wheel(wheels, name)
    wheel(wheels, "pump", needs=["deep; python_version < '3.11'"])
    markers = ["old-only; python_version < '3.11'", "new-only; python_version >= '3.12'", "pump"]
    markers += ["arm-only; platform_machine == 'aarch64'"]
    old = packages(build(*markers, target="cp310-manylinux_2_31_aarch64"))
    new = packages(build(*markers, target="cp312-manylinux_2_31_x86_64"))
    assert {"old_only-1.0", "arm_only-1.0", "deep-1.0"} <= old
    assert "new_only-1.0" not in old
    assert "new_only-1.0" in new
    assert not {"old_only-1.0", "arm_only-1.0", "deep-1.0"} & new


def test_the_password_of_an_index_reaches_no_lock_no_bundle_and_no_message(
    build: Callable[..., Image], wheels: Path, lock: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    wheel(tmp_path / "served", "pump", "1.0")
    by_url = wheel(tmp_path / "served", "valve", "1.0")
    with index_of(tmp_path / "served") as (url, asked):
        direct_url = url.replace("/simple", "/files")
        direct = f"valve @ {direct_url}/{by_url.name}"
        first = build(f"--index-url {url}", "pump", direct, lock=lock)
        assert build(f"--index-url {url}", "pump", direct, lock=lock) == first
        with pytest.raises(Exception, match="no wheel of bolt") as missing:
            build(f"--index-url {url}", "bolt")
        with pytest.raises(Exception, match="404") as refused:
            build(f"bolt @ {direct_url}/bolt-1.0-py3-none-any.whl")
    assert "valve @ http://127.0.0.1:" in lock.read_text()
    assert [path for path in asked if path.endswith("pump-1.0-py3-none-any.whl")]
    assert {"pump-1.0", "valve-1.0"} <= packages(first)
    for told in (
        lock.read_text(),
        str(missing.value),
        str(refused.value),
        repr(first),
        out.read_bytes().decode("latin-1"),
    ):
        assert PASSWORD not in told
        assert USER not in told
