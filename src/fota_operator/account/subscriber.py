"""Who is to be told of rollouts: an email address, a URL, or the ARN of a queue or a function. Pure."""

import re
from dataclasses import dataclass

from fota_operator.errors import BadInput

_EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9.-]{1,255}")
_URL = re.compile(r"https://[^\s/?#]+[^\s#]*")
_ARN = re.compile(r"arn:aws[a-z-]*:(sqs|lambda):[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.:-]+")


@dataclass(frozen=True)
class Subscriber:
    """An endpoint of SNS and the protocol that it takes."""

    protocol: str
    endpoint: str

    @property
    def shown(self) -> str:
        """The endpoint for people: the path and the query of a URL may be a secret."""
        return "/".join(self.endpoint.split("/", 3)[:3]) + "/…" if self.protocol == "https" else self.endpoint


def parse_subscriber(text: str) -> Subscriber:
    """*Raises* BadInput for what SNS could not tell anything."""
    found = _ARN.fullmatch(text)
    if found:
        return Subscriber(found[1], text)
    if _URL.fullmatch(text):
        return Subscriber("https", text)
    if _EMAIL.fullmatch(text):
        return Subscriber("email", text)
    raise BadInput(
        f"`notify`: expected an email address, a URL with https, or the ARN of a queue of SQS or a function of "
        f"Lambda, got {text!r}",
        "name one of these",
    )
