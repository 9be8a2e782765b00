"""What an image said last: where its error came from, and whether the error was one of the network.

Reads the end of stderr, where every Python program leaves its traceback, whatever it imports. Pure.
"""

import re
from dataclasses import dataclass

from fota.boot_note import one_line
from fota.network_errors import CLOCK, NAMES

_HEADER = "Traceback (most recent call last):"
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_FRAME = re.compile(r'\s*File "(?P<path>.+)", line (?P<line>\d+)')
_ERROR = re.compile(r"(?P<name>[\w.]+)(?::\s|:?$)")

_ABORTED = "Fatal Python error: Aborted"
_CURRENT = "Current thread"
_PLACE = re.compile(r'\s*File "(?:.*/)?(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)')

_NETWORK_DOWN = re.compile(r"\[Errno (99|100|101|102|103|104|110|111|112|113)\]")
"""EADDRNOTAVAIL to EHOSTUNREACH of Linux, in an OSError that has no class of its own."""


@dataclass(frozen=True)
class LastWords:
    """The error that a program ended with; an empty `error` if it left no traceback."""

    error: str = ""
    is_of_the_network: bool = False


@dataclass(frozen=True)
class _Report:
    """One exception of a traceback."""

    frames: "tuple[tuple[str, str], ...]"
    error: str


def last_words(tail: bytes, image_path: str) -> LastWords:
    """The last traceback in the end of a program's stderr: file, line and error, as one short line.

    The file is the innermost one of the image, if the traceback goes through the image.
    """
    chain = _last_chain(tail.decode("utf-8", "replace").splitlines())
    if not chain:
        return LastWords()
    frames, error = chain[-1].frames, chain[-1].error
    inside = image_path + "/"
    of_the_image = [(path[len(inside) :], line) for path, line in frames if path.startswith(inside)]
    others = [("/".join(path.split("/")[-2:]), line) for path, line in frames]
    place = ":".join((of_the_image or others or [("?", "0")])[-1])
    return LastWords(one_line(f"{place}: {error}"), any(_is_of_the_network(report.error) for report in chain))


def _last_chain(lines: "list[str]") -> "list[_Report]":
    """The exceptions of the last traceback: the last one, and those that it arose from."""
    chain: list[_Report] = []
    frames: list[tuple[str, str]] | None = None
    is_chained = False
    for line in lines:
        frame = _FRAME.match(line)
        if line == _HEADER or (frame and frames is None):
            chain = chain if is_chained else []
            frames, is_chained = [], False
        if frame and frames is not None:
            frames.append((frame["path"], frame["line"]))
        elif frames is not None and line[:1].strip() and line != _HEADER:
            if _ERROR.match(line):
                chain.append(_Report(tuple(frames), line))
            frames = None
        elif line in _CHAINED:
            is_chained = True
        elif frames is None and line.strip():
            is_chained = False
    return chain


def place_of_abort(said: bytes) -> str:
    """Where the thread was that SIGABRT ended, as `faulthandler` says it; empty if it does not."""
    _, _, told = said.decode(errors="replace").rpartition(_ABORTED)
    _, is_there, frames = told.partition(_CURRENT)
    place = _PLACE.search(frames) if is_there else None
    return "" if place is None else one_line(f", at {place['file']}:{place['line']} in {place['function']}")


def _is_of_the_network(error: str) -> bool:
    name, _, text = error.partition(": ")
    short = name.rpartition(".")[2]
    if short in NAMES:
        return True
    if short == "OSError":
        return _NETWORK_DOWN.match(text) is not None
    return short in ("SSLCertVerificationError", "SSLError") and any(word in text for word in CLOCK)
