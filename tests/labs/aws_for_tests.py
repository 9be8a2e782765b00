"""A local AWS as tests use it: with connections that stay open, and nothing saved at its end.

All tests share one, but for those that leave hundreds of things behind, or list all that there is. Their files import
`local_aws` and `cloud` from here.
"""

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import LocalAwsFailed
from fota_operator.local import server
from fota_operator.local.aws import LocalAws


@contextlib.contextmanager
def aws_for_tests(folder: Path) -> Iterator[LocalAws]:
    """It runs within the `with`."""
    local = LocalAws(folder)
    with pytest.MonkeyPatch.context() as patch:
        # A new connection for each of thousands of requests would be half of the work. Nothing is saved at the end.
        patch.setattr(server, "_CONNECTIONS", {"keep_alive_timeout": 3600, "keep_alive_max_requests": 1_000_000})
        local.up()
    yield local
    gc.collect()  # Clients that are no longer used close their connections: these would hold up the end.
    with contextlib.suppress(LocalAwsFailed):  # A client that is still there holds it up, and nothing is to be saved.
        assert local.down(timeout_s=2), "the local AWS ended before the tests did"


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One for this file of tests alone."""
    with aws_for_tests(tmp_path_factory.mktemp("local-aws")) as local:
        yield local


@pytest.fixture(scope="module")
def cloud(local_aws: LocalAws) -> Cloud:
    return local_aws.cloud()
