"""Reads the values of options that all sweeps have."""

from __future__ import annotations

import argparse


def count(text: str) -> int:
    """A whole number above 0. *Raises* argparse's error, which says what came."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


def count_or_none(text: str) -> int:
    """The same, or 0 for none."""
    return 0 if text == "0" else count(text)
