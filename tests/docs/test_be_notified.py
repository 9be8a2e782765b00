"""The commands of the page about notices, typed against the local AWS; and its webhook, which may be down."""

import http.server
import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from fota_operator.account.bootstrap import BootstrapRequest, bootstrap
from fota_operator.local.aws import LocalAws
from fota_operator.trust.keys import KeyFolder
from tests.labs.docs_pages import ROOT, blocks, read
from tests.labs.follow_lab import FollowLab
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

PAGE = read("docs/how-to/be-notified.md")
TURN_ON, CHECK, TO_QUEUE, POST, TURN_OFF = (
    [line.split() for line in block.content.splitlines()] for block in blocks(PAGE) if block.language == "sh"
)
(NOTICE,) = [json.loads(block.content) for block in blocks(PAGE) if block.language == "json"]
NUMBERS = itertools.count(1)


class Hook:
    """A webhook on this machine: it answers with `status`, and keeps what it was told."""

    def __init__(self) -> None:
        self.status, self.told = 200, []  # type: ignore[var-annotated]
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.status == 200:
                    hook.told.append(json.loads(body)["text"])
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.close()


@pytest.fixture
def fota(local_aws: LocalAws) -> Iterator[FotaCommand]:
    """The command, in an account where nobody is told before and after."""
    names = BootstrapRequest(bucket=f"notified-{next(NUMBERS)}", role="notified", no_notify=True)
    bootstrap(local_aws.cloud(), names)
    yield FotaCommand(local_aws.environment())
    bootstrap(local_aws.cloud(), names)


def typed(fota: FotaCommand, words: list[str]) -> str:
    where = ("--bucket", "notified-1", "--role", "notified") if words[1] == "bootstrap" else ()
    done = fota(*words[1:], *where)
    assert done.exit_code == 0 or words[1] == "doctor", done.output
    return done.output


@pytest.fixture
def queue(local_aws: LocalAws) -> tuple[str, str]:
    """The URL and the ARN of a queue that SNS may send to, whose messages come again after a second."""
    environment = local_aws.environment()
    sqs: Any = boto3.client(
        "sqs",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        verify=environment["AWS_CA_BUNDLE"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    url = sqs.create_queue(QueueName=f"notices-{next(NUMBERS)}", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def post(local_aws: LocalAws, queue_url: str, hook_url: str) -> subprocess.CompletedProcess[str]:
    """Run the example once, as a process."""
    environment = {**os.environ, **local_aws.environment(), "WEBHOOK_URL": hook_url}
    command = [sys.executable, str(ROOT / POST[0][2]), queue_url, "--once"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def test_the_page_turns_notices_on_checks_them_and_turns_them_off(fota: FotaCommand) -> None:
    dry, go = TURN_ON
    assert "topic fota-rollouts, night@example.com" in typed(fota, dry)
    assert "topic fota-rollouts, night@example.com" in typed(fota, go)
    assert "notifications: on: 1 are told by topic fota-rollouts" in typed(fota, CHECK[0])
    typed(fota, TURN_OFF[0])
    assert "notifications: off" in typed(fota, CHECK[0])


def test_a_webhook_hears_what_is_told_and_one_that_is_down_loses_nothing(
    fota: FotaCommand, local_aws: LocalAws, queue: tuple[str, str], hook: Hook, tmp_path: Path
) -> None:
    url, arn = queue
    typed(fota, [*TO_QUEUE[0][:-1], arn])
    signatures = Signatures(KeyFolder(tmp_path / "keys"))
    lab = FollowLab(local_aws.cloud(), local_aws, signatures, tmp_path, f"hook-{next(NUMBERS)}")
    lab.offer(lab.name, lab.release("1.4.0"))

    down = post(local_aws, url, "http://127.0.0.1:9/secret")
    hook.status = 500
    broken = post(local_aws, url, hook.url)
    assert (down.returncode, broken.returncode, hook.told) == (1, 1, [])
    assert "webhook: not taken (status 500), the notice stays in the queue" in broken.stderr
    assert "secret" not in down.stderr + broken.stderr
    hook.status = 200
    for _ in range(5):
        post(local_aws, url, hook.url)
    assert f"{lab.name} is done: every gate is passed" in hook.told
    assert any(one.startswith(f"{lab.name} passed the gate of all") for one in hook.told)
    assert any(one.startswith(f"fota-{lab.name}-1: the job completed") for one in hook.told)


def test_the_notice_of_the_page_has_the_fields_of_a_real_one(
    fota: FotaCommand, local_aws: LocalAws, tmp_path: Path
) -> None:
    signatures = Signatures(KeyFolder(tmp_path / "keys"))
    lab = FollowLab(local_aws.cloud(), local_aws, signatures, tmp_path, f"hook-{next(NUMBERS)}")
    lab.cloud.sns.create_topic(Name="fota-rollouts")
    sent: list[dict[str, Any]] = []

    def keep(params: dict[str, Any], **_: object) -> None:
        sent.append(json.loads(params["Message"]))

    lab.cloud.sns.meta.events.register("provide-client-params.sns.Publish", keep)
    lab.offer(lab.name, lab.release("1.4.0"))
    assert [one["event"] for one in sent] == ["gate-passed", "done"]
    assert {tuple(one) for one in sent} == {tuple(NOTICE)}
