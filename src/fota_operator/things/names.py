"""Names of things: which ones AWS IoT accepts, and the names of a series. Pure."""

import re

from fota_operator.errors import BadInput

MAX_THINGS = 10_000
# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThing.html
THING_NAME = r"[a-zA-Z0-9:_-]{1,128}"
"""The pattern of a whole name; a group's is the same."""


def numbered_names(base: str, count: int) -> tuple[str, ...]:
    """`base-1` to `base-count`. *Raises* BadInput."""
    if not 1 <= count <= MAX_THINGS:
        raise BadInput(f"`count`: expected 1 to {MAX_THINGS}, got {count}", "choose one in that range")
    return tuple(f"{base}-{number}" for number in range(1, count + 1))


def require_thing_name(name: str) -> None:
    """*Raises* BadInput unless AWS IoT takes the name."""
    if not re.fullmatch(THING_NAME, name):
        raise BadInput(f"{name!r} is not a thing name", "use 1 to 128 letters, digits and : _ -")
