"""A test whose processes hear a hangup, as they do under a terminal, although the tests run under nohup."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture
def hangups_are_heard() -> Iterator[None]:
    """What a process ignores, those that it starts ignore too: nohup has SIGHUP ignored by all of them."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
