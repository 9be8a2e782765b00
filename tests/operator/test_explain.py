"""The story of a device, told against a real AWS of its own."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, NotFound
from fota_operator.images.image import Image
from fota_operator.jobs.cancel import cancel_job
from fota_operator.jobs.create_job import NewJob, create_named_job
from fota_operator.jobs.explain import explain, explain_job, explain_thing, moments, newest_first
from fota_operator.jobs.progress import ExecutionStatus
from fota_operator.jobs.reasons import FAILED, STATUSES
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.things.things import thing_arn
from tests.labs.device_side import DeviceSide
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

Offer = Callable[..., str]


@pytest.fixture
def offer(cloud: Cloud, new_name: Callable[[], str]) -> Offer:
    """Make a job for things, and say its id."""

    def made(*things: str, document: str = "{}", tags: dict[str, str] | None = None) -> str:
        job_id = new_name()
        targets = tuple(str(thing_arn(cloud, thing)) for thing in things)
        create_named_job(cloud, NewJob(job_id, targets, document, "by hand", tags=tags or {}))
        return job_id

    return made


@pytest.fixture
def things(cloud: Cloud, new_name: Callable[[], str]) -> list[str]:
    names = [new_name() for _ in range(4)]
    for name in names:
        cloud.iot.create_thing(thingName=name)
    return names


def test_a_failure_is_told_with_its_times_its_meaning_and_what_to_do(
    cloud: Cloud, thing: str, offer: Offer, device: DeviceSide
) -> None:
    job_id = offer(thing)
    device.report(thing, job_id, "IN_PROGRESS", step="download")
    device.report(thing, job_id, "FAILED", reason="no-space", message="3 bytes are left")
    (chapter,) = explain(cloud, thing).chapters
    assert [one.status for one in chapter.moments] == ["QUEUED", "IN_PROGRESS", "FAILED"]
    assert (chapter.execution.reason, chapter.execution.message) == ("no-space", "3 bytes are left")
    assert chapter.meaning == FAILED["no-space"]


def test_older_offers_are_counted(cloud: Cloud, thing: str, offer: Offer) -> None:
    offered = [offer(thing) for _ in range(3)]
    story = explain(cloud, thing, most=2)
    assert ({one.offer.job_id for one in story.chapters} <= set(offered), story.left_out) == (True, 1)


def test_the_newest_offer_comes_first_and_of_one_job_the_latest_try() -> None:
    tries = [(0, 1), (5, 1), (5, 2), (2, 1)]
    found = [
        (
            f"{second}-{number}",
            ExecutionStatus("pump", "FAILED", number, queued_at=datetime(2026, 1, 1, 0, 0, second)),
        )
        for second, number in tries
    ]
    assert [job_id for job_id, _ in newest_first(found)] == ["5-2", "5-1", "2-1", "0-1"]


def test_a_release_is_named_by_its_manifest(
    cloud: Cloud, request_for: StartRequest, image: Image, signatures: Signatures
) -> None:
    release = signatures.release(image, "alice")
    signed = StartRequest(
        thing=request_for.thing,
        image=release.image,
        bucket=request_for.bucket,
        role=request_for.role,
        envelope=release.envelope,
        keyring=signatures.keyring("alice"),
    )
    start_job(cloud, signed)
    (chapter,) = explain(cloud, request_for.thing).chapters
    assert (chapter.offer.kind, chapter.offer.product, chapter.offer.version) == ("firmware", "pump", "1.2.3")


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ('{"operation":"fota","bc_idx":1}', "firmware"),
        ('{"operation":"fota-keyring"}', "keyring"),
        ('{"operation":"fota","envelope":{"payload":"AAAA"}}', "firmware"),
        ('{"operation":"reboot"}', "other"),
        ("[1]", "other"),
    ],
)
def test_what_is_no_release_is_told_by_its_kind(
    cloud: Cloud, thing: str, offer: Offer, document: str, kind: str
) -> None:
    offer(thing, document=document)
    (chapter,) = explain(cloud, thing).chapters
    assert (chapter.offer.kind, chapter.offer.version, chapter.offer.description) == (kind, None, "by hand")


def test_rollout_and_stage_are_read_from_the_tags(cloud: Cloud, thing: str, offer: Offer) -> None:
    offer(thing, tags={"fota:rollout": "pump-1-4-0", "fota:stage": "2"})
    (chapter,) = explain(cloud, thing).chapters
    assert (chapter.offer.rollout, chapter.offer.stage) == ("pump-1-4-0", 2)


def test_a_job_tells_of_what_went_wrong_first(
    cloud: Cloud, things: list[str], offer: Offer, device: DeviceSide
) -> None:
    good, waiting, bad, busy = things
    job_id = offer(*things)
    device.report(good, job_id, "SUCCEEDED")
    device.report(bad, job_id, "REJECTED", reason="wrong-hardware")
    device.report(busy, job_id, "IN_PROGRESS")
    story = explain_job(cloud, job_id, most=3)
    assert [one.execution.thing for one in story.chapters] == [bad, busy, good]
    assert story.left_out == 1
    assert explain_job(cloud, job_id).chapters[-1].execution.thing == waiting


def test_a_job_can_be_told_for_one_of_its_things(cloud: Cloud, things: list[str], offer: Offer) -> None:
    job_id = offer(*things)
    offer(things[0])
    story = explain_thing(cloud, things[0], job_id)
    assert [(one.execution.thing, one.offer.job_id) for one in story.chapters] == [(things[0], job_id)]


def test_a_thing_that_was_never_offered_that_job_is_refused(cloud: Cloud, things: list[str], offer: Offer) -> None:
    with pytest.raises(NotFound, match="was not offered"):
        explain_thing(cloud, things[1], offer(things[0]))


def test_a_job_that_was_called_off_says_why(cloud: Cloud, thing: str, offer: Offer) -> None:
    job_id = offer(thing)
    cloud.iot.cancel_job(jobId=job_id, reasonCode="FOTA_ABORTED", comment="it smokes")
    (chapter,) = explain(cloud, thing).chapters
    assert (chapter.offer.comment, chapter.meaning) == ("it smokes", STATUSES["CANCELED"])


@pytest.mark.parametrize("name", ["nobody", "a b", "x" * 129])
def test_a_name_of_neither_a_thing_nor_a_job_is_refused(cloud: Cloud, name: str) -> None:
    with pytest.raises(NotFound, match="neither a thing nor a job"):
        explain(cloud, name)


@pytest.mark.parametrize("most", [0, 51, -1])
def test_a_story_without_bounds_is_refused(cloud: Cloud, thing: str, most: int) -> None:
    with pytest.raises(BadInput, match="1 to 50"):
        explain_thing(cloud, thing, most=most)
    with pytest.raises(BadInput, match="1 to 50"):
        explain(cloud, thing, most=most)


def test_of_a_thing_whose_job_was_deleted_meanwhile_it_is_not_said_that_there_is_no_thing(
    cloud: Cloud, thing: str, offer: Offer
) -> None:
    job_id = offer(thing)

    def delete(**_: object) -> None:
        cloud.iot.delete_job(jobId=job_id, force=True)

    cloud.iot.meta.events.register("after-call.iot.ListJobExecutionsForThing", delete)
    try:
        with pytest.raises(NotFound, match=f"the job {job_id} was deleted just now"):
            explain(cloud, thing)
    finally:
        cloud.iot.meta.events.unregister("after-call.iot.ListJobExecutionsForThing", delete)


def test_an_execution_without_times_has_no_moments() -> None:
    assert moments(ExecutionStatus("pump", "QUEUED", 1)) == ()


def test_the_command_tells_the_story_in_words(
    fota: FotaCommand, thing: str, offer: Offer, device: DeviceSide
) -> None:
    job_id = offer(thing, tags={"fota:rollout": "pump-1-4-0", "fota:stage": "2"})
    device.report(thing, job_id, "IN_PROGRESS")
    device.report(thing, job_id, "FAILED", reason="rolled-back", cause="health-check", attempts="1")
    lines = fota("explain", thing).stdout.splitlines()
    assert lines[0] == f"{thing}: by hand, by the job {job_id} of the rollout pump-1-4-0, stage 2"
    assert [line.split("UTC")[1].split() for line in lines[1:4]] == [["QUEUED"], ["IN_PROGRESS"], ["FAILED"]]
    assert lines[4].startswith("  FAILED rolled-back: the new image was tried and given up")
    assert lines[5:-1] == [
        "  It says: attempts 1, cause health-check",
        "  To do: read the log of the device; it says what the health check found.",
    ]


def test_a_thing_without_offers_is_told_so(fota: FotaCommand, thing: str) -> None:
    result = fota("explain", thing)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, f"{thing} was never offered anything.")


@pytest.mark.parametrize("command", ["explain", "status", "watch"])
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["words", "json"])
def test_no_command_shows_a_presigned_url(
    fota: FotaCommand, thing: str, offer: Offer, device: DeviceSide, command: str, options: list[str]
) -> None:
    job_id = offer(thing)
    device.report(thing, job_id, "FAILED", reason="http-status", message="403 from https://b/k?X-Amz-Signature=f00d")
    result = fota(command, job_id, *options)
    assert "403 from https://b/k" in result.stdout
    assert "f00d" not in result.stdout + result.stderr


def test_a_queued_execution_costs_no_request_for_its_details(
    cloud: Cloud, thing: str, offer: Offer, refusing: Callable[[str, str], None]
) -> None:
    offer(thing)
    refusing("DescribeJobExecution", "ThrottlingException")
    assert explain(cloud, thing).chapters[0].execution.status == "QUEUED"


def test_the_command_names_what_was_called_off(fota: FotaCommand, cloud: Cloud, thing: str, offer: Offer) -> None:
    job_id = offer(thing)
    cancel_job(cloud, job_id)
    assert "CANCELED: it was called off" in fota("explain", job_id).stdout


def test_the_command_as_json_has_the_same_story(fota: FotaCommand, thing: str, offer: Offer) -> None:
    job_id = offer(thing)
    story = json.loads(fota("explain", job_id, thing, "--json").stdout)
    assert (story["subject"], story["chapters"][0]["offer"]["job_id"]) == (thing, job_id)
