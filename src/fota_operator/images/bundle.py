"""Builds a bundle: a program with all packages that it needs, for one Python on one platform.

Leaves to others: the files of the program (`program_folder`), choosing wheels (`lock`), unpacking them
(`wheel_files`), and the file (`bundle_file`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from fota.bundle.contents_cpython import APP, KIND, LIB, MAIN, MAX_FILES
from fota.bundle.tags_cpython import runtime_here
from fota_operator.errors import BadInput
from fota_operator.images.bundle_file import PackedFile, list_of, packed
from fota_operator.images.entry import require_entry
from fota_operator.images.image import MAX_IMAGE_BYTES, Image, Needs, write_image
from fota_operator.images.lock import chosen_wheels
from fota_operator.images.machine_code import is_machine_code, misfit
from fota_operator.images.packages import LIBRARY, MAKE_ITS_WHEEL, holds_library, module_of
from fota_operator.images.program_folder import program_files
from fota_operator.images.target import NO_PLATFORM, Target, parse_target
from fota_operator.images.wheel_files import files_of
from fota_operator.images.wheels import NO_DEPENDENCIES, Dependencies, Wheel, sha256_of


@dataclass(frozen=True)
class BundlePlan:
    """How a bundle is to be made, besides its program."""

    target: str | None = None
    """The Python and the platform of the devices; None: those of this machine."""
    entry: str = MAIN
    """What is started: MODULE or MODULE:FUNCTION."""
    dependencies: Dependencies = NO_DEPENDENCIES
    without_library: bool = False
    """The program is meant to hold no aws-iot-fota."""


def build_bundle(source: Path, version: str, out: Path, plan: BundlePlan, *, allow: Sequence[str] = ()) -> Image:
    """Pack the folder `source` with the packages that it needs into a bundle at `out`.

    pip chooses and downloads wheels for the target; nothing is built here, and nothing is installed on this machine.
    The same files, wheels and plan give the same bytes. Refused, unless `allow` names it by its path in the folder:
    what `build_image` refuses, but for machine code, which must be for the target. Blocks while pip works.
    *Raises* BadInput for what is refused, NotFound, OperatorError for what cannot be reached, read or written.
    """
    given = plan.dependencies
    target = parse_target(runtime_here() if plan.target is None else plan.target)
    if given.lock is not None and not given.requirements:
        raise BadInput("`lock` needs `requirements`", "name a file of requirements")
    program_files(source, version, out, (), allow=allow, is_zipapp=False)
    with TemporaryDirectory() as folder:
        wheels = chosen_wheels(given, target, Path(folder)) if given.requirements else []
        _require_own_library(wheels, given.find_links)
        files = _packages(wheels, target)
    # Read after the lock was written, which may lie in the folder: so it is in the bundle from the first time on.
    program = program_files(source, version, out, (), allow=allow, is_zipapp=False)
    files |= _program(source, program, files)
    _require_library(files, wheels, plan)
    _require_fit(files, target)
    return _written(out, files, version, plan.entry, _runtime(files, wheels, target))


def _written(out: Path, files: Mapping[str, PackedFile], version: str, entry: str, runtime: str) -> Image:
    contents = {path: file.content for path, file in files.items()}
    try:
        listed = list_of(files, version=version, runtime=runtime, entry=entry)
    except ValueError as error:
        raise BadInput(f"no device would unpack this bundle: {error}", "rename or leave out that file") from error
    require_entry(entry, contents)
    size_bytes = sum(map(len, contents.values()))
    if size_bytes > MAX_IMAGE_BYTES:
        raise BadInput(
            f"{size_bytes} bytes are too many for an image", f"leave something out: at most {MAX_IMAGE_BYTES}"
        )
    content = packed(listed, contents)
    needs = Needs(listed.runtime, listed.boot, listed.tree_bytes)
    return write_image(out, content, contents, version=version, kind=KIND, needs=needs)


def _packages(wheels: Sequence[Wheel], target: Target) -> dict[str, PackedFile]:
    """The files of all wheels by their paths in the bundle."""
    files: dict[str, PackedFile] = {}
    owners: dict[str, str] = {}
    room = MAX_IMAGE_BYTES
    for wheel in wheels:
        for name, file in files_of(wheel.path, room).items():
            path = f"{LIB}/{name}"
            if files.get(path, file) != file:
                raise BadInput(f"{owners[path]} and {wheel.name} both have a file {name}", "leave out one of them")
            files[path], owners[path] = file, wheel.name
        room = MAX_IMAGE_BYTES - sum(len(file.content) for file in files.values())
        if len(files) > MAX_FILES:
            raise BadInput(f"the packages have more than {MAX_FILES} files for {target}", "leave some out")
    return files


def _program(source: Path, program: Mapping[str, bytes], packages: Mapping[str, PackedFile]) -> dict[str, PackedFile]:
    """The files of the program by their paths in the bundle; none may be in the way of a package."""
    taken = {path.removeprefix(f"{LIB}/").casefold(): path for path in packages}
    modules = {module.casefold(): path for path in packages if (module := module_of(path.removeprefix(f"{LIB}/")))}
    for name in program:
        module = module_of(name)
        other = taken.get(name.casefold()) or (modules.get(module.casefold()) if module else None)
        if other:
            raise BadInput(f"{source / name} would hide {other}", "rename one, or leave out the package")
    return {f"{APP}/{name}": PackedFile(program[name], _is_executable(source / name)) for name in program}


def _is_executable(path: Path) -> bool:
    # The list of the image's facts is written by the build, and is in no folder.
    return path.exists() and bool(path.stat().st_mode & 0o100)


def _require_fit(files: Mapping[str, PackedFile], target: Target) -> None:
    for path, file in sorted(files.items()):
        why = misfit(file.content, target) if is_machine_code(file.content) else None
        if why:
            raise BadInput(f"{path} {why}", "take a package that was built for the target")


def _runtime(files: Mapping[str, PackedFile], wheels: Sequence[Wheel], target: Target) -> str:
    """The target; without a platform, if nothing is compiled."""
    is_compiled = any(is_machine_code(file.content) for file in files.values()) or any(
        tag.platform != NO_PLATFORM for wheel in wheels for tag in wheel.tags
    )
    return str(target if is_compiled else Target(target.interpreter, NO_PLATFORM))


def _require_own_library(wheels: Sequence[Wheel], find_links: Sequence[Path]) -> None:
    """No name of a package index is ours: what an index has under the name of this library is of somebody else."""
    for wheel in wheels:
        if wheel.name == LIBRARY:
            ours = {sha256_of(path) for folder in find_links for path in folder.glob("aws_iot_fota-*.whl")}
            if wheel.sha256 not in ours:
                raise BadInput(
                    f"{LIBRARY} {wheel.version} came from an index, and no name there is ours", MAKE_ITS_WHEEL
                )


def _require_library(files: Mapping[str, PackedFile], wheels: Sequence[Wheel], plan: BundlePlan) -> None:
    is_there = holds_library(files, APP) or any(wheel.name == LIBRARY for wheel in wheels)
    if not is_there and not plan.without_library:
        raise BadInput(
            f"without {LIBRARY} in it, this program can neither confirm an update nor get another one",
            f"name {LIBRARY} in the requirements ({MAKE_ITS_WHEEL}); or set `without_library`",
        )
