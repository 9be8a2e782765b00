"""Schema 1: the pump counts gallons."""

SCHEMA = 1
"""The schema that this version writes."""

READABLE_FROM = 1
"""The oldest schema whose programs can read what this version writes."""

STEPS = {}
"""For each older schema, what makes the fields of the next one from it."""


def new() -> dict:
    return {"gallons": 0.0}


def stroke(state: dict) -> None:
    state["gallons"] += 1.0


def for_older(_state: dict) -> dict:
    """The fields that are written for older versions alone."""
    return {}


def words(state: dict) -> str:
    return f"{state['gallons']:.1f} gallons"
