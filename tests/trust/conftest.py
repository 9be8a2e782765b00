"""The fixtures of this folder."""

from __future__ import annotations

import pytest
import vector_parts as parts

from tests.labs.device_lab import lab, seeded
from tests.labs.trust_lab import TrustLab

__all__ = ("lab", "seeded")


@pytest.fixture
def bench() -> TrustLab:
    """A device that trusts the first key, and has come nowhere yet."""
    return TrustLab(parts.keyring())
