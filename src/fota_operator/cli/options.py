"""Options that several commands share: each is declared once, so that it reads the same in every help."""

from pathlib import Path
from typing import Annotated

import typer

from fota_operator.errors import BadInput

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and change nothing.")]

TimeoutMinutes = Annotated[
    int | None, typer.Option(help="A device may take this many minutes, 1 to 10080. [default: no limit]")
]

Insist = Annotated[
    bool,
    typer.Option(
        "--insist", help="Have devices try this image again on which it was rolled back. See what it costs first."
    ),
]
INSISTED = (
    "With --insist, a device on which this image was rolled back installs and tries it again; a bad image costs each "
    "such device one more rollback. A release that is too old, or not signed as it must be, stays refused."
)

AgreedUrgency = Annotated[
    str | None,
    typer.Option(
        "--urgency", metavar="now|when-convenient", help="Refuse a release that was not signed with this urgency."
    ),
]
AgreedWithin = Annotated[
    str | None,
    typer.Option(
        "--within", metavar="TIME", help='Refuse a release that was not signed with this time, as "3 days".'
    ),
]


def span_option(text: str | None) -> int | None:
    """The seconds that --within says; None if it was not given. *Raises* BadInput."""
    from fota_operator.time_span import parse_span

    if text is None:
        return None
    try:
        return parse_span(text)
    except ValueError as error:
        raise BadInput(f"--within: expected {error}, got {text!r}", "write it as --within '3 days'") from error


DEFAULT_KEYS = Path("fota-keys")

Keys = Annotated[Path, typer.Option("--keys", metavar="DIR", envvar="FOTA_KEYS", help="Folder that holds the keys.")]
KeyringFile = Annotated[
    Path | None,
    typer.Option(
        "--keyring",
        metavar="FILE",
        help="File that holds the keyring of the device. [default: keyring.json in the folder of keys]",
    ),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="File that holds the passphrase in one line. [default: FOTA_PASSPHRASE, or a question at the terminal]",
    ),
]
Sign = Annotated[
    list[str],
    typer.Option("--sign", metavar="NAME", help="Key to sign with. Repeat the option for further keys, up to 16."),
]

AccountBucket = Annotated[
    str | None,
    typer.Option(
        "--bucket", metavar="S3-BUCKET", help="Bucket that holds the releases. [default: fota-ACCOUNT-REGION]"
    ),
]
AccountRole = Annotated[
    str, typer.Option("--role", metavar="NAME", help="IAM role that AWS IoT assumes to sign download URLs.")
]
PlanBucket = Annotated[
    str | None,
    typer.Option(
        "--bucket", help="Bucket that holds the plan of the rollout. [default: the one of `fota bootstrap`]"
    ),
]
