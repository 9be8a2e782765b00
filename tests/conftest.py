"""What all tests share: default signals, byte code that is kept, a local AWS that is started once, when first asked
for, and how Hypothesis looks for examples.

`--hypothesis-profile=explore` looks for new examples, and for more of them.
"""

import contextlib
import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from fota_operator.errors import LocalAwsFailed
from fota_operator.local import server
from fota_operator.local.aws import LocalAws
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
    local = LocalAws(tmp_path_factory.mktemp("local-aws"))
    with pytest.MonkeyPatch.context() as patch:
        # A new connection for each of thousands of requests would be half of the work. Nothing is saved at the end.
        patch.setattr(server, "_CONNECTIONS", {"keep_alive_timeout": 3600, "keep_alive_max_requests": 1_000_000})
        local.up()
    yield local
    gc.collect()  # Clients that are no longer used close their connections: these would hold up the end.
    with contextlib.suppress(LocalAwsFailed):  # A client that is still there holds it up, and nothing is to be saved.
        assert local.down(timeout_s=2), "the local AWS ended before the tests did"
