"""Tells people and programs of rollouts: a topic of SNS, and a rule by which AWS IoT publishes events of jobs to it.

Devices that fail and jobs that end or are cancelled are told by AWS itself, also while nobody runs the rollout; the
gates are told by the run (`rollouts.aws.notices`).
Leaves to others: who is told (`subscriber`), the order of the pieces (`bootstrap`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fota_boot.doctor.findings import OK, WARNING, Finding
from fota_operator.account.names import NOTICE_ROLE, NOTICE_RULE, NOTICE_TOPIC, notice_topic_arn
from fota_operator.account.our_role import Account, OurRole
from fota_operator.account.pieces import RIGHT, Absent, Look, Piece, differs, looking, missing
from fota_operator.account.policies import Document, notice_policy, service_trust
from fota_operator.account.subscriber import Subscriber
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IAM_NOT_FOUND, SNS_NOT_FOUND, AlreadyThere, CloudRefused

if TYPE_CHECKING:
    from mypy_boto3_iot.literals import EventTypeType
    from mypy_boto3_iot.type_defs import TopicRulePayloadTypeDef

_EVENTS: "tuple[EventTypeType, ...]" = ("JOB", "JOB_EXECUTION")
_SQL_VERSION = "2016-03-23"
# AWS: https://docs.aws.amazon.com/iot/latest/developerguide/events-jobs.html
_SQL = (
    "SELECT * FROM '$aws/events/+/+/+' WHERE regexp_matches(topic(4), '^fota-') AND "
    "(topic(5) = 'failed' OR topic(5) = 'rejected' OR topic(5) = 'timed_out' OR "
    "(topic(3) = 'job' AND (topic(5) = 'completed' OR topic(5) = 'canceled')))"
)
"""Jobs that ended or were cancelled, and devices that failed; not each device of a job that was cancelled."""
_PENDING = "PendingConfirmation"
_TURN_ON = "run `fota bootstrap notify=EMAIL`"


@dataclass(frozen=True)
class NoticePieces:
    """The pieces that tell of rollouts, in one account and region."""

    account: Account
    topic_arn: str = field(init=False)

    def __post_init__(self) -> None:
        arn = notice_topic_arn(
            self.account.cloud.region, partition=self.account.partition, account_id=self.account.account_id
        )
        object.__setattr__(self, "topic_arn", arn)

    def pieces(self, subscriber: Subscriber) -> tuple[Piece, ...]:
        """Those that must be there for somebody to be told, in the order in which they are made."""
        return (
            *self._delivery(),
            Piece(
                f"topic {NOTICE_TOPIC}, {subscriber.shown}",
                _subscribed(subscriber),
                lambda: self._subscription(subscriber),
                lambda: self._subscribe(subscriber),
            ),
        )

    def removal(self) -> tuple[Piece, ...]:
        """What is to be taken away. AWS IoT goes on to make events, and the role stays: other regions use it."""
        return (
            Piece(f"rule {NOTICE_RULE}", "there is no such rule", lambda: _gone(self._rule()), self._remove_rule),
            Piece(
                f"topic {NOTICE_TOPIC}",
                "there is no such topic, and nobody is told",
                lambda: _gone(self._topic()),
                self._remove_topic,
            ),
        )

    def findings(self) -> Iterator[Finding]:
        """What `fota doctor` says of them; that they are off is no fault."""
        if self._topic().found == "missing":
            yield Finding("notifications", OK, f"off: there is no topic {NOTICE_TOPIC}")
            return
        wrong = False
        for piece in (self._events_piece(), self._rule_piece()):
            look = piece.look()
            if look.found != "right":
                wrong = True
                yield Finding(f"notifications, {piece.subject}", WARNING, look.why, _TURN_ON)
        confirmed, pending = self._told()
        if pending:
            text = f"{pending} of {confirmed + pending} have not confirmed that they want to be told"
            yield Finding("notifications", WARNING, text, "follow the link in the mail that AWS sent them")
        elif not confirmed:
            yield Finding("notifications", WARNING, f"nobody hears of topic {NOTICE_TOPIC}", _TURN_ON)
        elif not wrong:
            yield Finding("notifications", OK, f"on: {confirmed} are told by topic {NOTICE_TOPIC}")

    def _delivery(self) -> tuple[Piece, ...]:
        return (
            self._events_piece(),
            Piece(
                f"topic {NOTICE_TOPIC}",
                "it is ours",
                self._topic,
                self._make_topic,
            ),
            Piece(f"role {NOTICE_ROLE}", "AWS IoT may assume it, for this account", self._role, self._make_role),
            Piece(
                f"role {NOTICE_ROLE}, permissions",
                f"it may publish to topic {NOTICE_TOPIC} of each region",
                self._permission,
                self._permit,
            ),
            self._rule_piece(),
        )

    def _events_piece(self) -> Piece:
        return Piece("events of jobs", "AWS IoT makes them", self._events, self._turn_events_on)

    def _rule_piece(self) -> Piece:
        text = f"it publishes events of jobs to topic {NOTICE_TOPIC}"
        return Piece(f"rule {NOTICE_RULE}", text, self._rule, self._make_rule)

    def _events(self) -> Look:
        with explaining("look at which events AWS IoT makes"):
            found = self.account.cloud.iot.describe_event_configurations().get("eventConfigurations", {})
        off = [one for one in _EVENTS if not found.get(one, {}).get("Enabled")]
        return missing(f"AWS IoT makes no events of {' and '.join(off)}") if off else RIGHT

    def _turn_events_on(self) -> None:
        with explaining("have AWS IoT make events of jobs"):
            self.account.cloud.iot.update_event_configurations(
                eventConfigurations={one: {"Enabled": True} for one in _EVENTS}
            )

    def _topic(self) -> Look:
        try:
            with looking(f"the topic {NOTICE_TOPIC}", SNS_NOT_FOUND, "NotFoundException"):
                self.account.cloud.sns.get_topic_attributes(TopicArn=self.topic_arn)
        except Absent:
            return missing("there is no such topic")
        return RIGHT

    def _role(self) -> Look:
        try:
            with looking(f"the role {NOTICE_ROLE}", IAM_NOT_FOUND):
                found = self.account.cloud.iam.get_role(RoleName=NOTICE_ROLE)["Role"]
        except Absent:
            return missing("there is no such role")
        if self.account.tags[0] not in found.get("Tags", []):
            raise AlreadyThere(f"the role {NOTICE_ROLE} is not ours to change", "rename it, or delete it")
        # boto3 decodes this policy to a dictionary, whatever its type hints say.
        trust: object = found.get("AssumeRolePolicyDocument")
        return RIGHT if trust == self._trust() else differs("it trusts somebody else")

    def _trust(self) -> Document:
        return service_trust(
            self.account.account_id, f"arn:{self.account.partition}:iot:*:{self.account.account_id}:rule/*"
        )

    @property
    def _publisher(self) -> OurRole:
        return OurRole(self.account, NOTICE_ROLE, "publish")

    def _make_role(self) -> None:
        self._publisher.make(self._trust(), "AWS IoT publishes events of firmware jobs by it")

    def _permission(self) -> Look:
        return self._publisher.look_at(NOTICE_ROLE, self._wanted_permission())

    def _wanted_permission(self) -> Document:
        account = self.account
        return notice_policy(notice_topic_arn("*", partition=account.partition, account_id=account.account_id))

    def _permit(self) -> None:
        self._publisher.let(NOTICE_ROLE, self._wanted_permission())

    def _rule(self) -> Look:
        iot = self.account.cloud.iot
        with explaining("list the rules of AWS IoT"):
            # AWS refuses to show a rule that does not exist as if it were forbidden: the list knows better.
            pages = iot.get_paginator("list_topic_rules").paginate()
            names = {rule["ruleName"] for page in pages for rule in page.get("rules", [])}
        if NOTICE_RULE not in names:
            return missing("there is no such rule")
        with explaining(f"look at the rule {NOTICE_RULE}"):
            rule = iot.get_topic_rule(ruleName=NOTICE_RULE)["rule"]
        wanted = self._wanted_rule()
        if rule.get("ruleDisabled"):
            return differs("it is disabled")
        if (rule.get("sql"), rule.get("actions")) != (wanted["sql"], wanted["actions"]):
            return differs("it chooses other events, or does something else with them")
        return RIGHT

    def _wanted_rule(self) -> "TopicRulePayloadTypeDef":
        account = self.account
        role_arn = f"arn:{account.partition}:iam::{account.account_id}:role/{NOTICE_ROLE}"
        return {
            "sql": _SQL,
            "description": "Tells of firmware jobs that end and of devices that fail",
            "actions": [{"sns": {"targetArn": self.topic_arn, "roleArn": role_arn, "messageFormat": "RAW"}}],
            "ruleDisabled": False,
            "awsIotSqlVersion": _SQL_VERSION,
        }

    def _make_rule(self) -> None:
        iot, wanted = self.account.cloud.iot, self._wanted_rule()
        try:
            with explaining(f"make the rule {NOTICE_RULE}"):
                iot.create_topic_rule(ruleName=NOTICE_RULE, topicRulePayload=wanted)
        except CloudRefused as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
            with explaining(f"change the rule {NOTICE_RULE}"):
                iot.replace_topic_rule(ruleName=NOTICE_RULE, topicRulePayload=wanted)

    def _subscriptions(self) -> Iterator[tuple[str, str, str]]:
        with looking(f"the topic {NOTICE_TOPIC}", SNS_NOT_FOUND, "NotFoundException"):
            pages = self.account.cloud.sns.get_paginator("list_subscriptions_by_topic").paginate(
                TopicArn=self.topic_arn
            )
            for page in pages:
                for one in page.get("Subscriptions", []):
                    yield one.get("Protocol", ""), one.get("Endpoint", ""), one.get("SubscriptionArn", "")

    def _subscription(self, subscriber: Subscriber) -> Look:
        try:
            known = {(protocol, endpoint) for protocol, endpoint, _ in self._subscriptions()}
        except Absent:
            return missing("there is no topic yet")
        return RIGHT if (subscriber.protocol, subscriber.endpoint) in known else missing("it is not told")

    def _subscribe(self, subscriber: Subscriber) -> None:
        with explaining(f"have {subscriber.shown} told"):
            self.account.cloud.sns.subscribe(
                TopicArn=self.topic_arn, Protocol=subscriber.protocol, Endpoint=subscriber.endpoint
            )

    def _told(self) -> tuple[int, int]:
        """How many are told, and how many have not confirmed yet."""
        arns = [arn for _, _, arn in self._subscriptions()]
        pending = sum(arn == _PENDING for arn in arns)
        return len(arns) - pending, pending

    def _remove_rule(self) -> None:
        with explaining(f"remove the rule {NOTICE_RULE}"):
            self.account.cloud.iot.delete_topic_rule(ruleName=NOTICE_RULE)

    def _make_topic(self) -> None:
        with explaining(f"make the topic {NOTICE_TOPIC}"):
            self.account.cloud.sns.create_topic(Name=NOTICE_TOPIC, Tags=self.account.tags)

    def _remove_topic(self) -> None:
        with explaining(f"remove the topic {NOTICE_TOPIC}"):
            self.account.cloud.sns.delete_topic(TopicArn=self.topic_arn)


def _gone(look: Look) -> Look:
    """The look of a piece that is to be taken away."""
    return RIGHT if look.found == "missing" else differs("it is there")


def _subscribed(subscriber: Subscriber) -> str:
    """What its piece says."""
    if subscriber.protocol in ("sqs", "lambda"):
        return "it is told, if its own policy lets SNS do so"
    return "it is told, once it has confirmed what AWS sends it"


def notice_findings(cloud: Cloud) -> Iterator[Finding]:
    """See `NoticePieces.findings`."""
    yield from NoticePieces(Account(cloud, cloud.partition, cloud.account_id)).findings()
