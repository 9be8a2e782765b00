"""The version of the library that is installed, as both commands print it."""

from importlib import metadata


def installed() -> str:
    """The version; a sentence where the library runs from its source and is not installed."""
    try:
        return metadata.version("aws-iot-fota")
    except metadata.PackageNotFoundError:
        return "not installed: run from its source"
