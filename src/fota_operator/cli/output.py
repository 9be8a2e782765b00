"""What commands print: results on stdout, for people or as JSON; everything else, errors too, on stderr."""

import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import wraps
from typing import TYPE_CHECKING, TextIO

import typer

from fota_operator.cli.fitting import table_of, wrapped
from fota_operator.cli.wording import exit_status, worded
from fota_operator.errors import OperatorError
from fota_operator.plain import visible
from fota_operator.request_log import LOGGER

if TYPE_CHECKING:
    from rich.console import Console


# If stdout is not a terminal, there is no width to fit: a table is as wide as its content.
_UNBOUNDED_COLUMNS = 1000


def reporting_errors() -> Callable[[Callable[..., None]], Callable[..., None]]:
    """For a command: `ending_on_errors`, as JSON if the command is to answer so."""

    def reporting(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def reported(*arguments: object, **options: object) -> None:
            with ending_on_errors(as_json=bool(options.get("as_json"))):
                command(*arguments, **options)

        return reported

    return reporting


@contextmanager
def ending_on_errors(*, as_json: bool = False) -> Iterator[None]:
    """End the command with one line and the error's exit status if the block raises an OperatorError."""
    try:
        yield
    except OperatorError as error:
        talk_error(error, as_json=as_json)
        raise typer.Exit(exit_status(error)) from error


def talk_error(error: OperatorError, *, as_json: bool) -> None:
    """Write an error to stderr: a line for people, or for programs an object in one line."""
    if as_json:
        # Never broken: it is one line.
        sys.stderr.write(visible(json.dumps(error_as_json(error))) + "\n")
    else:
        talk(f"fota: {worded(str(error))}")


def error_as_json(error: OperatorError) -> dict[str, object]:
    """An error as programs read it."""
    return {
        "error": type(error).__name__,
        "message": worded(error.message),
        "remedy": worded(error.remedy),
        "code": getattr(error, "code", None) or None,
        "reason": getattr(error, "reason", None) or None,
        "exit_status": exit_status(error),
    }


def talk(text: str) -> None:
    """Write a message for the user to stderr; it is not part of the result."""
    sys.stderr.write(_fitted(visible(text), sys.stderr) + "\n")
    sys.stderr.flush()


class _Talking(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        talk(f"fota: {record.getMessage()}")


@contextmanager
def showing_requests() -> Iterator[None]:
    """Inside the block, say which requests AWS answered."""
    talking, before = _Talking(), LOGGER.level
    LOGGER.addHandler(talking)
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        LOGGER.setLevel(before)
        LOGGER.removeHandler(talking)


@contextmanager
def writing_result() -> Iterator[None]:
    """Write to stdout inside the block; it is flushed when the block ends. *Raises* OperatorError on a full disk."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does: this is no error of ours.
        raise
    except OSError as error:
        # Python would flush the buffer again when the process ends, and print that error last.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OperatorError(f"cannot write the result: {error.strerror}", "what was to be done is done") from error


def answer(text: str) -> None:
    """The result, as plain text. *Raises* OperatorError."""
    with writing_result():
        sys.stdout.write(visible(text) + "\n")


def answer_json(result: object) -> None:
    """The result, as JSON for programs."""
    answer(json.dumps(result, indent=2, default=str))


def in_utc(at: datetime | None) -> str | None:
    """A moment for programs: ISO 8601, in UTC."""
    return None if at is None else at.astimezone(timezone.utc).isoformat()


def new_console(stream: TextIO, *, width_of_file: int = _UNBOUNDED_COLUMNS) -> "Console":
    """A rich console for a stream, as wide as its terminal, or as a file should be."""
    from rich.console import Console

    return Console(file=stream, width=None if stream.isatty() else width_of_file, highlight=False)


def answer_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The result, as a table for people."""
    console = new_console(sys.stdout)
    shown = [[visible(cell) for cell in row] for row in rows]
    with writing_result():
        console.print(table_of(headings, shown, console.width))


def answer_words(text: str, indent: int = 0) -> None:
    """The result, as a sentence for people: on a terminal it is broken between words, and further lines indented."""
    answer(_fitted(text, sys.stdout, indent))


def _fitted(text: str, stream: TextIO, indent: int = 0) -> str:
    if not stream.isatty():
        return text
    return wrapped(text, shutil.get_terminal_size().columns, indent)


def moment(at: datetime) -> str:
    """A moment, for people: in UTC, to the second."""
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def natural(name: str) -> list[tuple[int, str]]:
    """The sort key of a name in which numbers count as numbers: pump-2 comes before pump-10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"([0-9]+)", name)]
