"""The fixtures of this folder."""

from tests.labs.device_lab import lab, seeded

__all__ = ("lab", "seeded")
