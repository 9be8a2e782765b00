"""A policy whose answer a test sets, and what it was asked; and what a service was told of updates put off."""

from fota.policy import Later, No, Now, Offer
from tests.labs.device_lab import JOB, DeviceLab

Answer = Now | Later | No | bool


class ScriptedPolicy:
    """Answers each moment as it is told to; `offers` are those it was asked about."""

    def __init__(self, download: object = True, restart: object = True) -> None:
        self.answers = {"download": download, "restart": restart}
        self.offers: list[Offer] = []

    def __call__(self, offer: Offer) -> Answer:
        self.offers.append(offer)
        answer = self.answers[offer.moment]
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[return-value]

    @property
    def moments(self) -> list[str]:
        """Each moment that it was asked about, without repetitions."""
        asked = [offer.moment for offer in self.offers]
        return [moment for moment, before in zip(asked, [None, *asked], strict=False) if moment != before]


def told(lab: DeviceLab, job: str = JOB) -> list[dict[str, str]]:
    """The details of each report that says that the job is put off, in order."""
    history = lab.service.execution(job).history
    return [details for status, details in history if details.get("step") == "deferred" and status == "IN_PROGRESS"]


def steps(lab: DeviceLab, job: str = JOB) -> list[str]:
    """Every step that the job was told while it was in progress, without repetitions."""
    history = lab.service.execution(job).history
    steps = [details.get("step", "") for status, details in history if status == "IN_PROGRESS"]
    return [step for step, before in zip(steps, [None, *steps], strict=False) if step != before]
