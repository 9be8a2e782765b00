"""Machine code in a bundle: whether the target can run a file, by its ELF header and the libc that it asks for.

A wheel's name says for which machine it is; this looks at what is in it.
Leaves to others: the tags of wheels (`wheels`).
"""

import io
import re
from collections.abc import Iterator

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from fota_operator.images.target import Target

MAGIC = b"\x7fELF"

_MACHINES = {
    "x86_64": ("EM_X86_64", 64, True),
    "i686": ("EM_386", 32, True),
    "aarch64": ("EM_AARCH64", 64, True),
    "armv7l": ("EM_ARM", 32, True),
    "ppc64le": ("EM_PPC64", 64, True),
    "s390x": ("EM_S390", 64, False),
    "riscv64": ("EM_RISCV", 64, True),
    "loongarch64": ("EM_LOONGARCH", 64, True),
}
"""The machine in an ELF header, the bits of a word, and whether the lowest byte comes first."""
_GLIBC = re.compile(r"GLIBC_2\.([0-9]+)(\.[0-9]+)?")


def is_machine_code(content: bytes) -> bool:
    """Whether a file holds machine code of Linux, whatever its name is."""
    return content.startswith(MAGIC)


def misfit(content: bytes, target: Target) -> str | None:
    """Why the target cannot run this machine code, as the end of a sentence that begins with the file; or None."""
    try:
        elf = ELFFile(io.BytesIO(content))
        found = (elf["e_machine"], elf.elfclass, elf.little_endian)
        if target.architecture is None:
            return f"is machine code for {_machine(found)}, and the target is {target}"
        if found != _MACHINES[target.architecture]:
            return f"is machine code for {_machine(found)}, not for {target.architecture}"
        return _other_libc(elf, target)
    except (ELFError, ValueError, KeyError, IndexError, OverflowError, UnicodeDecodeError) as error:
        return f"is no whole ELF file: {error or type(error).__name__}"


def _machine(found: tuple[object, int, bool]) -> str:
    names = [name for name, machine in _MACHINES.items() if machine == found]
    return names[0] if names else f"{found[0]}, {found[1]} bits"


def _other_libc(elf: ELFFile, target: Target) -> str | None:
    libraries = set(_libraries(elf))
    is_musl = any(name.startswith(("libc.musl-", "ld-musl-")) for name in libraries)
    if target.glibc_minor is None:
        return "was built for glibc, not for musl" if "libc.so.6" in libraries else None
    if is_musl:
        return "was built for musl, not for glibc"
    needed = max(_glibc_minors(elf), default=0)
    return (
        f"needs glibc 2.{needed}, newer than the 2.{target.glibc_minor} of {target}"
        if needed > target.glibc_minor
        else None
    )


def _libraries(elf: ELFFile) -> Iterator[str]:
    for section in elf.iter_sections():
        if isinstance(section, DynamicSection):
            for tag in section.iter_tags("DT_NEEDED"):
                yield str(getattr(tag, "needed", ""))


def _glibc_minors(elf: ELFFile) -> Iterator[int]:
    for section in elf.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for _, versions in section.iter_versions():
                for version in versions:
                    found = _GLIBC.fullmatch(version.name)
                    if found:
                        yield int(found[1])
