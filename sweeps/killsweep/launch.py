"""Makes the command that starts `fota-boot` so that strace sees one role of it, and no other.

`strace` makes the options of strace, and `device` runs the process.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.killsweep.points import BOOT, NEW_MAIN, NEW_NETWORK, OLD_NETWORK

_ATTACH = Path(__file__).parent / "attach.py"
# fota-boot starts images with `sys.executable`: here, the wrapper that is its first argument.
_BOOT_WITH_WRAPPER = (
    "import sys; sys.executable = sys.argv.pop(1); from fota_boot.command import main; sys.exit(main())"
)


@dataclass(frozen=True)
class Tracing:
    """strace at one role; `command` is to be followed by a program or `-p`, and writes to `output`, a pipe."""

    role: str
    command: Sequence[str]
    output: Path


def boot_command(tracing: Tracing | None, folder: Path) -> list[str]:
    """How `fota-boot` is started, up to its own options."""
    if tracing is None:
        return [sys.executable, "-m", "fota_boot.command"]
    if tracing.role == BOOT:
        return [*tracing.command, sys.executable, "-m", "fota_boot.command"]
    wrapper = folder / "python"
    wrapper.write_text(_wrapper(tracing, folder))
    wrapper.chmod(0o700)
    return [sys.executable, "-c", _BOOT_WITH_WRAPPER, str(wrapper)]


def _wrapper(tracing: Tracing, folder: Path) -> str:
    """A Python that traces the first start of the image before the update, or of the one after it."""
    slot = 1 if tracing.role in (NEW_MAIN, NEW_NETWORK) else 0
    python = shlex.quote(sys.executable)
    once = folder / "traced"
    if once.exists():
        once.rmdir()
    if tracing.role in (OLD_NETWORK, NEW_NETWORK):
        command_file = folder / "strace.json"
        command_file.write_text(json.dumps(list(tracing.command)))
        attach = f"{shlex.quote(str(_ATTACH))} {shlex.quote(str(command_file))}"
        # A bundle is started with three options of Python before its program.
        traced = f'{python} $options {attach} "$@"'
        options = 'if [ "$1" = -I ]; then options="-I -S -B"; shift 3; fi; '
    else:
        # -DDD: the image stays the child of fota-boot, and strace is in a session of its own, to survive the image's.
        traced = f'{shlex.join(tracing.command)} -DDD {python} "$@"'
        options = ""
    return (
        "#!/bin/sh\n"
        # The launcher of fota-boot is called with -I -S -c; it then starts this script with the image.
        f'if [ "$3" != -c ] && [ "$FOTA_SLOT" = {slot} ] && mkdir {shlex.quote(str(once))} 2>/dev/null\n'
        f"then {options}exec {traced}; fi\n"
        f'exec {python} "$@"\n'
    )
