"""Tells the topic of SNS that `fota bootstrap notify=…` makes of gates that are passed, of halts and of the end.

What was told is in a tag of the first job: a run that is killed between the two tells it twice, and never not at all.
If there is no topic, nobody is told. A rollout does not stop because a notice cannot be sent.
Leaves to others: devices that fail and jobs that end, which AWS itself tells (`account.notify`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fota_operator.account.names import notice_topic_arn
from fota_operator.cloud import Cloud, explaining, is_passing
from fota_operator.errors import SNS_NOT_FOUND, CloudRefused, OperatorError
from fota_operator.jobs.look_up import TAG_TOLD
from fota_operator.rollouts.aws.progress import OnProgress, RolloutProgress
from fota_operator.rollouts.decide.status import RolloutStatus

if TYPE_CHECKING:
    from fota_operator.rollouts.aws.reader import SnapshotReader

_ENDS = ("done", "halted")
# SNS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
_MAX_SUBJECT = 100
MAX_TRIES = 3
"""A run gives up after this many failures: each costs seconds, and the rollout waits."""


@dataclass(frozen=True)
class Notice:
    """One thing to tell. `key` is what the tag keeps of it."""

    key: str
    event: str
    subject: str
    stage: str | None = None


class NoticeSender:
    """Sends what is due; `on_progress` hears what could not be sent."""

    def __init__(self, cloud: Cloud, on_progress: OnProgress) -> None:
        self._cloud = cloud
        self._on_progress = on_progress
        self._gave_up = False
        self._tries = 0

    def send(self, reader: SnapshotReader, status: RolloutStatus) -> None:
        """Send what is due and was not told before. Raises nothing that would stop the rollout."""
        if self._gave_up or not reader.jobs:
            return
        told = reader.first_tags.get(TAG_TOLD, "").split()
        due = [one for one in notices_of(status) if one.key not in told]
        if not due:
            return
        try:
            for one in due:
                self._publish(one, status)
            with explaining(f"keep what was told of {status.name}"):
                value = " ".join([*told, *(one.key for one in due)])
                self._cloud.iot.tag_resource(resourceArn=reader.jobs[0].arn, tags=[{"Key": TAG_TOLD, "Value": value}])
        except OperatorError as error:
            if isinstance(error, CloudRefused) and error.code in (SNS_NOT_FOUND, "NotFoundException"):
                self._gave_up = True
                return
            # What may succeed later is tried again at the next look; nothing is marked as told.
            self._tries += 1
            self._gave_up = not is_passing(error) or self._tries >= MAX_TRIES
            self._on_progress(RolloutProgress(f"nobody was told that {due[0].subject}: {error}"))

    def _publish(self, notice: Notice, status: RolloutStatus) -> None:
        cloud = self._cloud
        message = {
            "source": "fota",
            "event": notice.event,
            "rollout": status.name,
            "stage": notice.stage,
            "product": status.product,
            "version": status.version,
            "text": f"{notice.subject}: {status.because}",
        }
        with explaining("tell who asked to be told"):
            cloud.sns.publish(
                TopicArn=notice_topic_arn(cloud.region, partition=cloud.partition, account_id=cloud.account_id),
                Subject=f"fota: {notice.subject}"[:_MAX_SUBJECT],
                Message=json.dumps(message, indent=1),
            )


def notices_of(status: RolloutStatus) -> Iterator[Notice]:
    """All that there is to tell of a rollout, in its order. Pure."""
    for stage in status.stages:
        if stage.state == "passed" and stage.job_ids:
            yield Notice(
                f"{stage.number}", "gate-passed", f"{status.name} passed the gate of {stage.name}", stage.name
            )
    if status.state in _ENDS:
        yield Notice(status.state, status.state, f"{status.name} is {status.state}")
