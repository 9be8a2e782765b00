"""The command `fota doctor`: how it ends, and what it says where nothing is set up."""

import json

import pytest

from fota_operator.account.bootstrap import BootstrapRequest
from tests.labs.accounts import new_request, ready
from tests.labs.fota_command import FotaCommand

__all__ = ("ready",)


@pytest.mark.e2e
def test_the_command_ends_with_1_if_there_is_an_error(fota: FotaCommand) -> None:
    request = new_request()
    result = fota("doctor", "--bucket", request.bucket, "--role", request.role)
    assert result.exit_code == 1
    assert f"error   bucket {request.bucket}: there is no such bucket; run `fota bootstrap" in result.stdout


@pytest.mark.e2e
def test_the_command_can_answer_in_json(fota: FotaCommand, ready: BootstrapRequest) -> None:
    answer = json.loads(fota("doctor", "--bucket", ready.bucket, "--role", ready.role, "--json").stdout)
    assert answer["worst"] in ("ok", "warning")
    (region,) = [found for found in answer["findings"] if found["subject"] == "region"]
    assert (region["level"], region["text"]) == ("ok", "us-east-1, from AWS_REGION")


def test_without_a_region_the_command_says_how_to_set_one(elsewhere: FotaCommand) -> None:
    del elsewhere.environment["AWS_DEFAULT_REGION"]
    result = elsewhere("doctor")
    assert (result.exit_code, result.stdout.startswith("error   region: ")) == (1, True)


def test_without_credentials_the_command_says_so_and_stops(elsewhere: FotaCommand) -> None:
    result = elsewhere("doctor")
    assert (result.exit_code, len(result.stdout.splitlines())) == (1, 1)
    assert "aws configure" in result.stdout


def test_a_things_folder_alone_is_misuse(elsewhere: FotaCommand) -> None:
    assert elsewhere("doctor", "--thing", "x").exit_code == 2
