"""The fixtures of this folder."""

import pytest

from tests.labs.boot_lab import BootLab
from tests.labs.hangup import hangups_are_heard
from tests.labs.servers import authority, serve, silent_port

__all__ = ("authority", "hangups_are_heard", "lab", "serve", "silent_port")


@pytest.fixture
def lab(tmp_path):
    made = BootLab(tmp_path)
    yield made
    made.close()
