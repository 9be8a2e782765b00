"""`fota doctor`: what is missing, broken or too wide, in AWS or on a device, and what to do about each finding."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_boot.doctor.findings import ERROR, Finding, worst
from fota_operator.account.names import PRESIGN_ROLE
from fota_operator.cli.options import AccountBucket, AccountRole, Json
from fota_operator.cli.output import answer_json, answer_words, reporting_errors
from fota_operator.cli.wording import worded
from fota_operator.errors import BadInput, OperatorError

if TYPE_CHECKING:
    from fota_operator.account.doctor import DoctorRequest

_LEVEL_COLUMNS = 8
"""What is further down in a finding stands behind its level."""


@reporting_errors()
def doctor(
    bucket: AccountBucket = None,
    role: AccountRole = PRESIGN_ROLE,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="KMS key to examine too: its id, ARN or alias."),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Home folder of a device: examine this device, on the device itself, instead of AWS."
        ),
    ] = None,
    thing: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="With --home: folder that holds the certificate and the endpoint of the device."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Report what is missing, broken or too permissive, and how to mend it. This changes nothing.

    The exit status is 1 if a finding is an error.
    """
    if thing is not None and home is None:
        raise BadInput("--thing says more of a device, and no device was named", "name its home with --home")
    if home is not None:
        from fota_boot.doctor.examine import examine

        _answer(examine(str(home), None if thing is None else str(thing)), as_json=as_json)
        return
    from fota_operator.account.doctor import DoctorRequest

    found = _of_account(DoctorRequest(bucket=bucket, role=role, key=key))
    _answer((_worded(finding) for finding in found), as_json=as_json)


def _of_account(request: "DoctorRequest") -> Iterable[Finding]:
    from fota_operator.account.doctor import examine
    from fota_operator.cloud import connect

    try:
        cloud = connect()
    except OperatorError as error:
        return [Finding("region", ERROR, error.message, error.remedy)]
    return examine(cloud, request)


def _worded(finding: Finding) -> Finding:
    return Finding(finding.subject, finding.level, worded(finding.text), worded(finding.remedy))


def _answer(findings: Iterable[Finding], *, as_json: bool) -> None:
    seen = []
    for finding in findings:
        seen.append(finding)
        if not as_json:
            answer_words(finding.as_line(), _LEVEL_COLUMNS)
    if as_json:
        answer_json({"worst": worst(seen), "findings": [finding.as_fields() for finding in seen]})
    if worst(seen) == ERROR:
        raise typer.Exit(1)
