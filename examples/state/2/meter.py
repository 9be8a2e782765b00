"""Schema 2: the pump counts litres. Gallons are still written, so that version 1 can go on where this one was."""

LITRES_PER_GALLON = 3.785

SCHEMA = 2
READABLE_FROM = 1


def from_1(old: dict) -> dict:
    return {"litres": old["gallons"] * LITRES_PER_GALLON}


STEPS = {1: from_1}


def new() -> dict:
    return {"litres": 0.0}


def stroke(state: dict) -> None:
    state["litres"] += LITRES_PER_GALLON


def for_older(state: dict) -> dict:
    return {"gallons": state["litres"] / LITRES_PER_GALLON}


def words(state: dict) -> str:
    return f"{state['litres']:.1f} litres"
