"""`main.py` of a board with OTA partitions calls this: it opens the board, then the program of the firmware runs.

    from fota.start_firmware import start
    start("/fota-home", "pump.main")

It is the counterpart of `fota.start` for a board whose boot loader has chosen the image before any of our code runs.
The program is a module that is frozen into the firmware, so that an update brings it, or that lies beside `main.py`.
"""

from fota import machine
from fota._machine_micropython import collect_early, feed_with, put_setting, restart_softly
from fota.boards.boot_loader import is_on_trial
from fota.boards.esp32 import open_board
from fota.boards.watchdog import DEADLINE_MS
from fota.boot_note import note_of
from fota.errors import FotaError, StorageFailed
from fota.image_error import last_line
from fota.log import log
from fota.network_errors import is_of_the_network
from fota.progress import Progress, guarded
from fota.same_attempt import CRASH_DELAY_MS, SameAttempt
from fota.waiting import Listening, pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fota.device import Device


def start(
    home: str,
    program: str,
    *,
    deadline_ms: int = DEADLINE_MS,
    arm: "Callable[[int], object] | None" = None,
    allow_fat: bool = False,
    tells_errors: bool = True,
    partitions: "Any" = None,
    feed: "Callable[[], object] | None" = None,
) -> None:
    """Open the board and run the program; does not return: what ends is started again.

    program: the name of its module, as in `import`.
    arm, allow_fat, tells_errors, feed: as in `fota.start.start`; partitions: as in `fota.boards.esp32.open_board`.

    A board that cannot be opened runs its program all the same, and takes no update. A program on trial that ends
    because it could not connect is started again within the same boot of the boot loader, by a soft reset, until its
    time is over. One that ends for another reason is given up.
    """
    feed_with(feed)
    put_setting("FOTA_HOME", home)
    note = note_of(home)
    same = SameAttempt(note)
    device: "Device | None" = None
    try:
        with Listening(guarded(Progress())):
            device = open_board(
                home, deadline_ms=deadline_ms, arm=arm, allow_fat=allow_fat, partitions=partitions, same=same
            )
    except (FotaError, OSError) as error:
        log("board-not-opened", problem=error)
    collect_early()
    problem, is_offline = "the program returned", False
    try:
        __import__(program)
    except SystemExit:
        # The program asks for a restart.
        if device is not None and is_on_trial(device) and note.is_offline():
            same.allow_another(deadline_ms)
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the device goes on
        problem, is_offline = last_line(error, program.partition(".")[0]), is_of_the_network(error)
        if tells_errors and device is not None and is_on_trial(device):
            note.add(error=problem)
    log("image-ended", problem=problem)
    is_offline = is_offline or note.is_offline()
    if device is not None and is_on_trial(device):
        if is_offline and same.allow_another(deadline_ms):
            # The boot loader does not notice this, and goes on with the same image.
            restart_softly()
        try:
            device.give_up_trial("offline" if is_offline else "crashed")
        except StorageFailed as failure:
            log("record-not-saved", problem=failure)
    else:
        pause(machine, CRASH_DELAY_MS, machine.alive)
    machine.restart()
