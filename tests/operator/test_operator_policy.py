"""What the pieces of bootstrap allow and forbid, where policies are evaluated: the operator's, the role's."""

import json
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from fota_operator.account.bootstrap import BootstrapRequest, bootstrap
from fota_operator.account.doctor import DoctorRequest, examine
from fota_operator.account.roles import TRUST_IOT
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import CloudRefused
from fota_operator.images.image import Image
from fota_operator.jobs.cancel import cancel_job
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.things.cleanup import cleanup_things
from fota_operator.things.things import add_things
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.release_file import write_release
from tests.labs.accounts import OPERATOR_ARN, access_of_new_user, access_to, as_new_user, new_request
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

# What the local AWS judges on another resource than AWS does: all of AWS IoT, not the certificate, policy or index.
JUDGED_OTHERWISE = (
    "iot:AttachPolicy", "iot:DescribeIndex", "iot:DetachPolicy", "iot:ListTargetsForPolicy", "iot:SearchIndex",
)  # fmt: skip


@pytest.fixture
def ready(cloud: Cloud) -> BootstrapRequest:
    request = new_request()
    bootstrap(cloud, request)
    return request


@pytest.fixture
def operator(cloud: Cloud, local_aws: LocalAws, ready: BootstrapRequest) -> Cloud:
    """The cloud as an operator sees it, who has the policy and nothing else."""
    return as_new_user(cloud, local_aws, OPERATOR_ARN, allowed=JUDGED_OTHERWISE)


def shipping(ready: BootstrapRequest, thing: str, image: Image) -> StartRequest:
    return StartRequest(thing=thing, image=image, bucket=ready.bucket or "", role=ready.role)


def test_an_operator_may_add_a_thing_ship_an_image_cancel_it_and_clean_up(
    local_aws: LocalAws, operator: Cloud, ready: BootstrapRequest, image: Image, tmp_path: Path, new_name: object
) -> None:
    assert callable(new_name)
    (added,) = add_things(operator, [new_name()], tmp_path / "things", local_aws.thing_options())
    started = start_job(operator, shipping(ready, added.name, image))
    cancelled = cancel_job(operator, started.job_id)
    assert (cancelled.status, list(cleanup_things(operator, tmp_path / "things"))) == ("CANCELED", [added.name])


@pytest.fixture
def group(cloud: Cloud, new_name: Callable[[], str]) -> str:
    """Of more things than a job may have: a stage with all of them needs a group of its own."""
    name = new_name()
    cloud.iot.create_thing_group(thingGroupName=name)
    for number in range(101):
        cloud.iot.create_thing(thingName=f"{name}-{number}")
        cloud.iot.add_thing_to_thing_group(thingGroupName=name, thingName=f"{name}-{number}")
    return name


def test_an_operator_may_run_a_rollout_and_steer_it(
    cloud: Cloud,
    local_aws: LocalAws,
    fota: FotaCommand,
    ready: BootstrapRequest,
    signatures: Signatures,
    image: Image,
    group: str,
    tmp_path: Path,
) -> None:
    access = access_of_new_user(cloud, local_aws, OPERATOR_ARN)
    fota.environment["AWS_ACCESS_KEY_ID"] = access.access_key_id or ""
    fota.environment["AWS_SECRET_ACCESS_KEY"] = access.secret_access_key or ""
    write_release(tmp_path / "release", signatures.release(image, "alice"))
    write_keyring(tmp_path / "keyring", signatures.keyring("alice"))
    where = ("--bucket", ready.bucket)
    offered = ("--release", tmp_path / "release", "--keyring", tmp_path / "keyring", "--group", group, "--no-canary")
    done = [
        fota("rollout", "run", *offered, *where, "--role", ready.role, "--name", group, "--yes", "--once"),
        *(fota("rollout", verb, group, *where) for verb in ("pause", "resume", "abort", "status")),
        fota("rollout", "list", *where),
    ]
    assert [one.output or repr(one.exception) for one in done if one.exit_code != 0] == []


def test_an_operator_may_look_at_all_that_the_doctor_looks_at(operator: Cloud, ready: BootstrapRequest) -> None:
    findings = list(examine(operator, DoctorRequest(bucket=ready.bucket, role=ready.role)))
    assert [finding.as_line() for finding in findings if "not known" in finding.text] == []


def test_an_operator_may_not_ship_by_way_of_another_bucket(
    local_aws: LocalAws, operator: Cloud, ready: BootstrapRequest, image: Image, thing: str
) -> None:
    by_another = StartRequest(thing=thing, image=image, bucket=local_aws.bucket, role=ready.role)
    with pytest.raises(CloudRefused, match=local_aws.bucket):
        start_job(operator, by_another)


def test_an_operator_may_make_no_bucket(operator: Cloud) -> None:
    with pytest.raises(CloudRefused, match="CreateBucket"), explaining("make a bucket"):
        operator.s3.create_bucket(Bucket=new_request().bucket or "")


def test_an_operator_may_not_change_whom_the_role_trusts(operator: Cloud, ready: BootstrapRequest) -> None:
    with pytest.raises(CloudRefused, match="UpdateAssumeRolePolicy"), explaining("change a role"):
        operator.iam.update_assume_role_policy(RoleName=ready.role, PolicyDocument=json.dumps(TRUST_IOT))


def test_a_device_may_download_by_the_url_that_the_role_signs(
    cloud: Cloud, local_aws: LocalAws, ready: BootstrapRequest, thing: str, image: Image
) -> None:
    started = start_job(cloud, shipping(ready, thing, image))
    url = document_of(local_aws, thing, started.job_id)["bc_url"]
    context = ssl.create_default_context(cafile=str(local_aws.ca_bundle))
    with urllib.request.urlopen(url, context=context, timeout=10) as answer:
        assert answer.read() == image.content


def document_of(local_aws: LocalAws, thing: str, job_id: str) -> dict[str, str]:
    """As a device gets it."""
    access = access_to(local_aws)
    client = boto3.client(
        "iot-jobs-data",
        endpoint_url=access.endpoint_url,
        verify=access.ca_bundle,
        region_name=access.region,
        aws_access_key_id=access.access_key_id,
        aws_secret_access_key=access.secret_access_key,
    )
    execution = client.describe_job_execution(jobId=job_id, thingName=thing, includeJobDocument=True)["execution"]
    client.close()
    document: dict[str, str] = json.loads(execution["jobDocument"])
    return document
