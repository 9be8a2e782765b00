"""The modules of the device that keep state in files: the model of the disk is installed in these."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from fota_boot import start_images, zip_files

if TYPE_CHECKING:
    from types import ModuleType


@lru_cache(maxsize=1)
def modules() -> tuple[ModuleType, ...]:
    """All that are imported by now."""
    found = [module for name, module in sorted(sys.modules.items()) if name.startswith("fota.")]
    of_files = [module for module in found if vars(module).get("os") is os and module.__name__ not in _PROCESSES]
    return (*of_files, start_images, zip_files)


_PROCESSES = (
    "fota._machine_cpython",
    "fota.bundle.byte_code_cpython",
    "fota.heartbeat_cpython",
    "fota_boot.signals",
    "fota_boot.systemd",
    "fota_boot.supervisor",
)
"""These use `os` for processes and their environment."""
