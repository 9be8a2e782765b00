"""Percentages as plans have them: with few decimals, and a share of things rounded up. Pure."""

from __future__ import annotations

import math
from fractions import Fraction

PERCENT_DECIMALS = 2


def share_of(percent: float, things: int) -> int:
    """A share of things, rounded up: a share above zero has at least one thing."""
    # A percentage is taken as written: 0.1, not the nearest binary fraction, which rounding up would make visible.
    return math.ceil(Fraction(str(percent)) * things / 100)
