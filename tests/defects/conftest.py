"""The fixtures of this folder."""

from iot.lab import lab

__all__ = ("lab",)
