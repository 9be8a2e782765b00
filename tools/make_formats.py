"""Writes the files of `tests/formats/kept`: what the operator's side gives to devices, to people and to the cloud.

`python tools/make_formats.py --into FOLDER` writes them to a folder. Those under version control are never written
again: they were made at the commit that added this program, and devices, archives and buckets hold such files. Later
code must read them, and write the same bytes for the same values. The plans, `*.toml`, are read, not written.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import vector_parts as parts
from home_device import firmware

from fota.trust.keyring import Keyring
from fota_operator.images.image import image_from
from fota_operator.jobs.document import build_document, build_keyring_document
from fota_operator.jobs.look_up import TAG_PLAN, TAG_ROLLOUT, TAG_STAGE, TAG_STATE, TAG_THINGS
from fota_operator.rollouts.aws import names
from fota_operator.rollouts.aws.plan_store import StoredPlan
from fota_operator.rollouts.plan import text as plan_text
from fota_operator.rollouts.plan_file import read_plan
from fota_operator.things.folder import ThingConf
from fota_operator.trust.keyrings import new_keyring, sign_successor, write_keyring
from fota_operator.trust.keys import SigningKey
from fota_operator.trust.release import Claim, Release, make_release
from fota_operator.trust.release_file import write_release

KEPT = Path(__file__).resolve().parent.parent / "tests" / "formats" / "kept"
IMAGE = image_from(firmware("1.7.0"), version="1.7.0")
URL = "https://bucket.s3.eu-west-1.amazonaws.com/images/0123"
PLANS = ("full", "short")


class PublishedSigner:
    """Signs by one of the published test keys, the same at every run."""

    def __init__(self, name: str) -> None:
        self.key = SigningKey(name, parts.key_id(name), parts.public_key(name))

    def sign(self, message: bytes) -> bytes:
        """See `fota_operator.trust.signing.Signer`."""
        return parts.raw(*parts.numbers(self.key.name, message))


FIRST, SECOND = PublishedSigner("first"), PublishedSigner("second")


def release() -> Release:
    """A release with every field set."""
    claim = Claim(
        product="lamp",
        hardware=("board-a", "board-b"),
        seq=7,
        secver=3,
        slot=1,
        release="lamp-7",
        not_before=1_767_225_600,
        not_after=1_893_456_000,
    )
    return make_release(IMAGE, claim, (FIRST, SECOND))


def keyring(*signers: PublishedSigner, version: int) -> Keyring:
    """The keyring of these signers."""
    keys = [signer.key for signer in signers]
    return new_keyring(keys, product="lamp", hardware="board-a", threshold=1, version=version)


def write_all(folder: Path) -> None:
    """Write every file."""
    write_release(folder / "lamp.release", release())
    first, second = keyring(FIRST, version=1), keyring(FIRST, SECOND, version=2)
    write_keyring(folder / "keyring.json", first)
    for any_hardware in (False, True):
        envelope = sign_successor(first, second, (FIRST, SECOND), any_hardware=any_hardware)
        name = "keyring-job-for-all.json" if any_hardware else "keyring-job.json"
        (folder / name).write_text(build_keyring_document(envelope))
    (folder / "job.json").write_text(build_document(IMAGE, URL, None))
    (folder / "job-for-a-slot.json").write_text(build_document(IMAGE, URL, 1))
    (folder / "signed-job.json").write_text(build_document(IMAGE, URL, None, release().envelope))
    for cacert in (None, "cacert.pem"):
        conf = ThingConf("broker.example:443", "lamp-1", "policy-of-lamps", "arn:aws:iot:::cert/1", cacert)
        (folder / f"thing-{'public' if cacert is None else 'own'}-authority.conf.json").write_text(conf.as_json())
    for name in PLANS:
        _write_plan(folder, name)


def _write_plan(folder: Path, name: str) -> None:
    """Write the plan's bytes as in the bucket, and all names and tags in AWS that are made from it."""
    plan = read_plan(KEPT / f"{name}.toml").plan(IMAGE.sha256, product="lamp", version="1.7.0")
    (folder / f"{name}-plan.json").write_bytes(plan_text.encode(plan))
    called = {
        "digest": StoredPlan(plan, "lamp", "1.7.0").digest,
        "jobs": [names.Place(plan.name, stage, offer).job_id for stage, offer in ((1, 1), (2, 1), (2, 3))],
        "key": names.plan_key(plan.name),
        "tags": [TAG_ROLLOUT, TAG_STAGE, TAG_PLAN, TAG_THINGS, TAG_STATE],
        "states": [names.PAUSED, names.ABORTED],
    }
    (folder / f"{name}-names.json").write_text(json.dumps(called, indent=1, sort_keys=True) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Make the files that the tests keep, with the code of this tree.")
    parser.add_argument("--into", type=Path, required=True, help="the folder to write them to")
    folder = parser.parse_args(arguments).into
    folder.mkdir(parents=True, exist_ok=True)
    write_all(folder)
    sys.stdout.write("".join(f"{path.name}: {path.stat().st_size} bytes\n" for path in sorted(folder.iterdir())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
