"""For which Python and platform the packages of a bundle are chosen: `cp311-manylinux_2_31_aarch64`.

The words are those of the tags of wheels (PEP 425, 600 and 656). Leaves to others: choosing wheels (`wheels`), and
machine code (`machine_code`).
"""

import re
from dataclasses import dataclass
from functools import cached_property

from packaging.tags import Tag, compatible_tags, cpython_tags

from fota_operator.errors import BadInput

NO_PLATFORM = "any"
"""The platform of a target on which nothing compiled is wanted."""

_FORM = (
    "write it as PYTHON-PLATFORM, for example cp311-manylinux_2_31_aarch64, cp312-musllinux_1_2_x86_64 or cp311-any"
)
_INTERPRETER = re.compile(r"cp3([0-9]{1,2})")
_PLATFORM = re.compile(r"(manylinux_2|musllinux_1)_([0-9]{1,3})_([a-z0-9_]+)")
_OLD_NAMES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
"""What the platform of glibc 2.5, 2.12 and 2.17 was called before PEP 600."""
_ARCHITECTURES = ("x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64", "loongarch64")
_FIRST_GLIBC = {"x86_64": 5, "i686": 5}
_FIRST_GLIBC_ELSEWHERE = 17
_OLDEST_MINOR = 10


@dataclass(frozen=True)
class Target:
    """One Python on one platform. Made by `parse_target`, which checks it."""

    interpreter: str
    """The tag of a CPython, such as `cp311`."""
    platform: str
    """`manylinux_2_N_ARCH` for glibc 2.N, `musllinux_1_N_ARCH` for musl 1.N, or NO_PLATFORM."""

    def __str__(self) -> str:
        return f"{self.interpreter}-{self.platform}"

    @property
    def python(self) -> str:
        """The version of Python in figures: `3.11`."""
        return f"{self.interpreter[2]}.{self.interpreter[3:]}"

    @property
    def architecture(self) -> str | None:
        """The machine, as `uname -m` names it; None where nothing compiled is wanted."""
        found = _PLATFORM.fullmatch(self.platform)
        return found[3] if found else None

    @property
    def glibc_minor(self) -> int | None:
        """N for glibc 2.N; None for another libc."""
        found = _PLATFORM.fullmatch(self.platform)
        return int(found[2]) if found and found[1] == "manylinux_2" else None

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms of wheels that run there, the newest first; `linux_ARCH` is what `pip wheel` makes on it."""
        found = _PLATFORM.fullmatch(self.platform)
        if not found:
            return ()
        family, newest, architecture = found[1], int(found[2]), found[3]
        oldest = _FIRST_GLIBC.get(architecture, _FIRST_GLIBC_ELSEWHERE) if family == "manylinux_2" else 0
        names = []
        for minor in range(newest, oldest - 1, -1):
            names.append(f"{family}_{minor}_{architecture}")
            if family == "manylinux_2" and minor in _OLD_NAMES:
                names.append(f"{_OLD_NAMES[minor]}_{architecture}")
        return (*names, f"linux_{architecture}")

    @cached_property
    def tags(self) -> frozenset[Tag]:
        """The tags of all wheels that run there."""
        version = (3, int(self.interpreter[3:]))
        compiled = cpython_tags(version, [self.interpreter], self.platforms) if self.platforms else ()
        return frozenset({*compiled, *compatible_tags(version, self.interpreter, self.platforms)})

    def markers(self) -> dict[str, str]:
        """What the markers of requirements (PEP 508) see there.

        A target names no patch release of Python and no kernel: the first patch release stands for all of them.
        """
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.architecture or "",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


def parse_target(text: str) -> Target:
    """The target that a text names. *Raises* BadInput, which says the form."""
    interpreter, dash, platform = text.partition("-")
    if not dash or not _INTERPRETER.fullmatch(interpreter):
        raise BadInput(f"`target`: expected a CPython and a platform, got {text!r}", _FORM)
    if int(interpreter[3:]) < _OLDEST_MINOR:
        raise BadInput(f"`target`: expected Python 3.{_OLDEST_MINOR} or later, got {text!r}", _FORM)
    found = _PLATFORM.fullmatch(platform)
    if platform != NO_PLATFORM and (not found or found[3] not in _ARCHITECTURES):
        raise BadInput(
            f"`target`: expected manylinux_2_N_ARCH, musllinux_1_N_ARCH or {NO_PLATFORM} after {interpreter}-, where "
            f"ARCH is {', '.join(_ARCHITECTURES[:-1])} or {_ARCHITECTURES[-1]}; got {platform!r}",
            _FORM,
        )
    target = Target(interpreter, platform)
    if found and len(target.platforms) < 2:
        raise BadInput(f"`target`: no wheel was ever made for {platform}", _FORM)
    return target
