"""`fota release create`, `verify`, `show`: images with a signed manifest."""

from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli import release_patch
from fota_operator.cli.options import DEFAULT_KEYS, Json, KeyringFile, Keys, PassphraseFile, Sign, span_option
from fota_operator.cli.output import answer, answer_json, reporting_errors, talk
from fota_operator.cli.signing import keyring_of, open_signers
from fota_operator.errors import BadInput, OperatorError

if TYPE_CHECKING:
    from fota_operator.trust.release import Release

app: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Sign images, so that devices take them, and look at what was signed."
)

File = Annotated[Path, typer.Argument(metavar="RELEASE", help="Release file, made by `fota release create`.")]

_TIME = "%Y-%m-%dT%H:%M:%SZ"


@app.command()
@reporting_errors()
def create(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image file, made by `fota image build`.")],
    product: Annotated[str, typer.Option(help="Product that the firmware is for.")],
    hardware: Annotated[
        list[str], typer.Option(help="Hardware that the firmware runs on. Repeat the option for further hardware.")
    ],
    sign: Sign,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Release file to write.")],
    version: Annotated[
        str | None, typer.Option(help="Version for people to read. [default: the version in the image]")
    ] = None,
    seq: Annotated[
        int | None,
        typer.Option(
            help="Sequence number of the manifest: a device refuses a number below the newest one that it confirmed. "
            "[default: the seconds since 1970, which only grow]"
        ),
    ] = None,
    secver: Annotated[
        int, typer.Option(help="Security version: raise it when no older release may ever run again.")
    ] = 0,
    slot: Annotated[
        int | None,
        typer.Option(help="Slot that the release is for. [default: the slot that the image is linked for, or any]"),
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Id of the release. [default: made of the sequence number and the SHA-256]"),
    ] = None,
    not_before: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Devices refuse it before this time, for example 2026-01-31T12:00:00Z."),
    ] = None,
    not_after: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Devices refuse it after this time, for example 2026-12-31T12:00:00Z."),
    ] = None,
    urgency: Annotated[
        str | None,
        typer.Option(
            metavar="now|when-convenient",
            help="With `now`, no device may put the update off. [default: when-convenient, the device decides when]",
        ),
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help='A device may put the update off for this time after it was offered, as "12 hours", "3 days" or '
            '"1 week". [default: as long as it likes]',
        ),
    ] = None,
    allow_jump: Annotated[
        bool,
        typer.Option(
            "--allow-jump",
            help="Sign a --seq or --secver that is far too high for later releases. It cannot be undone.",
        ),
    ] = False,
    passphrase_file: PassphraseFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
) -> None:
    """Sign the description of an image, its manifest, and write both as one file."""
    from fota_operator.images.image import read_image
    from fota_operator.trust.release import Claim, make_release
    from fota_operator.trust.release_file import write_release

    claim = Claim(
        product=product,
        hardware=tuple(hardware),
        version=version,
        seq=seq,
        secver=secver,
        slot=slot,
        release=release,
        not_before=_seconds("--not-before", not_before),
        not_after=_seconds("--not-after", not_after),
        allow_jump=allow_jump,
        urgency=urgency,
        within_s=span_option(within),
    )
    firmware = read_image(image)
    if out.exists() and out.samefile(image):
        raise BadInput(f"{out} is the image itself", "write the release elsewhere")
    made = make_release(firmware, claim, open_signers(keys, sign, passphrase_file))
    write_release(out, made)
    if as_json:
        answer_json({"path": str(out), **_facts(made, keys)})
    else:
        talk(f"{made.manifest.product} {made.manifest.version}, seq {made.manifest.seq}, signed by {', '.join(sign)}")
        answer(str(out))


# The order in which a release is worked on: the help and the shell list the commands so.
app.command()(release_patch.patch)


@app.command()
@reporting_errors()
def verify(file: File, keyring: KeyringFile = None, keys: Keys = DEFAULT_KEYS, as_json: Json = False) -> None:
    """Verify, with the code of the device, that a device with this keyring accepts a release.

    The exit status is 0 only if it does. What a device has installed before is not known here: the device may still
    refuse the release as too old.
    """
    from fota_operator.trust.release import require_taken
    from fota_operator.trust.release_file import read_release

    release, trusted = read_release(file), keyring_of(keyring, keys)
    require_taken(release.envelope, release.image, trusted)
    if as_json:
        answer_json({"path": str(file), **_facts(release, keys)})
    else:
        answer(f"good: {trusted.product} on {trusted.hardware} takes {release.manifest.release}")


@app.command()
@reporting_errors()
def show(file: File, keys: Keys = DEFAULT_KEYS, as_json: Json = False) -> None:
    """Show what a release holds, and which keys have signed it, by their names in the folder of keys."""
    from fota_operator.trust.release_file import read_release
    from fota_operator.trust.urgency import within_in_words

    release = read_release(file)
    facts = _facts(release, keys)
    talk("No signature was verified; `fota release verify` does that.")
    if as_json:
        answer_json({"path": str(file), **facts})
        return
    facts["within"] = within_in_words(release.manifest)
    facts["signers"] = list(map(_signer, _signers(release), _names_of(release, keys)))
    del facts["within_s"], facts["signer_names"]
    for name, value in facts.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        answer(f"{name:<12} {'-' if shown is None else shown}")


def _facts(release: "Release", keys: Path) -> dict[str, object]:
    manifest = release.manifest
    return {
        "release": manifest.release,
        "product": manifest.product,
        "hardware": manifest.hardware,
        "version": manifest.version,
        "seq": manifest.seq,
        "secver": manifest.secver,
        "slot": "any" if manifest.slot is None else manifest.slot,
        "image": manifest.image,
        "runtime": manifest.runtime,
        "boot": manifest.boot or None,
        "tree_bytes": manifest.tree_bytes or None,
        "size_bytes": release.image.size_bytes,
        "sha256": release.image.sha256,
        "md5": release.image.md5,
        "not_before": _time(manifest.not_before),
        "not_after": _time(manifest.not_after),
        "urgency": manifest.urgency,
        "within_s": manifest.within_s,
        "signers": _signers(release),
        "signer_names": _names_of(release, keys),
    }


def _signers(release: "Release") -> list[str]:
    return [key_id for key_id, _ in release.envelope.signatures]


def _names_of(release: "Release", keys: Path) -> list[str | None]:
    """The names of the keys that signed it, as far as the folder of keys has them; it need not be there."""
    from fota_operator.trust.keys import KeyFolder

    known: dict[str, str] = {}
    with suppress(OperatorError):
        known = {one.key_id: one.name for one in KeyFolder(keys).all()}
    return [known.get(key_id) for key_id in _signers(release)]


def _signer(key_id: str, name: str | None) -> str:
    return f"{key_id} ({'not in the folder of keys' if name is None else name})"


def _seconds(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.strptime(text, _TIME).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise BadInput(
            f"{option}: expected a time of UTC, got {text!r}", "write it as 2026-01-31T12:00:00Z"
        ) from error
    return int(moment.timestamp())


def _time(seconds: int | None) -> str | None:
    """The time as ISO 8601; a number that is too large for that is shown as it is."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime(_TIME)
    except (ValueError, OverflowError, OSError):
        return str(seconds)
