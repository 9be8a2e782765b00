"""Decisions as tables: rows of conditions that end in a conclusion; the first row that fits decides."""

ANY = "any"
"""A condition that every fact meets."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def decide(rules: "Sequence[tuple[object, ...]]", facts: "tuple[bool, ...]") -> str:
    """The conclusion, which is the last column, of the first row whose conditions are ANY or equal the facts."""
    for rule in rules:
        for column in range(len(facts)):
            if rule[column] not in (ANY, facts[column]):
                break
        else:
            return str(rule[-1])
    raise AssertionError("the rules cover every case")
