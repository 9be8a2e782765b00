"""`fota bootstrap`: what an account needs before its first rollout."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.account.names import PRESIGN_ROLE
from fota_operator.cli.jobs import DryRun, Json
from fota_operator.cli.output import answer_json, answer_table, reporting_errors, talk

if TYPE_CHECKING:
    from fota_operator.account.bootstrap import Outcome

Bucket = Annotated[
    str | None,
    typer.Option("--bucket", metavar="S3-BUCKET", help="For releases. [default: fota-ACCOUNT-REGION]"),
]
Role = Annotated[
    str, typer.Option("--role", metavar="NAME", help="The role by which AWS IoT signs the URLs of images.")
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="A key of KMS that operators sign with: its id, ARN or alias."),
]


@reporting_errors()
def bootstrap(
    bucket: Bucket = None,
    role: Role = PRESIGN_ROLE,
    key: Key = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make what an account needs before its first rollout: bucket, role and policies.

    What is right stays as it is, nothing is deleted, and running it again is harmless.
    """
    from fota_operator.account.bootstrap import BootstrapRequest, bootstrap
    from fota_operator.cloud import connect

    outcomes = bootstrap(connect(), BootstrapRequest(bucket=bucket, role=role, key=key), dry_run=dry_run)
    wrong = sum(one.found != "right" for one in outcomes)
    if dry_run:
        talk(f"Nothing was changed. Of {len(outcomes)} pieces, {wrong} would be made or changed:")
    else:
        talk(f"Of {len(outcomes)} pieces, {wrong} were made or changed:")
    if as_json:
        answer_json([asdict(one) for one in outcomes])
    else:
        rows = [(_verb(one), one.subject, one.why if one.found == "differs" else one.text) for one in outcomes]
        answer_table(("", "PIECE", ""), rows)


def _verb(outcome: "Outcome") -> str:
    verb = {"right": "right", "missing": "made", "differs": "changed"}[outcome.found]
    return verb if outcome.changed or outcome.found == "right" else f"would be {verb}"
