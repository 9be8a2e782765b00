"""The jobs of a device as a program has them, and the service behind them."""

import pytest

from aws.iot.jobs import Job, Jobs
from fota_testing.jobs.service import JobsService
from tests.labs.device_lab import DeviceLab


@pytest.fixture
def service(lab: DeviceLab) -> JobsService:
    return lab.service


@pytest.fixture
def jobs(lab: DeviceLab) -> Jobs:
    return lab.jobs


@pytest.fixture
def job(lab: DeviceLab) -> Job:
    """A queued job, described."""
    lab.service.create("a-1", {"operation": "blink"})
    job = lab.jobs.job("a-1")
    job.describe()
    return job
