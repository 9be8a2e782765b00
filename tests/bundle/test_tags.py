"""Which bundles this device takes, by Python, ABI, platform and libc."""

import sys
import sysconfig

import pytest
from packaging import tags

from fota.bundle import tags_cpython

HERE = f"cp{sys.version_info.major}{sys.version_info.minor}"
PLATFORMS = list(tags.platform_tags())


@pytest.mark.parametrize("platform", [*PLATFORMS[:3], PLATFORMS[-1], "any"])
def test_each_platform_that_this_device_is_fits(platform):
    assert tags_cpython.fits(f"{HERE}-{platform}")


@pytest.mark.parametrize(
    "runtime",
    [
        f"{HERE}-manylinux_2_999_{PLATFORMS[0].rpartition('_')[2]}",
        f"{HERE}-manylinux_2_31_s390x",
        f"{HERE}-win_amd64",
        f"cp39-{PLATFORMS[0]}",
        "cp39-any",
        "pp310-any",
        f"py3-{PLATFORMS[0]}",
        f"abi3-{PLATFORMS[0]}",
    ],
)
def test_another_python_platform_or_libc_does_not_fit(runtime):
    assert not tags_cpython.fits(runtime)


def test_extensions_do_not_fit_a_python_with_another_abi(monkeypatch):
    free_threaded = [tags.Tag("cp313", "cp313t", "linux_x86_64"), tags.Tag("cp313", "none", "linux_x86_64")]
    monkeypatch.setattr(tags, "sys_tags", lambda: iter(free_threaded))
    assert not tags_cpython.fits("cp313-linux_x86_64")


def test_this_device_names_its_python_and_its_libc():
    here = tags_cpython.runtime_here()
    assert here.startswith(HERE + "-")
    assert tags_cpython.fits(here)
    if "gnu" in (sysconfig.get_config_var("SOABI") or ""):
        assert "-manylinux_" in here
