"""The target of a bundle: which wheels run there, and what is no target."""

import pytest
from packaging.tags import Tag, sys_tags
from packaging.utils import parse_wheel_filename

from fota.bundle.tags_cpython import runtime_here
from fota_operator.errors import BadInput
from fota_operator.images.target import parse_target

OLD_GATEWAY = "cp311-manylinux_2_31_aarch64"


@pytest.mark.parametrize(
    ("target", "wheel"),
    [
        (OLD_GATEWAY, "a-1-cp311-cp311-manylinux_2_31_aarch64.whl"),
        (OLD_GATEWAY, "a-1-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl"),
        (OLD_GATEWAY, "a-1-cp311-cp311-manylinux2014_aarch64.whl"),
        (OLD_GATEWAY, "a-1-cp311-cp311-linux_aarch64.whl"),
        (OLD_GATEWAY, "a-1-cp38-abi3-manylinux_2_17_aarch64.whl"),
        (OLD_GATEWAY, "a-1-py3-none-manylinux2014_aarch64.whl"),
        (OLD_GATEWAY, "a-1-py2.py3-none-any.whl"),
        ("cp312-manylinux_2_28_x86_64", "a-1-cp312-cp312-manylinux1_x86_64.whl"),
        ("cp312-manylinux_2_28_x86_64", "a-1-cp312-cp312-manylinux2010_x86_64.whl"),
        ("cp310-musllinux_1_2_armv7l", "a-1-cp310-cp310-musllinux_1_1_armv7l.whl"),
        ("cp311-any", "a-1-py3-none-any.whl"),
    ],
)
def test_a_wheel_that_runs_on_the_target_fits(target: str, wheel: str) -> None:
    assert parse_wheel_filename(wheel)[3] & parse_target(target).tags


@pytest.mark.parametrize(
    ("target", "wheel"),
    [
        (OLD_GATEWAY, "a-1-cp311-cp311-manylinux_2_32_aarch64.whl"),
        (OLD_GATEWAY, "a-1-cp311-cp311-manylinux2014_x86_64.whl"),
        (OLD_GATEWAY, "a-1-cp311-cp311-musllinux_1_1_aarch64.whl"),
        (OLD_GATEWAY, "a-1-cp312-cp312-manylinux2014_aarch64.whl"),
        (OLD_GATEWAY, "a-1-cp312-abi3-manylinux2014_aarch64.whl"),
        (OLD_GATEWAY, "a-1-cp311-cp311t-manylinux2014_aarch64.whl"),
        ("cp311-musllinux_1_1_x86_64", "a-1-cp311-cp311-musllinux_1_2_x86_64.whl"),
        ("cp311-any", "a-1-py3-none-manylinux2014_x86_64.whl"),
    ],
)
def test_a_wheel_for_something_else_does_not_fit(target: str, wheel: str) -> None:
    assert not parse_wheel_filename(wheel)[3] & parse_target(target).tags


def test_this_machine_is_a_target_and_takes_what_its_own_pip_takes() -> None:
    here = parse_target(runtime_here())
    takes = {tag for tag in sys_tags() if tag.interpreter != "py2"}
    assert here.tags <= takes
    assert Tag(here.interpreter, here.interpreter, here.platform) in here.tags


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cp311",
        "aarch64",
        "cp311-aarch64",
        "cp311-linux_aarch64",
        "cp311-manylinux2014_aarch64",
        "cp311-manylinux_2_31_arm64",
        "cp311-manylinux_2_31",
        "cp311-manylinux_2_16_aarch64",
        "cp311-win_amd64",
        "cp311-macosx_11_0_arm64",
        "cp39-manylinux_2_31_aarch64",
        "cp313t-manylinux_2_31_aarch64",
        "py3-any",
        "cp311-any\n",
    ],
)
def test_what_is_no_target_is_refused_with_the_form_and_an_example(text: str) -> None:
    with pytest.raises(BadInput, match=r"`target`: .*for example cp311-manylinux_2_31_aarch64"):
        parse_target(text)


def test_markers_are_those_of_the_target() -> None:
    markers = parse_target("cp310-manylinux_2_31_aarch64").markers()
    assert (markers["python_version"], markers["platform_machine"]) == ("3.10", "aarch64")
