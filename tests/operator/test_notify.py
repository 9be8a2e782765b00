"""Who asked for it is told of rollouts: the topic, the rule and the subscription, against an AWS that delivers."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from fota_boot.doctor.findings import OK, WARNING
from fota_operator.account.bootstrap import BootstrapRequest, bootstrap
from fota_operator.account.names import NOTICE_ROLE, NOTICE_RULE, notice_topic_arn
from fota_operator.account.notify import notice_findings
from fota_operator.account.subscriber import parse_subscriber
from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere, BadInput
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.aws.notices import NoticeSender, notices_of
from fota_operator.rollouts.aws.plan_store import load_plan
from fota_operator.rollouts.aws.progress import RolloutProgress
from fota_operator.rollouts.aws.reader import SnapshotReader
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import Stage
from fota_operator.rollouts.run import RunOptions
from tests.labs.accounts import new_request
from tests.labs.fleet import SUCCEEDS, fails
from tests.labs.follow_lab import FollowLab
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

EVENTS: tuple[Literal["JOB"], Literal["JOB_EXECUTION"]] = ("JOB", "JOB_EXECUTION")


class Queue:
    """A queue of SQS, to hear what is told."""

    def __init__(self, local: LocalAws, name: str) -> None:
        environment = local.environment()
        self._sqs: Any = boto3.client(
            "sqs",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            verify=environment["AWS_CA_BUNDLE"],
            region_name=environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        found = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn: str = found["Attributes"]["QueueArn"]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def heard(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """The messages for which `wanted` holds, until none comes any more for two seconds."""
        found: list[dict[str, Any]] = []
        while True:
            listed = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
            if not listed.get("Messages"):
                return [one for one in found if wanted(one)]
            for one in listed["Messages"]:
                found.append(json.loads(json.loads(one["Body"])["Message"]))
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])


@pytest.fixture
def quiet(cloud: Cloud) -> Iterator[BootstrapRequest]:
    """An account where nobody is told, before and after."""

    def silence() -> None:
        bootstrap(cloud, replace(request, no_notify=True))
        cloud.iot.update_event_configurations(eventConfigurations={one: {"Enabled": False} for one in EVENTS})

    request = replace(new_request(), index=False, catalog=False)
    silence()
    yield request
    silence()


def told(cloud: Cloud, request: BootstrapRequest, who: str, *, dry_run: bool = False) -> dict[str, str]:
    """Have somebody told; what bootstrap found of each piece of the notices."""
    asked = replace(request, notify=who)
    outcomes = bootstrap(cloud, asked, dry_run=dry_run)
    return {one.subject: one.found for one in outcomes[10:]}


@pytest.fixture
def queue(local_aws: LocalAws, new_name: Callable[[], str]) -> Queue:
    return Queue(local_aws, new_name())


@pytest.fixture
def lab(
    cloud: Cloud, local_aws: LocalAws, signatures: Signatures, tmp_path: Path, new_name: Callable[[], str]
) -> FollowLab:
    return FollowLab(cloud, local_aws, signatures, tmp_path, new_name())


def topic(cloud: Cloud) -> str:
    return notice_topic_arn(cloud.region, partition=cloud.partition, account_id=cloud.account_id)


def test_all_is_made_once_and_then_right(cloud: Cloud, quiet: BootstrapRequest, queue: Queue) -> None:
    dry = told(cloud, quiet, queue.arn, dry_run=True)
    assert "missing" in dry.values()
    assert told(cloud, quiet, queue.arn) == dry
    assert set(told(cloud, quiet, queue.arn).values()) == {"right"}
    assert len(dry) == 6


def test_a_device_that_fails_is_told_though_nobody_runs_the_rollout(
    cloud: Cloud, quiet: BootstrapRequest, queue: Queue, lab: FollowLab
) -> None:
    told(cloud, quiet, queue.arn)
    bad = lab.fleet.names[0]
    script = lambda thing, _: fails("hash-mismatch") if thing == bad else SUCCEEDS  # noqa: E731
    lab.offer(lab.name, lab.release("1.0"), script, options=RunOptions(once=True))
    lab.fleet.turn()
    heard = queue.heard(lambda one: one.get("jobId") == f"fota-{lab.name}-1")
    kinds = sorted((one["eventType"], one["operation"].lower()) for one in heard)
    assert kinds == [("JOB", "completed"), ("JOB_EXECUTION", "failed")], heard
    (failed,) = [one for one in heard if one["eventType"] == "JOB_EXECUTION"]
    assert failed["thingArn"].endswith(f":thing/{bad}")
    assert failed["statusDetails"]["reason"] == "hash-mismatch"


def test_gates_and_the_end_are_told_once_each(
    cloud: Cloud, quiet: BootstrapRequest, queue: Queue, lab: FollowLab
) -> None:
    told(cloud, quiet, queue.arn)
    gate = Gate(succeeded_percent=1.0)
    stages = (Stage("canary", things=1, gate=gate), Stage("all", percent=100.0, gate=gate))
    release = lab.release("1.0")
    for _ in range(2):
        lab.offer(lab.name, release, stages=stages)
    heard = queue.heard(lambda one: one.get("rollout") == lab.name)
    assert [(one["event"], one["stage"]) for one in heard] == [
        ("gate-passed", "canary"),
        ("gate-passed", "all"),
        ("done", None),
    ]
    assert heard[0]["version"] == "1.0"


def test_a_halt_is_told(cloud: Cloud, quiet: BootstrapRequest, queue: Queue, lab: FollowLab) -> None:
    told(cloud, quiet, queue.arn)
    lab.offer(lab.name, lab.release("1.0"), lambda *_: fails("rolled-back"))
    (heard,) = queue.heard(lambda one: one.get("rollout") == lab.name)
    assert (heard["event"], "halted" in heard["text"]) == ("halted", True)


def test_without_a_topic_a_rollout_says_nothing_and_marks_nothing(
    cloud: Cloud, quiet: BootstrapRequest, lab: FollowLab
) -> None:
    lab.offer(lab.name, lab.release("1.0"))
    tags = cloud.iot.list_tags_for_resource(
        resourceArn=cloud.iot.describe_job(jobId=f"fota-{lab.name}-1")["job"]["jobArn"]
    )["tags"]
    assert "fota:told" not in {one["Key"] for one in tags}


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (EndpointConnectionError(endpoint_url="https://sns"), 3),
        (ClientError({"Error": {"Code": "AuthorizationError", "Message": "no"}}, "Publish"), 1),
        (ClientError({"Error": {"Code": "InternalError", "Message": "trouble"}}, "Publish"), 3),
    ],
    ids=["unreachable", "forbidden", "trouble"],
)
def test_what_cannot_be_told_is_said_and_does_not_stop_the_rollout(
    cloud: Cloud, quiet: BootstrapRequest, queue: Queue, lab: FollowLab, error: Exception, tries: int
) -> None:
    lab.offer(lab.name, lab.release("1.0"))
    told(cloud, quiet, queue.arn)

    def refuse(**_: object) -> None:
        raise error

    said: list[RolloutProgress] = []
    reader = SnapshotReader(cloud, load_plan(cloud, lab.name, lab.local.bucket))
    reader.read()
    sender = NoticeSender(cloud, said.append)
    cloud.sns.meta.events.register("before-call.sns.Publish", refuse)
    try:
        for _ in range(5):
            sender.send(reader, lab.status(lab.name))
    finally:
        cloud.sns.meta.events.unregister("before-call.sns.Publish", refuse)
    assert len(said) == tries
    assert f"nobody was told that {lab.name} passed the gate of all" in said[0].text
    # Nothing was marked: a later run tells it.
    lab_again = NoticeSender(cloud, said.append)
    lab_again.send(reader, lab.status(lab.name))
    heard = queue.heard(lambda one: one.get("rollout") == lab.name)
    assert [one["event"] for one in heard] == ["gate-passed", "done"]


def test_the_doctor_says_off_pending_and_on(cloud: Cloud, quiet: BootstrapRequest, queue: Queue) -> None:
    (off,) = notice_findings(cloud)
    assert (off.level, off.text) == (OK, "off: there is no topic fota-rollouts")
    told(cloud, quiet, queue.arn)
    (on,) = notice_findings(cloud)
    assert (on.level, on.text) == (OK, "on: 1 are told by topic fota-rollouts")


def test_the_doctor_says_who_has_not_confirmed(cloud: Cloud, quiet: BootstrapRequest, queue: Queue) -> None:
    """The local AWS confirms a mail itself, which only a person can do for AWS."""
    told(cloud, quiet, queue.arn)

    def pend(parsed: dict[str, Any], **_: object) -> None:
        parsed["Subscriptions"].append(
            {"Protocol": "email", "Endpoint": "x@y", "SubscriptionArn": "PendingConfirmation"}
        )

    cloud.sns.meta.events.register("after-call.sns.ListSubscriptionsByTopic", pend)
    try:
        (found,) = notice_findings(cloud)
    finally:
        cloud.sns.meta.events.unregister("after-call.sns.ListSubscriptionsByTopic", pend)
    assert (found.level, found.text) == (WARNING, "1 of 2 have not confirmed that they want to be told")


def test_the_doctor_finds_what_is_broken(cloud: Cloud, quiet: BootstrapRequest, queue: Queue) -> None:
    told(cloud, quiet, queue.arn)
    cloud.iot.disable_topic_rule(ruleName=NOTICE_RULE)
    cloud.iot.update_event_configurations(eventConfigurations={"JOB": {"Enabled": False}})
    found = {one.subject: (one.level, one.text) for one in notice_findings(cloud)}
    assert found["notifications, events of jobs"] == (WARNING, "AWS IoT makes no events of JOB")
    assert found[f"notifications, rule {NOTICE_RULE}"] == (WARNING, "it is disabled")
    assert told(cloud, quiet, queue.arn)[f"rule {NOTICE_RULE}"] == "differs"
    assert [one.level for one in notice_findings(cloud)] == [OK]


def test_nobody_is_told_any_more_and_twice_is_harmless(cloud: Cloud, quiet: BootstrapRequest, queue: Queue) -> None:
    told(cloud, quiet, queue.arn)
    off = replace(quiet, no_notify=True)
    assert [one.changed for one in bootstrap(cloud, off, dry_run=True)[10:]] == [False, False]
    assert [one.changed for one in bootstrap(cloud, off)[10:]] == [True, True]
    assert [one.changed for one in bootstrap(cloud, off)[10:]] == [False, False]
    with pytest.raises(cloud.sns.exceptions.NotFoundException):
        cloud.sns.get_topic_attributes(TopicArn=topic(cloud))


def test_a_role_of_others_is_refused(cloud: Cloud, quiet: BootstrapRequest, queue: Queue) -> None:
    told(cloud, quiet, queue.arn)
    cloud.iam.untag_role(RoleName=NOTICE_ROLE, TagKeys=["made-by"])
    with pytest.raises(AlreadyThere, match="not ours to change"):
        told(cloud, quiet, queue.arn)
    cloud.iam.tag_role(RoleName=NOTICE_ROLE, Tags=[{"Key": "made-by", "Value": "aws-iot-fota"}])


@pytest.mark.parametrize(
    ("text", "protocol"),
    [
        ("night@example.com", "email"),
        ("https://example.com/hook/1?token=2", "https"),
        ("arn:aws:sqs:eu-west-1:111122223333:night", "sqs"),
        ("arn:aws:lambda:eu-west-1:111122223333:function:night", "lambda"),
    ],
)
def test_who_can_be_told(text: str, protocol: str) -> None:
    assert parse_subscriber(text).protocol == protocol


@pytest.mark.parametrize("text", ["", "night", "http://example.com", "arn:aws:s3:::x", "a@b@c", "a b@example.com"])
def test_who_cannot_be_told_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="`notify`: expected an email address"):
        parse_subscriber(text)


def test_the_secret_in_a_url_is_not_shown() -> None:
    assert parse_subscriber("https://hooks.example.com/T0/secret?x=1").shown == "https://hooks.example.com/…"


def test_the_command_tells_what_it_would_make(fota: FotaCommand, quiet: BootstrapRequest) -> None:
    where = ("--bucket", quiet.bucket, "--role", quiet.role)
    shown = fota("bootstrap", *where, "--notify", "night@example.com", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "topic fota-rollouts, night@example.com" in shown.stdout
    assert fota("bootstrap", *where, "--notify", "nobody").exit_code == 2
    both = fota("bootstrap", *where, "--notify", "a@example.com", "--no-notify")
    assert (both.exit_code, "--no-notify" in both.stderr) == (2, True)


def test_only_stages_with_a_job_have_a_gate_to_tell(lab: FollowLab) -> None:
    lab.fleet.offline.update(lab.fleet.names)
    status = lab.offer(lab.name, lab.release("1.0"), options=RunOptions(once=True))
    assert list(notices_of(status)) == []
