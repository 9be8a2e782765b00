"""Where the command `fota` starts. Nothing here needs more than the base install."""

import io
import signal
import sys

from fota_boot.streams import open_streams
from fota_operator.errors import IN_THE_CLONE

_EXTRA = {"boto3", "botocore", "cryptography", "rich", "typer"}
_ENDING = (signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Run the command; without the `operator` extra, say in one line how to get it."""
    _prepare_streams()
    _end_in_order()
    try:
        from fota_operator.cli.app import app

        app()
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _EXTRA:
            raise
        sys.stderr.write(f"fota: {error.name} is not installed; run, {IN_THE_CLONE}: pip install '.[operator]'\n")
        raise SystemExit(2) from error


def _prepare_streams() -> None:
    open_streams()
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        # A file name may hold bytes that are not text, and a terminal may lack a character.
        sys.stdout.reconfigure(errors="backslashreplace")


def _end_in_order() -> None:
    """Let the signals of a cancelled CI job or a closed terminal end the command as an error does: it cleans up."""
    for number in _ENDING:
        # A signal that is ignored, as under nohup, stays ignored.
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _frame: object) -> None:
    for each in _ENDING:
        # A further signal must not interrupt the cleanup.
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
