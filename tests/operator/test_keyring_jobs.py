"""The next keyring on its way: verified before AWS is asked anything, in a job of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fota.trust import envelope as envelopes
from fota.trust import keyring as keyrings
from fota.trust.envelope import Envelope
from fota.trust.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.errors import DeviceWouldRefuse
from fota_operator.jobs.keyring_job import start_keyring_job
from fota_operator.local.aws import LocalAws
from fota_operator.trust.keyrings import sign_successor, write_envelope
from tests.labs.fota_command import FotaCommand
from tests.labs.release_jobs import Untouched, document_for_device, keyring, keyring_file
from tests.labs.signatures import Signatures

__all__ = ("keyring", "keyring_file")

pytestmark = pytest.mark.e2e

JobsOf = Callable[[str], list[str]]


@pytest.fixture
def successor(signatures: Signatures, keyring: Keyring) -> Envelope:
    new = signatures.keyring("b", "c", threshold=2, version=2)
    return sign_successor(keyring, new, signatures.signers("a", "b", "c"), any_hardware=False)


def test_the_job_of_a_keyring_carries_its_envelope_and_nothing_else(
    cloud: Cloud, local_aws: LocalAws, thing: str, keyring: Keyring, successor: Envelope
) -> None:
    started = start_keyring_job(cloud, thing, successor, keyring, timeout_minutes=5)
    document = document_for_device(local_aws, thing, started.job_id)
    assert document == {"operation": "fota-keyring", "envelope": envelopes.fields(successor)}
    assert keyrings.successor(keyring, document["envelope"]).version == started.version == 2
    job = cloud.iot.describe_job(jobId=started.job_id)["job"]
    assert job["timeoutConfig"] == {"inProgressTimeoutInMinutes": 5}


def test_a_keyring_that_a_device_would_refuse_is_refused_before_aws_is_asked_anything(
    signatures: Signatures, successor: Envelope
) -> None:
    with pytest.raises(DeviceWouldRefuse, match="unknown-key"):
        start_keyring_job(Untouched(), "pump", successor, signatures.keyring("x", "y"))


def test_a_keyring_can_be_sent_dry(
    cloud: Cloud, thing: str, keyring: Keyring, successor: Envelope, jobs_of: JobsOf
) -> None:
    assert start_keyring_job(cloud, thing, successor, keyring, dry_run=True).dry_run
    assert jobs_of(thing) == []


def test_the_command_sends_a_keyring(
    fota: FotaCommand, thing: str, keyring_file: Path, successor: Envelope, tmp_path: Path, jobs_of: JobsOf
) -> None:
    write_envelope(tmp_path / "next", successor)
    result = fota("keys", "send", thing, tmp_path / "next", "--keys", keyring_file.parent)
    assert (result.exit_code, jobs_of(thing)) == (0, [result.stdout.strip()])


def test_a_keyring_for_a_thing_that_is_not_there_ends_in_one_line(
    fota: FotaCommand, keyring_file: Path, successor: Envelope, tmp_path: Path
) -> None:
    write_envelope(tmp_path / "next", successor)
    result = fota("keys", "send", "nobody", tmp_path / "next", "--keyring", keyring_file)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "no thing nobody" in result.stderr
