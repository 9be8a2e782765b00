"""Unpacks the homes that are kept."""

from collections.abc import Callable
from pathlib import Path

import pytest
from home_afterwards import reopened
from home_device import HomeDevice
from make_homes import kept


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[str], HomeDevice]:
    """Gives the device of a kept home, switched off."""
    return lambda name: reopened(kept(name), tmp_path / name)
