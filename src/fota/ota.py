"""Old name of `fota.boards.esp32`, kept for a program that imports it; deprecated."""

from fota.boards.esp32 import open_board

__all__ = ["open_board"]
