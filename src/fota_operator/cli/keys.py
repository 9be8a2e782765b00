"""`fota keys new`, `list`, `export`, `rotate`, `send`: who signs releases, and whom devices trust."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fota_operator.cli.jobs import DryRun, Json, TimeoutMinutes
from fota_operator.cli.output import answer, answer_json, answer_table, reporting_errors, talk
from fota_operator.cli.signing import (
    DEFAULT_KEYS,
    KeyringFile,
    Keys,
    PassphraseFile,
    Sign,
    keyring_of,
    open_signers,
)
from fota_operator.errors import BadInput

app = typer.Typer(no_args_is_help=True, help="Make the keys that sign releases, and the keyrings that trust them.")


@app.command()
@reporting_errors()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call the key here.")],
    kms: Annotated[
        str | None,
        typer.Option(
            metavar="KEY-ID", help="Use this key of AWS KMS (id, ARN or alias; ECC_NIST_P256, SIGN_VERIFY)."
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
) -> None:
    """Make a key to sign with: a file, encrypted if you give a passphrase, or a key of AWS KMS."""
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
    """Say which keys there are: name, id, and where the private half is."""
    from fota_operator.trust.keys import KeyFolder

    found = KeyFolder(keys).all()
    if as_json:
        answer_json([{"name": one.name, "key_id": one.key_id, "kms_arn": one.kms_arn} for one in found])
    else:
        answer_table(("NAME", "KEY ID", "PRIVATE KEY"), [(o.name, o.key_id, o.kms_arn or "file") for o in found])


@app.command()
@reporting_errors()
def export(
    product: Annotated[str, typer.Option(help="What the devices are; releases for others are refused.")],
    hardware: Annotated[str, typer.Option(help="The hardware of the devices.")],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Which keys. [default: all in the folder]")
    ] = None,
    threshold: Annotated[int, typer.Option(help="How many of the keys must have signed.")] = 1,
    version: Annotated[int, typer.Option(help="1, and one more for each keyring that replaces it.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The keyring to write. [default: keyring.json in the folder of keys]"
        ),
    ] = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
) -> None:
    """Write the keyring that makes a device trust these keys: the file for `fota-boot --keyring`."""
    from fota_operator.trust.keyrings import KEYRING_FILE, new_keyring, write_keyring
    from fota_operator.trust.keys import KeyFolder

    folder = KeyFolder(keys)
    chosen = [folder.get(name) for name in names] if names else folder.all()
    keyring = new_keyring(chosen, product=product, hardware=hardware, threshold=threshold, version=version)
    path = out or keys / KEYRING_FILE
    write_keyring(path, keyring)
    if as_json:
        answer_json({"path": str(path), "version": version, "threshold": threshold, "keys": sorted(keyring.keys)})
    else:
        talk(f"{threshold} of {len(chosen)} keys must sign: {', '.join(one.name for one in chosen)}")
        answer(str(path))


@app.command()
@reporting_errors()
def rotate(
    current: Annotated[Path, typer.Argument(metavar="CURRENT", help="The keyring that the devices have.")],
    following: Annotated[
        Path, typer.Argument(metavar="NEXT", help="The next: of `fota keys export`, its version one more.")
    ],
    sign: Sign,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The signed keyring to write.")],
    any_hardware: Annotated[
        bool, typer.Option("--any-hardware", help="For devices of all hardware with CURRENT's keys.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
) -> None:
    """Sign the next keyring, so that devices take it for the one they have.

    As many keys of both must sign as their thresholds say. `fota keys send` brings it to a thing.
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
    thing: Annotated[str, typer.Argument(metavar="THING-NAME", help="The thing that gets the keyring.")],
    signed: Annotated[Path, typer.Argument(metavar="FILE", help="The signed keyring of `fota keys rotate`.")],
    keyring: KeyringFile = None,
    keys: Keys = DEFAULT_KEYS,
    timeout_minutes: TimeoutMinutes = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Bring the next keyring to a thing: check, make the job, print its id. --keyring is the one it has."""
    from fota_operator.trust.keyrings import read_envelope

    envelope, current = read_envelope(signed), keyring_of(keyring, keys)
    from fota_operator.cloud import connect
    from fota_operator.trust.keyring_job import start_keyring_job

    started = start_keyring_job(connect(), thing, envelope, current, timeout_minutes=timeout_minutes, dry_run=dry_run)
    if dry_run:
        talk(f"Nothing was changed. {thing} would get keyring {started.version} by this job:")
    else:
        talk(f"{thing} gets keyring {started.version} by this job:")
    if as_json:
        answer_json(asdict(started))
    else:
        answer(started.document if dry_run else started.job_id)
