"""What tests of signed jobs arrange with: a keyring of two keys, a release, and what a device is given."""

import json
from pathlib import Path

import boto3
import pytest

from fota.trust.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.images.image import Image
from fota_operator.local.aws import LocalAws
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.release import Release
from tests.labs.signatures import Signatures


class Untouched(Cloud):
    """A cloud that nobody may ask anything."""

    def __init__(self) -> None:
        pass

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(f"asked for {name}")


@pytest.fixture
def keyring(signatures: Signatures) -> Keyring:
    return signatures.keyring("a", "b", threshold=2)


@pytest.fixture
def release(signatures: Signatures, image: Image) -> Release:
    return signatures.release(image, "a", "b")


@pytest.fixture
def keyring_file(keyring: Keyring, signatures: Signatures) -> Path:
    write_keyring(signatures.keys.path / "keyring.json", keyring)
    return signatures.keys.path / "keyring.json"


def document_for_device(local_aws: LocalAws, thing: str, job_id: str) -> dict[str, object]:
    """What a device is given, with its presigned URL."""
    environment = local_aws.environment()
    client = boto3.client(
        "iot-jobs-data",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        verify=environment["AWS_CA_BUNDLE"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    execution = client.describe_job_execution(jobId=job_id, thingName=thing, includeJobDocument=True)
    client.close()
    found: dict[str, object] = json.loads(execution["execution"]["jobDocument"])
    return found
