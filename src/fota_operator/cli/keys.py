"""`fota keys new`, `list`, `export`, `rotate`, `send`: who signs releases, and whom devices trust."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.options import (
    DEFAULT_KEYS,
    DryRun,
    Json,
    KeyringFile,
    Keys,
    PassphraseFile,
    Sign,
    TimeoutMinutes,
)
from fota_operator.cli.output import answer, answer_json, answer_table, reporting_errors, talk
from fota_operator.cli.signing import keyring_of, open_signers
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.trust.keyrings import Void

app: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Make the keys that sign releases, and the keyrings that trust them."
)


@app.command()
@reporting_errors()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name for the key in this folder.")],
    kms: Annotated[
        str | None,
        typer.Option(
            metavar="KEY-ID", help="Use this AWS KMS key (id, ARN or alias) of type ECC_NIST_P256 for SIGN_VERIFY."
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
) -> None:
    """Make a signing key: a file, which a passphrase encrypts, or a reference to an AWS KMS key."""
    from fota_operator.cli.passphrase import new_passphrase
    from fota_operator.trust.keys import KeyFolder

    folder = KeyFolder(keys)
    if kms is None:
        passphrase = new_passphrase(name, passphrase_file)
        made = folder.new(name, passphrase)
        talk(f"The private key is {keys / name}.pem, {'encrypted' if passphrase else 'NOT encrypted'}. Keep a copy.")
    elif passphrase_file is not None:
        raise BadInput("--passphrase-file: a key of KMS has none", "leave it out")
    else:
        from fota_operator.cloud import connect
        from fota_operator.trust.kms import kms_public_key

        made = folder.add_kms(name, *kms_public_key(connect(), kms))
    if as_json:
        answer_json({"name": name, "key_id": made.key_id, "kms_arn": made.kms_arn, "folder": str(keys)})
    else:
        answer(made.key_id)


@app.command(name="list")
@reporting_errors()
def list_(keys: Keys = DEFAULT_KEYS, as_json: Json = False) -> None:
    """List the keys: their names, their ids, and where the private halves are."""
    from fota_operator.trust.keys import KeyFolder

    found = KeyFolder(keys).all()
    if as_json:
        answer_json([{"name": one.name, "key_id": one.key_id, "kms_arn": one.kms_arn} for one in found])
    else:
        answer_table(("NAME", "KEY ID", "PRIVATE KEY"), [(o.name, o.key_id, o.kms_arn or "file") for o in found])


@app.command()
@reporting_errors()
def export(
    product: Annotated[str, typer.Option(help="Product of the devices; they refuse releases for other products.")],
    hardware: Annotated[str, typer.Option(help="Hardware of the devices.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Keys that the devices trust. [default: all in the folder]"),
    ] = None,
    threshold: Annotated[int, typer.Option(help="This many of the keys must sign a release.")] = 1,
    version: Annotated[
        int,
        typer.Option(help="Version of the keyring: 1 at first, and one more for each keyring that replaces another."),
    ] = 1,
    void_seq: Annotated[
        int | None,
        typer.Option(help="Void every sequence number from this one on: it was signed by mistake. Needs --mark."),
    ] = None,
    mark: Annotated[
        int | None,
        typer.Option(help="Highest sequence number signed on purpose: the mark of devices that reached a void one."),
    ] = None,
    void_secver: Annotated[
        int | None,
        typer.Option(help="Void every security version from this one on: it was signed by mistake. Needs --floor."),
    ] = None,
    floor: Annotated[
        int | None,
        typer.Option(help="Highest security version signed on purpose: that of devices that reached a void one."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Keyring file to write. [default: keyring.json in the folder of keys]"
        ),
    ] = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
) -> None:
    """Write the keyring that makes a device trust these keys: the file that `fota-boot` takes its keyring from."""
    from fota_operator.trust.keyrings import KEYRING_FILE, new_keyring, write_keyring
    from fota_operator.trust.keys import KeyFolder

    folder = KeyFolder(keys)
    chosen = [folder.get(name) for name in names] if names else folder.all()
    keyring = new_keyring(
        chosen,
        product=product,
        hardware=hardware,
        threshold=threshold,
        version=version,
        seq=_void("--void-seq", void_seq, "--mark", mark),
        secver=_void("--void-secver", void_secver, "--floor", floor),
    )
    path = out or keys / KEYRING_FILE
    write_keyring(path, keyring)
    if as_json:
        answer_json({"path": str(path), "version": version, "threshold": threshold, "keys": sorted(keyring.keys)})
    else:
        talk(f"{threshold} of {len(chosen)} keys must sign: {', '.join(one.name for one in chosen)}")
        answer(str(path))


def _void(option: str, begins: int | None, other: str, instead: int | None) -> "Void | None":
    from fota_operator.trust.keyrings import Void

    if begins is None and instead is None:
        return None
    if begins is None or instead is None:
        raise BadInput(
            f"{option if begins is None else other}: missing; {option} and {other} go together",
            f"{other} is the highest number that was signed on purpose: nothing up to it is taken again",
        )
    return Void(begins, instead)


@app.command()
@reporting_errors()
def rotate(
    current: Annotated[Path, typer.Argument(metavar="CURRENT", help="Keyring that the devices have now.")],
    following: Annotated[
        Path,
        typer.Argument(
            metavar="NEXT", help="Next keyring, made by `fota keys export` with a version that is one higher."
        ),
    ],
    sign: Sign,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Signed keyring file to write.")],
    any_hardware: Annotated[
        bool,
        typer.Option(
            "--any-hardware", help="Make it valid for every hardware whose devices have the keys of CURRENT."
        ),
    ] = False,
    passphrase_file: PassphraseFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
) -> None:
    """Sign the next keyring, so that devices replace the one they have with it.

    The thresholds of both keyrings say how many of their keys must sign. `fota keys send` sends it to a thing.
    """
    from fota_operator.trust.keyrings import read_keyring, sign_successor, write_envelope

    before, after = read_keyring(current), read_keyring(following)
    envelope = sign_successor(before, after, open_signers(keys, sign, passphrase_file), any_hardware=any_hardware)
    write_envelope(out, envelope)
    if as_json:
        signers = [key_id for key_id, _ in envelope.signatures]
        answer_json({"path": str(out), "version": after.version, "signers": signers})
    else:
        talk(f"Version {after.version}, in the place of version {before.version}.")
        answer(str(out))


@app.command()
@reporting_errors()
def send(
    thing: Annotated[str, typer.Argument(metavar="THING-NAME", help="Thing that gets the keyring.")],
    signed: Annotated[Path, typer.Argument(metavar="FILE", help="Signed keyring, made by `fota keys rotate`.")],
    keyring: KeyringFile = None,
    keys: Keys = DEFAULT_KEYS,
    timeout_minutes: TimeoutMinutes = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Send the next keyring to a thing: check it, create the job, and print the id of the job.

    --keyring names the keyring that the thing has now.
    """
    from fota_operator.trust.keyrings import read_envelope

    envelope, current = read_envelope(signed), keyring_of(keyring, keys)
    from fota_operator.cloud import connect
    from fota_operator.jobs.keyring_job import start_keyring_job

    started = start_keyring_job(connect(), thing, envelope, current, timeout_minutes=timeout_minutes, dry_run=dry_run)
    if dry_run:
        talk(f"Nothing was changed. {thing} would get keyring {started.version} by this job:")
    else:
        talk(f"{thing} gets keyring {started.version} by this job:")
    if as_json:
        answer_json(asdict(started))
    else:
        answer(started.document if dry_run else started.job_id)
