"""The reserved topics, as AWS IoT spells them."""

from aws.iot import topics


def test_every_topic_is_spelled_as_aws_iot_does() -> None:
    assert [
        topics.shadow_update("T"),
        topics.shadow_delta("T"),
        topics.jobs_notify_next("T"),
        topics.jobs_get("T"),
        topics.job_get("T", "$next"),
        topics.job_update("T", "J"),
        topics.accepted(topics.jobs_get("T")),
        topics.rejected(topics.job_update("T", "J")),
    ] == [
        "$aws/things/T/shadow/update",
        "$aws/things/T/shadow/update/delta",
        "$aws/things/T/jobs/notify-next",
        "$aws/things/T/jobs/get",
        "$aws/things/T/jobs/$next/get",
        "$aws/things/T/jobs/J/update",
        "$aws/things/T/jobs/get/accepted",
        "$aws/things/T/jobs/J/update/rejected",
    ]


def test_the_filters_for_answers_match_answers_alone() -> None:
    assert topics.jobs_replies("T") == (
        "$aws/things/T/jobs/get/accepted",
        "$aws/things/T/jobs/get/rejected",
        "$aws/things/T/jobs/+/get/accepted",
        "$aws/things/T/jobs/+/get/rejected",
        "$aws/things/T/jobs/+/update/accepted",
        "$aws/things/T/jobs/+/update/rejected",
    )
