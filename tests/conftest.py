"""The local AWS that tests share: started once, when first asked for, and stopped at the end."""

from collections.abc import Iterator

import pytest

from fota_operator.local.aws import LocalAws


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    local = LocalAws(tmp_path_factory.mktemp("local-aws"))
    local.up()
    yield local
    assert local.down(), "the local AWS ended before the tests did"
