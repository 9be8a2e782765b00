"""Stories run against one local AWS; each test has a thing and a home of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.local.aws import LocalAws
from tests.labs.process_lab import ProcessLab


@pytest.fixture
def make_lab(local_aws: LocalAws, tmp_path: Path) -> Callable[..., ProcessLab]:
    def make(**options: object) -> ProcessLab:
        return ProcessLab(local_aws, tmp_path, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def lab(make_lab: Callable[..., ProcessLab]) -> ProcessLab:
    return make_lab()
