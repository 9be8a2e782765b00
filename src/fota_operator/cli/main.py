"""Where the command `fota` starts. Nothing here needs more than the base install."""

import sys

_EXTRA = {"boto3", "botocore", "cryptography", "rich", "typer"}


def main() -> None:
    """Run the command; without the `operator` extra, say in one line how to get it."""
    try:
        from fota_operator.cli.app import app

        app()
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _EXTRA:
            raise
        sys.stderr.write(f"fota: {error.name} is not installed; run: pip install 'aws-iot-fota[operator]'\n")
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
