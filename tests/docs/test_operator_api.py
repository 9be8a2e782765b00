"""The page on the operator's API: what it names is there, and its program rolls out."""

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from fota_operator import errors
from fota_operator.images.image import build_image
from fota_operator.local.aws import LocalAws
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.keys import KeyFolder
from fota_operator.trust.release_file import write_release
from tests.labs.docs_pages import blocks, read, section
from tests.labs.fleet import Fleet, fails
from tests.labs.signatures import Signatures

PAGE = "docs/reference/operator-api.md"


def test_every_call_of_the_table_is_there() -> None:
    named = re.findall(r"`((?:[a-z_]+\.)+)([a-zA-Z_]+)[`(]", section(read(PAGE), "## What there is"))
    assert len(named) >= 12
    for path, name in named:
        assert hasattr(importlib.import_module("fota_operator." + path.rstrip(".")), name), path + name


def test_every_error_of_the_table_is_there() -> None:
    named = re.findall(r"`([A-Z][A-Za-z]+)`", section(read(PAGE), "## Errors"))
    assert len(named) >= 8
    assert all(issubclass(getattr(errors, name), errors.OperatorError) for name in named)


@pytest.mark.e2e
def test_the_program_of_the_page_begins_a_rollout_and_tells_who_failed(
    local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in local_aws.environment().items():
        monkeypatch.setenv(name, value)
    (example,) = [block for block in blocks(read(PAGE)) if block.words == "file=nightly.py"]
    module = ModuleType("nightly")
    exec(example.content, module.__dict__)
    (tmp_path / "program").mkdir()
    (tmp_path / "program/__main__.py").write_text("print('nightly')\n")
    image, signatures = (
        build_image(tmp_path / "program", "1", tmp_path / "image.pyz"),
        Signatures(KeyFolder(tmp_path)),
    )
    write_release(tmp_path / "nightly.release", signatures.release(image, "maker"))
    write_keyring(tmp_path / "keyring.json", signatures.keyring("maker"))
    fleet = Fleet(local_aws, ["nightly-1", "nightly-2"], lambda thing, document: fails("rolled-back"))
    fleet.register(local_aws.cloud())
    (tmp_path / "plan.toml").write_text(
        f"""
        name = "nightly"
        release = "nightly.release"
        bucket = "{local_aws.bucket}"
        role = "{local_aws.role}"
        targets.things = ["nightly-1", "nightly-2"]
        """
    )
    assert module.nightly(tmp_path / "plan.toml", tmp_path / "keyring.json") == []
    fleet.turn()
    assert module.nightly(tmp_path / "plan.toml", tmp_path / "keyring.json") == ["2 rolled-back, such as nightly-1"]
