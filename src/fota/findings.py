"""What a doctor found: one fact about one thing, how bad it is, and what to do about it. Values only.

Whoever looks at a device makes them, and so does whoever looks at an account; who shows them is left to the commands.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

OK = "ok"
WARNING = "warning"
ERROR = "error"

LEVELS = (OK, WARNING, ERROR)
"""From good to bad."""


class Finding:
    """One fact. `remedy` is one sentence that says what to do; empty where nothing is to be done."""

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
        """For JSON."""
        return {"subject": self.subject, "level": self.level, "text": self.text, "remedy": self.remedy}

    def as_line(self) -> str:
        """For people: one line, whatever the texts hold."""
        advice = f"; {self.remedy}" if self.remedy else ""
        return " ".join(f"{self.level:<7} {self.subject}: {self.text}{advice}".splitlines())


def worst(findings: "Iterable[Finding]") -> str:
    """The worst level among them; OK if there are none."""
    return LEVELS[max([LEVELS.index(finding.level) for finding in findings] + [0])]
