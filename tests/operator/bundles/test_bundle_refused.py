"""What the builder of bundles refuses, each with the name of what is wrong and what to do."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.errors import BadInput, NotFound, OperatorError
from fota_operator.images.bundle import BundlePlan, build_bundle
from fota_operator.images.image import Image
from fota_operator.images.wheels import Dependencies
from tests.labs.wheel_lab import HERE, OTHER, machine_code, wheel

pytestmark = pytest.mark.slow

HERE_TARGET = f"cp311-manylinux_2_40_{HERE}"


def test_a_package_without_a_wheel_is_named_with_how_to_build_one(build: Callable[..., Image], out: Path) -> None:
    with pytest.raises(NotFound, match=r"no wheel of pump<3,>=2 for cp311-.*`pip wheel .*pump<3,>=2.*`find_links`"):
        build("pump>=2,<3")
    assert not out.exists()


def test_a_package_that_another_one_needs_is_named_too(build: Callable[..., Image], wheels: Path) -> None:
    wheel(wheels, "pump", needs=["valve>=1"])
    with pytest.raises(NotFound, match=r"no wheel of valve>=1"):
        build("pump")


def test_a_package_that_pip_was_told_to_leave_out_is_missed(
    build: Callable[..., Image], wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(wheels, "pump", needs=["valve>=1"])
    wheel(wheels, "valve")
    monkeypatch.setenv("PIP_NO_DEPS", "1")
    with pytest.raises(OperatorError, match=r"pump needs valve on .*pip left it out"):
        build("pump")


def test_a_wheel_for_another_platform_is_named_as_not_fit(build: Callable[..., Image], wheels: Path) -> None:
    path = wheel(wheels, "pump", tag="cp311-cp311-manylinux2014_x86_64")
    with pytest.raises(NotFound, match=rf"no wheel of pump for .*not fit: {path.name}"):
        build("pump")


def test_a_wheel_for_another_platform_that_is_asked_for_by_its_path_is_named(
    build: Callable[..., Image], wheels: Path
) -> None:
    path = wheel(wheels, "pump", tag="cp311-cp311-manylinux2014_x86_64")
    with pytest.raises(BadInput, match=rf"{path.name} is not for cp311-manylinux_2_31_aarch64"):
        build(str(path))


def test_machine_code_for_another_machine_is_found_in_a_wheel_that_says_otherwise(
    build: Callable[..., Image], wheels: Path
) -> None:
    wheel(wheels, "pump", tag=f"cp311-cp311-linux_{HERE}", files={"pump/fast.so": machine_code(OTHER)})
    with pytest.raises(BadInput, match=rf"lib/pump/fast.so is machine code for {OTHER}, not for {HERE}"):
        build("pump", target=HERE_TARGET)


def test_machine_code_of_the_program_for_another_machine_is_refused(
    build: Callable[..., Image], program: Path
) -> None:
    (program / "fast").write_bytes(machine_code(OTHER))
    with pytest.raises(BadInput, match=rf"app/fast is machine code for {OTHER}"):
        build(target=HERE_TARGET)


def test_machine_code_in_a_bundle_for_any_platform_is_refused(build: Callable[..., Image], wheels: Path) -> None:
    wheel(wheels, "pump", files={"pump.so": machine_code()})
    with pytest.raises(BadInput, match=r"lib/pump.so is machine code .*and the target is cp311-any"):
        build("pump", target="cp311-any")


def test_machine_code_that_needs_a_newer_libc_than_the_target_has_is_refused(
    build: Callable[..., Image], wheels: Path
) -> None:
    wheel(wheels, "pump", tag=f"cp311-cp311-linux_{HERE}", files={"pump.so": machine_code()})
    with pytest.raises(BadInput, match=r"lib/pump.so needs glibc 2\.[0-9]+, newer than the 2\.17"):
        build("pump", target=f"cp311-manylinux_2_17_{HERE}")


@pytest.mark.parametrize(
    ("target", "content", "says"),
    [
        (HERE_TARGET, machine_code().replace(b"\0libc.so.6\0", b"\0ld-musl-x\0"), "was built for musl"),
        (f"cp311-musllinux_1_2_{HERE}", machine_code(), "was built for glibc"),
        (HERE_TARGET, machine_code()[:100], "no whole ELF"),
        (HERE_TARGET, b"\x7fELF", "no whole ELF"),
    ],
    ids=["musl", "glibc", "cut", "magic"],
)
def test_machine_code_for_another_libc_or_in_pieces_is_refused(
    build: Callable[..., Image], wheels: Path, target: str, content: bytes, says: str
) -> None:
    wheel(wheels, "pump", tag=f"cp311-cp311-linux_{HERE}", files={"pump.so": content})
    with pytest.raises(BadInput, match=f"lib/pump.so .*{says}"):
        build("pump", target=target)


def test_a_hash_that_does_not_match_names_both(program: Path, wheels: Path, out: Path, tmp_path: Path) -> None:
    wheel(wheels, "pump")
    wrong = "0" * 64
    asked = tmp_path / "hashed.txt"
    asked.write_text(f"pump==1.0 --hash=sha256:{wrong}\n")
    plan = BundlePlan("cp311-any", dependencies=Dependencies((asked,), (wheels,)))
    with pytest.raises(BadInput, match=rf"pump==1\.0: expected SHA-256 {wrong}, got [0-9a-f]{{64}}"):
        build_bundle(program, "1", out, plan)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["valve==1.0", "pump==1.0 --hash=sha256:" + "0" * 64], "none for .*valve"),
        (["valve", "pump --hash=sha256:" + "0" * 64], "no exact version for .*valve"),
    ],
)
def test_hashes_are_for_all_packages_or_none(
    program: Path, wheels: Path, out: Path, tmp_path: Path, lines: list[str], says: str
) -> None:
    wheel(wheels, "pump")
    wheel(wheels, "valve")
    (tmp_path / "hashed.txt").write_text("\n".join(lines))
    plan = BundlePlan("cp311-any", dependencies=Dependencies((tmp_path / "hashed.txt",), (wheels,)))
    with pytest.raises(BadInput, match=says):
        build_bundle(program, "1", out, plan)


@pytest.mark.parametrize(
    "line",
    [
        "-e ./pump",
        "./pump",
        ".",
        "pump @ git+https://example.com/pump.git",
        "git+https://example.com/pump.git#egg=pump",
        "pump @ https://example.com/pump-1.0.tar.gz",
        "pump-1.0.tar.gz",
        "pump @ file:///srv/pump-1.0.zip#sha256=00 ; python_version > '3'",
    ],
)
def test_what_would_have_to_be_built_is_refused_before_pip_runs(build: Callable[..., Image], line: str) -> None:
    with pytest.raises(BadInput, match=r"requirements.txt, line 2: names no wheel"):
        build(line)


def test_a_file_of_requirements_that_another_one_includes_is_read_as_well(
    build: Callable[..., Image], tmp_path: Path
) -> None:
    (tmp_path / "more.txt").write_text("# packages\nvalve; \\\n  python_version > '3'\n-e .\n")
    with pytest.raises(BadInput, match=r"more.txt, line 4"):
        build("-r more.txt")


def test_an_index_that_does_not_answer_is_no_missing_package(
    build: Callable[..., Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@127.0.0.1:9/simple")
    with pytest.raises(OperatorError, match=r"pip did not reach its package index \(NewConnectionError\)") as refused:
        build("pump")
    assert "secret" not in str(refused.value)


def test_two_packages_with_the_same_file_are_named(build: Callable[..., Image], wheels: Path) -> None:
    wheel(wheels, "pump", files={"shared.py": b"A = 1\n"})
    wheel(wheels, "valve", files={"shared.py": b"A = 2\n"})
    with pytest.raises(BadInput, match=r"pump and valve both have a file shared.py"):
        build("pump", "valve")


def test_two_packages_may_share_a_file_that_is_the_same(build: Callable[..., Image], wheels: Path) -> None:
    wheel(wheels, "pump", files={"space/__init__.py": b"", "space/a.py": b""})
    wheel(wheels, "valve", files={"space/__init__.py": b"", "space/b.py": b""})
    assert {"lib/space/a.py", "lib/space/b.py"} <= set(build("pump", "valve").files)


def test_files_that_differ_only_in_case_are_named(build: Callable[..., Image], wheels: Path) -> None:
    wheel(wheels, "pump", files={"pump/Data.txt": b"", "pump/data.txt": b""})
    with pytest.raises(BadInput, match=r"lib/pump/data.txt.*Data.txt.*case"):
        build("pump")


@pytest.mark.parametrize("name", ["pump.py", "Pump.py", "pump/__init__.py", "pump.cpython-311.so", "valve.txt"])
def test_a_file_of_the_program_that_hides_a_package_is_named(
    build: Callable[..., Image], wheels: Path, program: Path, name: str
) -> None:
    wheel(wheels, "pump", files={"pump/__init__.py": b"", "valve.txt": b""})
    (program / name).parent.mkdir(exist_ok=True)
    (program / name).write_bytes(b"")
    with pytest.raises(BadInput, match=rf"{name} would hide lib/"):
        build("pump")


def test_a_path_that_a_device_could_not_keep_is_named(build: Callable[..., Image], program: Path) -> None:
    (program / "a:b.txt").write_text("")
    with pytest.raises(BadInput, match=r"app/a:b.txt"):
        build()


def test_byte_code_without_its_source_is_refused(build: Callable[..., Image], wheels: Path) -> None:
    wheel(wheels, "pump", files={"pump.pyc": b"\0"})
    with pytest.raises(BadInput, match=r"pump-1.0-.*pump.pyc is byte code without its source"):
        build("pump")


def test_a_wheel_larger_than_any_image_is_refused_before_it_is_unpacked(
    build: Callable[..., Image], wheels: Path
) -> None:
    path = wheel(wheels, "pump")
    content = bytearray(path.read_bytes())
    # The first entry of the central directory: its size is 24 bytes after its signature.
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 2**31)
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"pump-1.0-.* holds more than \d+ bytes"):
        build("pump")


def test_more_files_than_a_device_takes_are_refused(build: Callable[..., Image], wheels: Path) -> None:
    wheel(wheels, "pump", files={f"pump/{number}.txt": b"" for number in range(20_001)})
    with pytest.raises(BadInput, match=r"more than 20000 files"):
        build("pump")


@pytest.mark.parametrize("harm", [b"", b"PK\x03\x04", b"no zip at all"])
def test_a_wheel_that_is_none_is_refused(build: Callable[..., Image], wheels: Path, harm: bytes) -> None:
    path = wheel(wheels, "pump")
    path.write_bytes(harm)
    with pytest.raises(OperatorError, match="pump"):
        build("pump")


def test_a_bundle_without_this_library_is_refused_unless_it_is_meant(program: Path, out: Path) -> None:
    with pytest.raises(BadInput, match=r"without aws-iot-fota.*pip wheel --no-deps.*`without_library`"):
        build_bundle(program, "1", out, BundlePlan("cp311-any"))
    assert not out.exists()
    assert build_bundle(program, "1", out, BundlePlan("cp311-any", without_library=True)).needs


def test_a_library_under_our_name_from_an_index_is_not_ours(
    build: Callable[..., Image], wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    with pytest.raises(BadInput, match=r"aws-iot-fota 0.1.0 came from an index"):
        build(find_links=())


def test_a_folder_of_wheels_that_is_not_there_is_named(build: Callable[..., Image], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no folder .*none.*`find_links`"):
        build(find_links=[tmp_path / "none"])


def test_requirements_that_contradict_each_other_are_told(build: Callable[..., Image], wheels: Path) -> None:
    wheel(wheels, "pump", needs=["bolt<2"])
    wheel(wheels, "valve", needs=["bolt>=2"])
    wheel(wheels, "bolt", "1.0")
    wheel(wheels, "bolt", "2.0")
    with pytest.raises(BadInput, match=r"contradict each other: .*pump 1.0 depends on bolt<2"):
        build("pump", "valve")
