"""What a device tells AWS IoT of a job, without a device."""

from dataclasses import dataclass
from typing import Any

import boto3


@dataclass
class DeviceSide:
    """What a device would tell AWS of a job, without a device."""

    environment: dict[str, str]

    def report(self, thing: str, job_id: str, status: str, **details: str) -> None:
        # Some tests report what no device may: the stubs know the right words only.
        client: Any = boto3.client(
            "iot-jobs-data",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            verify=self.environment["AWS_CA_BUNDLE"],
            region_name=self.environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )
        client.update_job_execution(jobId=job_id, thingName=thing, status=status, statusDetails=details)
        client.close()
