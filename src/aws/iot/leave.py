"""Whether the program lets the device restart now."""

from fota.log import log, problem_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def has_leave(may_restart: "Callable[[], bool] | None") -> bool:
    """Whether the program lets the device restart into its new image now: only True lets it, if it is asked."""
    try:
        return may_restart is None or may_restart() is True
    except Exception as error:  # noqa: BLE001 - the program's own code
        log("may-restart-failed", problem=problem_of(error))
        return False
