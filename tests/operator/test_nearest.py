"""A thing, group, job, rollout or bucket that is named wrongly: the command says which one may be meant."""

from collections.abc import Iterator

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import CloudRefused
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.nearest import MAX_NAMES, or_nearest
from tests.labs.fota_command import FotaCommand


@pytest.mark.parametrize(("word", "told"), [("Pump-11", "did you mean pump-1?"), ("lamp", "look")])
def test_a_name_that_is_near_is_proposed(word: str, told: str) -> None:
    assert or_nearest("look", word, lambda: ["pump-1", "x"]) == told


def test_who_may_not_list_the_names_gets_the_remedy() -> None:
    def refused() -> Iterator[str]:
        raise CloudRefused("no", code="AccessDenied")

    assert or_nearest("look", "pump", refused) == "look"


def test_of_many_names_no_more_are_read_than_that() -> None:
    read: list[int] = []

    def names() -> Iterator[str]:
        for number in range(10 * MAX_NAMES):
            read.append(number)
            yield f"name-{number}"

    or_nearest("look", "lamp", names)
    assert len(read) == MAX_NAMES


@pytest.mark.e2e
@pytest.mark.parametrize("words", ["start {}x {} {} {}", "explain {}x", "explain fota-x {}x"])
def test_the_thing_that_may_be_meant_is_named(
    fota: FotaCommand, request_for: StartRequest, image_file: object, words: str
) -> None:
    thing = request_for.thing
    given = words.format(thing, image_file, request_for.bucket, request_for.role)
    if "fota-x" in words:
        given = f"explain fota-x {thing}x"
    assert f"did you mean {thing}?" in fota(*given.split()).stderr


@pytest.mark.e2e
@pytest.mark.parametrize("command", ["status", "watch", "cancel", "explain"])
def test_the_job_that_may_be_meant_is_named(
    fota: FotaCommand, cloud: Cloud, request_for: StartRequest, command: str
) -> None:
    job_id = start_job(cloud, request_for).job_id
    assert f"did you mean {job_id}?" in fota(command, job_id[:-1]).stderr


@pytest.mark.e2e
def test_the_group_that_may_be_meant_is_named(fota: FotaCommand, cloud: Cloud) -> None:
    cloud.iot.create_thing_group(thingGroupName="nearest-pumps")
    assert "did you mean nearest-pumps?" in fota("things", "list", "--no-index", "--group", "nearest-pump").stderr


@pytest.mark.e2e
def test_the_bucket_that_may_be_meant_is_named_and_no_other_is_made(fota: FotaCommand, local_aws: LocalAws) -> None:
    told = fota("rollout", "list", "--bucket", f"{local_aws.bucket}x").stderr
    assert (f"did you mean {local_aws.bucket}?" in told, "bootstrap" in told) == (True, False)
