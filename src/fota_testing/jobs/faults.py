"""What can go wrong between a request to AWS IoT Jobs and its answer: one value for each fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What happens to one request. The defaults give a correct answer; see the constants and functions below."""

    acts: bool = True
    """Whether the request takes effect."""
    code: str | None = None
    """The request is answered `rejected` with this code, without the state of the execution."""
    copies: int = 1
    """How many answers arrive."""
    delay_ms: int = 0
    """How much later than usual they arrive."""
    token: str | None = None
    """The client token of the answer, if it is another than the request's."""
    job_id: str | None = None
    """The job in the topic of the answer, if it is another than the request's."""
    payload: bytes | None = None
    """The payload, if it is no proper answer."""
    drops: bool = False
    """Whether the connection is lost, together with the answer."""


HONEST = Fault()
LOST_BEFORE = Fault(acts=False, copies=0)
"""The request never reached the service."""
LOST_AFTER = Fault(copies=0)
"""The request took effect, and its answer never reached the device."""
TWICE = Fault(copies=2)
"""The answer arrives twice: MQTT promises at least once."""
DROPPED = Fault(drops=True)
"""The connection is lost once the request took effect."""


def late(delay_ms: int) -> Fault:
    """The answer takes that much longer."""
    return Fault(delay_ms=delay_ms)


def rejected(code: str) -> Fault:
    """The service refuses with a code, and shows no state."""
    return Fault(acts=False, code=code)


def with_token(token: str) -> Fault:
    """The answer carries the client token of another request."""
    return Fault(token=token)


def for_job(job_id: str) -> Fault:
    """The answer arrives on the topic of another job."""
    return Fault(job_id=job_id)


def garbage(payload: bytes = b"\xff{not json") -> Fault:
    """The request took effect, and its answer cannot be read."""
    return Fault(payload=payload)
