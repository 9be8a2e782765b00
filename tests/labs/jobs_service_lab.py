"""The fake of AWS IoT Jobs, and a device that asks it and keeps every message."""

import json

import pytest

from fota_testing.clock import FakeClock
from fota_testing.jobs.service import ANSWER_MS, JobsService

JOBS = "$aws/things/lamp/jobs"


class Device:
    """The other side: keeps every message with its topic, without the common beginning."""

    def __init__(self, service: JobsService, *filters: str) -> None:
        self.inbox: list[tuple[str, dict[str, object]]] = []
        self._service = service
        self._tokens = 0
        for topic_filter in filters or ("#",):
            service.subscribe(f"{JOBS}/{topic_filter}", self._keep)

    def _keep(self, topic: str, payload: bytes) -> None:
        self.inbox.append((topic.removeprefix(JOBS + "/"), json.loads(payload)))

    def ask(self, topic: str, **members: object) -> dict[str, object]:
        """The body of the answer to one request; what else came meanwhile is in the inbox."""
        self._tokens += 1
        self.inbox = []
        self._service.publish(f"{JOBS}/{topic}", {"clientToken": f"token-{self._tokens}"} | members)
        self._service.wait(0)
        self._service.wait(ANSWER_MS)
        (answer,) = [body for name, body in self.inbox if name in {f"{topic}/accepted", f"{topic}/rejected"}]
        return answer

    def notified(self) -> list[str]:
        """Which notifications came since the last look."""
        names = [name for name, _ in self.inbox if name in {"notify", "notify-next"}]
        self.inbox = []
        return names


@pytest.fixture
def service() -> JobsService:
    service = JobsService(FakeClock(), "lamp")
    service.connect()
    return service


@pytest.fixture
def device(service: JobsService) -> Device:
    return Device(service)
