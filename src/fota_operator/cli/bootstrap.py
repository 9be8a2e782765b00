"""`fota bootstrap`: what an account needs before its first rollout."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.account.names import PRESIGN_ROLE
from fota_operator.cli.options import AccountBucket, AccountRole, DryRun, Json
from fota_operator.cli.output import answer_json, answer_table, reporting_errors, talk

if TYPE_CHECKING:
    from fota_operator.account.bootstrap import Outcome

Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="KMS key that operators sign with: its id, ARN or alias."),
]


@reporting_errors()
def bootstrap(
    bucket: AccountBucket = None,
    role: AccountRole = PRESIGN_ROLE,
    key: Key = None,
    no_index: Annotated[
        bool, typer.Option("--no-index", help="Leave AWS's index of the fleet as it is. AWS charges for it.")
    ] = False,
    no_catalog: Annotated[
        bool, typer.Option("--no-catalog", help="Leave the configuration of software packages as it is.")
    ] = False,
    notify: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL-OR-ARN",
            help="Tell this email address, https URL, SQS queue or Lambda function (its ARN) about rollouts.",
        ),
    ] = None,
    no_notify: Annotated[
        bool, typer.Option("--no-notify", help="Tell nobody about rollouts any more: remove the topic and the rule.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make what an account needs before its first rollout: bucket, role, policies, package catalog and index.

    It changes only what is missing or wrong, and deletes nothing unless --no-notify says so. Running it again is
    harmless.
    """
    from fota_operator.account.bootstrap import TO_MAKE, BootstrapRequest, bootstrap
    from fota_operator.cloud import connect

    request = BootstrapRequest(
        bucket=bucket,
        role=role,
        key=key,
        index=not no_index,
        catalog=not no_catalog,
        notify=notify,
        no_notify=no_notify,
    )
    outcomes = bootstrap(connect(), request, dry_run=dry_run)
    wrong = sum(one.found in TO_MAKE for one in outcomes)
    if dry_run:
        talk(f"Nothing was changed. Of {len(outcomes)} pieces, {wrong} would be made or changed:")
    else:
        talk(f"Of {len(outcomes)} pieces, {wrong} were made or changed:")
    if as_json:
        answer_json([asdict(one) for one in outcomes])
    else:
        rows = [(_verb(one), one.subject, _told(one)) for one in outcomes]
        answer_table(("", "PIECE", ""), rows)


def _told(outcome: "Outcome") -> str:
    """How it is now, or would be; and how it was, or still is, if that is wrong."""
    if outcome.found == "unavailable":
        return outcome.why
    when = "before" if outcome.changed else "now"
    return f"{outcome.text}; {when}: {outcome.why}" if outcome.found == "differs" else outcome.text


def _verb(outcome: "Outcome") -> str:
    verb = {"right": "right", "missing": "made", "differs": "changed", "unavailable": "not here"}[outcome.found]
    return verb if outcome.changed or outcome.found not in ("missing", "differs") else f"would be {verb}"
