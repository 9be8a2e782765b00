"""Boards of one local AWS; each test has a thing and a home of its own, all have the same compiled library."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.local import LocalAws
from micropython.board import compile_library
from micropython.lab import Lab


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_library(tmp_path_factory.mktemp("library"))


@pytest.fixture
def make_lab(local_aws: LocalAws, library: Path, tmp_path: Path) -> Callable[..., Lab]:
    def make(**options: object) -> Lab:
        return Lab(local_aws, tmp_path, library, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()
