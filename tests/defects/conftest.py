"""The fixtures of this folder."""

from iot.lab import lab, seeded

__all__ = ("lab", "seeded")
