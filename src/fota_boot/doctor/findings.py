"""A doctor's finding: one fact about one thing, how bad it is, and what to do about it. This file has values only.

The checks of a device and of an account make findings; commands show them.
"""

from fota.visible_cpython import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

OK = "ok"
WARNING = "warning"
ERROR = "error"

LEVELS = (OK, WARNING, ERROR)
"""The levels, from good to bad."""


class Finding:
    """One fact. `remedy` is one sentence that says what to do; empty if there is nothing to do."""

    def __init__(self, subject: str, level: str, text: str, remedy: str = "") -> None:
        """*Raises* ValueError for another level."""
        if level not in LEVELS:
            raise ValueError(f"level: expected one of {', '.join(LEVELS)}, got {level!r}")
        self.subject = subject
        self.level = level
        self.text = text
        self.remedy = remedy

    def __repr__(self) -> str:
        return f"Finding({self.subject!r}, {self.level!r}, {self.text!r}, {self.remedy!r})"

    def as_fields(self) -> "dict[str, str]":
        """The finding as an object for JSON."""
        return {"subject": self.subject, "level": self.level, "text": self.text, "remedy": self.remedy}

    def as_line(self) -> str:
        """The finding for people: always one line, even if a text has several, and nothing that a terminal obeys."""
        advice = f"; {self.remedy}" if self.remedy else ""
        return visible(" ".join(f"{self.level:<7} {self.subject}: {self.text}{advice}".splitlines()))


def worst(findings: "Iterable[Finding]") -> str:
    """The worst level among them; OK if there are none."""
    return LEVELS[max([LEVELS.index(finding.level) for finding in findings] + [0])]
