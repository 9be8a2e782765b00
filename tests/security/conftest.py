"""Lets the tests of this folder use the makers of the vectors, which are in tools/."""

import sys
from pathlib import Path

TOOLS = str(Path(__file__).resolve().parents[2] / "tools")

if TOOLS not in sys.path:
    # Behind everything else: tools/docs.py must not hide tests/docs.
    sys.path.append(TOOLS)

from iot.lab import lab, seeded  # noqa: E402, F401
