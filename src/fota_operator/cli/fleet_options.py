"""What `fota fleet` and `fota things list` share: the options that choose things, and where these come from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.options import Json
from fota_operator.cli.output import talk
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.fleet.read import Fleet
    from fota_operator.fleet.running import FleetFilter

Version = Annotated[
    str | None,
    typer.Option(metavar="RULE", help='Show things that run such a version, as "<1.3.0", 1.4.0 or ">=1.2,<1.3".'),
]
Product = Annotated[str | None, typer.Option(metavar="NAME", help="Show things that run this product.")]
Group = Annotated[str | None, typer.Option(metavar="NAME", help="Show the things of this thing group itself.")]
Silent = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Show things that have not been connected for this time, as 7d."),
]
Deferred = Annotated[bool, typer.Option("--deferred", help="Show things that put an update off, and why.")]
Unknown = Annotated[
    bool, typer.Option("--unknown", help="Show things where it is not known which version they run, and why.")
]
NoIndex = Annotated[
    bool, typer.Option("--no-index", help="Ask for the shadow of each thing instead of AWS's index. This is slower.")
]
Csv = Annotated[bool, typer.Option("--csv", help="Print the things as CSV.")]


@dataclass(frozen=True)
class ChosenThings:
    """What the options say: which things, where these come from, and how they are written."""

    asked: "FleetFilter"
    no_index: bool
    as_json: bool
    as_csv: bool


def choosing_things(command: Callable[[ChosenThings], None]) -> Callable[..., None]:
    """Give a command the options that choose things."""

    def choosing(
        version: Version = None,
        product: Product = None,
        group: Group = None,
        silent: Silent = None,
        deferred: Deferred = False,
        unknown: Unknown = False,
        no_index: NoIndex = False,
        as_json: Json = False,
        as_csv: Csv = False,
    ) -> None:
        asked = filter_of(version, product, group, silent, deferred=deferred, unknown=unknown)
        command(ChosenThings(asked, no_index, as_json, as_csv))

    choosing.__name__, choosing.__doc__ = command.__name__, command.__doc__
    return choosing


def filter_of(
    version: str | None, product: str | None, group: str | None, silent: str | None, *, deferred: bool, unknown: bool
) -> "FleetFilter":
    """What the options mean. *Raises* BadInput."""
    from fota_operator.fleet.running import FleetFilter
    from fota_operator.fleet.versions import parse_rules
    from fota_operator.time_span import parse_span

    try:
        silent_s = None if silent is None else parse_span(silent)
    except ValueError as error:
        raise BadInput(f"--silent: expected {error}, got {silent!r}", "write it as --silent 7d") from error
    rules = () if version is None else parse_rules(version)
    return FleetFilter(rules, product, group, silent_s, deferred=deferred, unknown=unknown)


def connected_fleet(asked: "FleetFilter", *, no_index: bool) -> "Fleet":
    """The fleet of the account, and a word on stderr if it must be read device by device."""
    from fota_operator.cloud import connect
    from fota_operator.fleet.read import BY_INDEX, fleet_of

    found = fleet_of(connect(), asked, no_index=no_index)
    if found.source.kind != BY_INDEX:
        talk(f"The shadow of each thing is read by itself, which is slower: {found.source.why}.")
        if not no_index:
            talk("`fota bootstrap` turns the index on; AWS charges for it.")
    return found


class ReadProgress:
    """Says on stderr how many things were read, each time that many more were."""

    STEP = 1000

    def __init__(self) -> None:
        self._said = 0

    def __call__(self, read: int) -> None:
        """See OnRead."""
        if read - self._said >= self.STEP:
            self._said = read
            talk(f"{read} things read")
