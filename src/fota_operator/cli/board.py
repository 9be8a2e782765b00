"""`fota board make`, `put`, `doctor`: from a thing and an image to a microcontroller that runs it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_boot.doctor.findings import ERROR, worst
from fota_operator.cli.options import Json
from fota_operator.cli.output import answer, answer_json, answer_words, reporting_errors, talk
from fota_operator.cli.wording import worded
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.board.wifi import Wifi

PASSWORD_VARIABLE = "FOTA_WIFI_PASSWORD"  # noqa: S105 - its name

app: typer.Typer = typer.Typer(no_args_is_help=True, help="Put a program on a board of MicroPython.")

Port = Annotated[
    str | None,
    typer.Option(help="Serial port of the board, such as /dev/ttyUSB0. [default: the only board that is plugged in]"),
]


@app.callback()
def board() -> None:
    """Put a program on a board of MicroPython, and look at the board."""


@app.command()
@reporting_errors()
def make(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="BOARD",
            help="Kind of board: esp32, esp32-s2, esp32-s3, esp32-c3, esp32-c6, pico-w, pico2-w or unix.",
        ),
    ],
    thing: Annotated[str, typer.Option(metavar="NAME", help="Thing that the board becomes.")],
    image: Annotated[
        Path, typer.Option(metavar="FILE", help="First image, made by `fota image build --micropython`.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write. It holds a private key.")],
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder in which `fota things add` made the thing's folder.")
    ] = Path("things"),
    wifi: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Wi-Fi that the board joins. The password comes from FOTA_WIFI_PASSWORD or is asked for.",
        ),
    ] = None,
    keyring: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keyring of the device: it takes signed releases only. [default: none]"),
    ] = None,
    slot_size: Annotated[
        int | None,
        typer.Option(
            metavar="KIB", help="Largest image that a slot takes, in KiB; there are two slots. [default: 128]"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make all that goes on a board: the library as byte code, the thing, the first image, Wi-Fi and main.py.

    The board's own boot.py stays as it is. With --keyring the board takes signed releases only.
    """
    from fota_operator.board.folder import file_rows, write_folder
    from fota_operator.board.kinds import kind_of
    from fota_operator.board.make import DEFAULT_SLOT_SIZE_BYTES, BoardRequest, make_contents
    from fota_operator.trust.keyrings import read_keyring

    request = BoardRequest(
        kind=kind_of(kind),
        thing=folder / thing,
        image=image,
        wifi=None if wifi is None else _wifi(wifi),
        keyring=None if keyring is None else read_keyring(keyring),
        slot_size_bytes=DEFAULT_SLOT_SIZE_BYTES if slot_size is None else slot_size << 10,
    )
    contents = make_contents(request)
    write_folder(out, contents)
    size_bytes = sum(len(one.content) for one in contents.files)
    if as_json:
        answer_json(
            {
                "path": str(out),
                "board": contents.kind,
                "thing": contents.thing,
                "slot_size_bytes": contents.slot_size_bytes,
                "size_bytes": size_bytes,
                "files": file_rows(contents.files),
            }
        )
        return
    talk(f"{len(contents.files)} files, {size_bytes} bytes; a private key is among them")
    if wifi is None and request.kind.name != "unix":
        talk("no Wi-Fi: without --wifi the board connects to none")
    if keyring is None:
        talk("no keyring: the board takes any image that a job names; give --keyring for signed releases only")
    talk(f"Next: fota board put {out}")
    answer(str(out))


def _wifi(name: str) -> "Wifi":
    from getpass import getpass

    from fota_operator.board.wifi import Wifi

    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None and not sys.stdin.isatty():
        raise BadInput(
            "the password of the Wi-Fi was not given", f"set {PASSWORD_VARIABLE}; leave it empty for an open network"
        )
    return Wifi(
        name, getpass(f"Password of the Wi-Fi {name}, or nothing for none: ") if password is None else password
    )


@app.command()
@reporting_errors()
def put(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `fota board make` made.")],
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Put the files of a folder on a board, and start it.

    Run it again to go on after a failure, or to put a newer library: what is there already is not sent again, and
    the images and the memory of a board that was put together once stay as they are.
    """
    from fota_operator.board.folder import read_folder
    from fota_operator.board.link import find_port
    from fota_operator.board.put import put_board

    contents = read_folder(folder)
    found = find_port(port)
    report = put_board(contents, found, talk)
    if as_json:
        answer_json(vars(report))
        return
    for path in report.removed:
        talk(f"removed: {path}, which is not part of this version")
    if report.kept:
        talk("the slots and the boot record of the board stay as they are")
    done = f"{len(report.put)} files put" if report.put else "everything was there"
    answer(f"{found}: {done}; the thing {contents.thing} starts")


@app.command()
@reporting_errors()
def doctor(port: Port = None, as_json: Json = False) -> None:
    """Report what a board is and has, and what is in the way of updates. This changes nothing on it.

    The program of the board is ended for it, and started again. The exit status is 1 if a finding is an error.
    """
    from fota_operator.board.doctor import examine_board
    from fota_operator.board.link import find_port

    findings = list(examine_board(find_port(port)))
    if as_json:
        answer_json({"worst": worst(findings), "findings": [finding.as_fields() for finding in findings]})
    else:
        for finding in findings:
            answer_words(worded(finding.as_line()), 8)
    if worst(findings) == ERROR:
        raise typer.Exit(1)
