"""What all tests share: default signals, byte code that is kept, a local AWS that is started once, when first asked
for, and how Hypothesis looks for examples.

`--hypothesis-profile=explore` looks for new examples, and for more of them.
"""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from fota_operator.local.aws import LocalAws
from tests.labs.aws_for_tests import aws_for_tests
from tests.labs.inherited_signals import pass_on_no_ignored_signal
from tests.labs.kept_byte_code import keep_byte_code

# The same examples at every run: a test that passed once passes again, and nothing is kept in between.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=100)
settings.register_profile("explore", deadline=None, database=None, max_examples=5000, print_blob=True)
settings.load_profile("fixed")

pass_on_no_ignored_signal()
keep_byte_code()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test that asks for the local AWS needs its server, and carries the mark that says so."""
    for item in items:
        if "local_aws" in getattr(item, "fixturenames", ()):
            item.add_marker("e2e")


def pytest_collection_finish() -> None:
    """Ten thousand tests stay until the end: the collector of garbage need not look at them again and again."""
    gc.freeze()


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with aws_for_tests(tmp_path_factory.mktemp("local-aws")) as local:
        yield local
