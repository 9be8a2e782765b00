"""Schema 3: the pump counts its strokes too. It migrates the state, and then crashes, before it is confirmed."""

LITRES_PER_GALLON = 3.785

SCHEMA = 3
READABLE_FROM = 1


def from_1(old: dict) -> dict:
    return {"litres": old["gallons"] * LITRES_PER_GALLON}


def from_2(old: dict) -> dict:
    return {"strokes": round(old["litres"] / LITRES_PER_GALLON)}


STEPS = {1: from_1, 2: from_2}


def new() -> dict:
    return {"litres": 0.0, "strokes": 0}


def stroke(state: dict) -> None:
    state["strokes"] += 1
    state["litres"] += LITRES_PER_GALLON


def for_older(state: dict) -> dict:
    return {"gallons": state["litres"] / LITRES_PER_GALLON}


def words(state: dict) -> str:
    return f"{state['litres']:.1f} litres, {state['stroke']} strokes"  # The bug: a field that is not there.
