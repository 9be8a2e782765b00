"""The command `fota` in the process of the tests: run it, or only see whether its words can be typed like that."""

from dataclasses import dataclass, field
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner, Result

from fota_operator.cli.app import app

_AWS_SETTINGS = (
    "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION",
    "AWS_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN", "FOTA_DEVICE_ENDPOINT", "FOTA_DEVICE_CA", "SSL_CERT_FILE",
    "FOTA_KEYS", "FOTA_PASSPHRASE",
)  # fmt: skip


@dataclass
class FotaCommand:
    """The command `fota`, in this process; `environment` is all that it sees of AWS."""

    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object) -> Result:
        aside = dict.fromkeys(_AWS_SETTINGS)
        return CliRunner().invoke(app, [str(one) for one in arguments], env={**aside, **self.environment})


def commands_of(command: object) -> dict[str, Any]:
    """The commands below one, by their names; none of one that does something itself."""
    return getattr(command, "commands", {})


def parse_fota(words: list[str]) -> None:
    """*Raises* what typer raises, or AssertionError, if the words cannot be typed."""
    command: Any = get_command(app)
    while below := commands_of(command):
        assert words[0] in below, words
        command, words = below[words[0]], words[1:]
    command.make_context("fota", [word for word in words if word])
