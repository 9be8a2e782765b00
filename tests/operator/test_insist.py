"""Insisting: a job whose devices try an image again that was rolled back there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from fota_operator.jobs.document import build_document
from fota_operator.jobs.publish import Firmware, Publication
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.plan.model import Plan, Targets
from fota_operator.rollouts.plan.text import decode, difference, encode
from fota_operator.rollouts.plan_file import read_plan
from tests.labs.fota_command import FotaCommand

PLAN = Plan("pump", "a" * 64, Targets(("pump-1",)))


def test_a_document_insists_only_if_it_is_asked_to(image: Image) -> None:
    assert "bc_insist" not in json.loads(build_document(image, "https://x", None))
    assert json.loads(build_document(image, "https://x", None, insist=True))["bc_insist"] is True


def test_the_document_of_a_publication_insists_as_its_firmware_says(image: Image) -> None:
    publication = Publication(Firmware(image, insist=True), "b", "arn:role", "https://x", is_aws=True)
    assert json.loads(publication.document())["bc_insist"] is True


def test_a_plan_that_insists_is_another_plan_and_comes_back_as_it_was() -> None:
    insisting = replace(PLAN, insist=True)
    assert decode(encode(insisting)) == insisting
    assert difference(PLAN, insisting) == "insist: nothing there, true here"


def test_the_bytes_of_a_plan_that_does_not_insist_are_those_of_before() -> None:
    assert b"insist" not in encode(PLAN)


def test_a_plan_file_insists_by_its_field_or_by_a_flag(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text('release = "r"\ninsist = true\n[targets]\nthings = ["pump-1"]\n')
    assert read_plan(tmp_path / "plan.toml").draft.insist
    assert read_plan(None, {"release": "r", "insist": True, "targets": {"things": ["pump-1"]}}).draft.insist
    (tmp_path / "plan.toml").write_text('release = "r"\ninsist = "yes"\n[targets]\nthings = ["pump-1"]\n')
    with pytest.raises(BadInput, match="insist: expected true or false"):
        read_plan(tmp_path / "plan.toml")


@pytest.mark.e2e
def test_start_insists_and_says_what_that_does(
    fota: FotaCommand, local_aws: LocalAws, thing: str, image_file: Path
) -> None:
    words = ("start", thing, image_file, local_aws.bucket, local_aws.role, "--dry-run")
    assert "bc_insist" not in fota(*words).stdout
    result = fota(*words, "--insist")
    assert json.loads(result.stdout)["bc_insist"] is True
    assert "a device on which this image was rolled back" in result.stderr
