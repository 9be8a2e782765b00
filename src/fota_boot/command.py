"""The command `fota-boot`: the options choose one of its tasks, and this file carries it out. CPython only."""

import logging
import os
import sys

from fota.boards.files import FilesBoard
from fota.errors import FotaError, NothingBootable, NotProvisioned, StorageFailed
from fota.log import log
from fota.storage import HomeLock
from fota.trust.errors import BadKeyring
from fota.trust.releases import NO_KEYRING
from fota.visible_cpython import visible
from fota_boot import leftovers
from fota_boot.home_lock import lock_path
from fota_boot.odd_files import odd_files
from fota_boot.options import parse
from fota_boot.provisioning import give_keyring, provision_home
from fota_boot.streams import open_streams
from fota_boot.supervisor import Supervisor

_MIB = 1 << 20

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def main(arguments: "list[str] | None" = None) -> int:
    """Run the command. Exit status: 0 stopped when asked to, 1 cannot go on or doctor's error, 2 misused."""
    open_streams()
    options = parse(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=_log_format())
    try:
        if options.doctor:
            # Imported late: a boot must not need it.
            from fota_boot.doctor.examine import examine, show

            return show(examine(options.home, options.thing, connect=options.connect), as_json=options.json)
        if options.factory is not None:
            provision_home(options)
            _tell_slots(options)
        elif options.keyring is not None:
            give_keyring(options)
        else:
            _boot(options)
    except (NotProvisioned, NothingBootable) as error:
        odd = odd_files(options.home) if os.path.lexists(options.home) else ""
        # Files that are there and not believed are no reason to provision the home anew.
        what = str(error).partition(";")[0] if odd else error
        return _failed(f"{what}: {odd}" if odd else str(what))
    except (FotaError, ValueError) as error:
        return _failed(str(error))
    return 0


def _log_format() -> str:
    """Each line with its time, unless the journal of systemd adds one: then it is like the lines of the image.

    https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#%24JOURNAL_STREAM
    """
    line = "fota-boot: %(message)s"
    journal = os.environ.get("JOURNAL_STREAM", "")
    try:
        found = os.fstat(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        return f"%(asctime)s {line}"
    return line if journal == f"{found.st_dev}:{found.st_ino}" else f"%(asctime)s {line}"


def _tell_slots(options: "argparse.Namespace") -> None:
    size = _in_bytes(options.slot_size)
    print(  # noqa: T201 - the command's own voice
        f"fota-boot: {visible(options.home)} has {options.slots} slots of {size} each, for good: no image may be "
        "larger. --slots and --slot-size choose other numbers for a new home",
        file=sys.stderr,
    )


def _in_bytes(size: int) -> str:
    return f"{size} bytes" if size % _MIB else f"{size // _MIB} MiB"


def _failed(text: str) -> int:
    # A path may hold what a terminal obeys.
    print(f"fota-boot: {visible(text)}", file=sys.stderr)  # noqa: T201 - the command's own voice
    return 1


def _boot(options: "argparse.Namespace") -> None:
    home = FilesBoard(options.home)
    lock = HomeLock(lock_path(options.home))
    lock.take()
    # With the lock ours, whatever still runs here was left by a `fota-boot` that was killed.
    leftovers.end(home.path)
    _tell_trust(home)
    supervisor = Supervisor(
        home,
        attempts=options.attempts,
        deadline_s=options.deadline,
        arguments=options.arguments,
        tells_errors=not options.keep_errors,
        heartbeat_s=options.heartbeat,
        ready_deadline_s=options.ready_deadline,
    )
    supervisor.run()
    log("stopped", status=0)


def _tell_trust(home: FilesBoard) -> None:
    """Log it if the device accepts unsigned releases."""
    try:
        if home.releases.keyrings.load() is None:
            log("unsigned-accepted", problem=NO_KEYRING)
    except (BadKeyring, StorageFailed) as error:
        # The device boots anyway: one that cannot be reached is worse than one that cannot be updated.
        log("keyring-lost", problem=error)


if __name__ == "__main__":
    sys.exit(main())
