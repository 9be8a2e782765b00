"""Old name of `fota_testing.flash.esp32`, kept for programs that import it; deprecated."""

from fota_testing.flash.esp32 import Esp32

__all__ = ["Esp32"]
