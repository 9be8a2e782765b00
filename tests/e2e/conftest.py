"""Stories run against one local AWS; each test has a thing and a home of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.lab import Lab
from fota_operator.local.aws import LocalAws


@pytest.fixture
def make_lab(local_aws: LocalAws, tmp_path: Path) -> Callable[..., Lab]:
    def make(**options: object) -> Lab:
        return Lab(local_aws, tmp_path, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()
