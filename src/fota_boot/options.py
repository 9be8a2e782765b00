"""The options of `fota-boot`: their names, bounds and defaults, and which of them go together."""

import argparse
from typing import Any

from fota.boot import DEFAULT_ATTEMPTS
from fota.visible_cpython import visible
from fota_boot.heartbeat import DEFAULT_PERIOD_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

MAX_ATTEMPTS = 10
DEFAULT_DEADLINE_S = 600
DEFAULT_SLOT_SIZE_BYTES = 256 << 20


def parse(arguments: "list[str] | None" = None) -> argparse.Namespace:
    """The options that were given. Ends the process with status 2 when they are misused."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    _refuse_what_does_not_go_together(parser, options)
    return options


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> "NoReturn":
        """Say so and end with status 2. What was typed may hold what a terminal obeys."""
        super().error(visible(message))


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command; its reference is generated from it."""
    parser = _Parser(
        prog="fota-boot",
        description="Start the image that is due from the slots of a home folder, and roll back an image that fails.",
        epilog="The exit status is 0 if it stopped when asked to, 1 if it cannot go on (stderr says why) or the "
        "doctor found an error, and 2 if the options are wrong.",
    )
    parser.add_argument(
        "--version", action=_ShowVersion, nargs=0, default=argparse.SUPPRESS, help="print the version, and end"
    )
    parser.add_argument("--home", required=True, metavar="DIR", help="this folder holds slots, record and journal")
    parser.add_argument(
        "--attempts",
        type=_count,
        default=DEFAULT_ATTEMPTS,
        metavar="N",
        help=f"an image on trial is given up after N crashes or restarts, {MAX_ATTEMPTS} at most "
        "(default %(default)s)",
    )
    parser.add_argument(
        "--deadline",
        type=_count,
        default=DEFAULT_DEADLINE_S,
        metavar="SECONDS",
        help="a new image must be confirmed within this time; until then it is started again as long as it only "
        "lacks the network (default %(default)s)",
    )
    parser.add_argument(
        "--keep-errors",
        action="store_true",
        help="do not report the error that an image on trial ended with; it stays in the log of the device",
    )
    parser.add_argument(
        "--heartbeat",
        type=_count,
        default=DEFAULT_PERIOD_S,
        metavar="SECONDS",
        help="an application that has promised a heartbeat is stopped and started again after this time without one, "
        "unless it states a time of its own (default %(default)s)",
    )
    parser.add_argument(
        "--ready-deadline",
        type=_count,
        default=0,
        metavar="SECONDS",
        help="tell systemd that the service is ready when the application says READY=1, after this time at the "
        "latest (default: when an image was started)",
    )
    factory = parser.add_argument_group("to provision a home folder, and end")
    factory.add_argument("--factory", metavar="IMAGE", help="slot 0 begins with this image")
    factory.add_argument(
        "--keyring",
        metavar="FILE",
        help="the device accepts only releases that these keys have signed; without --factory, "
        "a home that has no keyring yet gets this one",
    )
    factory.add_argument(
        "--slots",
        type=_count,
        default=2,
        metavar="N",
        help="the home has N slots, which cannot be changed later (default %(default)s)",
    )
    factory.add_argument(
        "--slot-size",
        type=_count,
        default=DEFAULT_SLOT_SIZE_BYTES,
        metavar="BYTES",
        help=f"a slot holds images of at most this size (default %(default)s, {DEFAULT_SLOT_SIZE_BYTES >> 20} MiB)",
    )
    factory.add_argument(
        "--force", action="store_true", help="accept a file system that may lose what was written to it"
    )
    doctor = parser.add_argument_group("to look at a device, which may be running, and end")
    doctor.add_argument(
        "--doctor",
        action="store_true",
        help="say what is wrong with the device, and what to do; this changes nothing",
    )
    doctor.add_argument("--thing", metavar="DIR", help="check the certificate and the endpoint of this folder too")
    doctor.add_argument(
        "--connect", action="store_true", help="open an MQTT session; this ends the session of a running device"
    )
    doctor.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("arguments", nargs="*", help="the image gets these arguments; they follow a --")
    return parser


class _ShowVersion(argparse.Action):
    """Prints the version and ends. It is looked up only then, since that takes longer than a start may."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from fota_boot import version

        print(version.installed())  # noqa: T201
        parser.exit()


def _refuse_what_does_not_go_together(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End the process with status 2 if the options contradict each other."""
    # A shell variable that is not set gives an empty name, which would be the root of the file system.
    if "" in (options.home, options.thing):
        parser.error("--home, --thing: expected a folder, got ''")
    if options.doctor and (options.factory is not None or options.keyring is not None):
        parser.error("--doctor changes nothing: not with --factory or --keyring")
    if not options.doctor and (options.thing is not None or options.connect or options.json):
        parser.error("--thing, --connect and --json go with --doctor")
    if options.connect and options.thing is None:
        parser.error("--connect needs --thing")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)
