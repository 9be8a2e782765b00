"""Logs which requests AWS answered, with the request ids that AWS support asks for. It shows nothing itself.

A request's content is never logged: it may hold what is secret. Leaves to others: showing it (`cli.app`).
"""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3
    from botocore.model import OperationModel

LOGGER = logging.getLogger("fota_operator.request_log")
"""One line at DEBUG for each answer; a program that uses this package may listen too."""


def log_requests(session: "boto3.Session") -> None:
    """Log each answer to a client that the session makes from now on."""
    session.events.register("after-call", _log_request)


def _log_request(*, model: "OperationModel", parsed: "Mapping[str, object]", **_: object) -> None:
    about = parsed.get("ResponseMetadata")
    facts = about if isinstance(about, dict) else {}
    LOGGER.debug(
        "%s %s: HTTP %s, request id %s",
        model.service_model.service_name,
        model.name,
        facts.get("HTTPStatusCode", "-"),
        facts.get("RequestId", "-"),
    )
