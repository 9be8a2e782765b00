"""A rollout that offers patches: from what the things run, against the local AWS."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.cloud import Cloud
from fota_operator.images.image import Image, build_image
from fota_operator.jobs.image_store import patch_key, store_image
from fota_operator.jobs.look_up import read_document
from fota_operator.jobs.patch_sources import read_files
from fota_operator.local.aws import LocalAws
from fota_operator.patches.make import apply_patch
from fota_operator.rate_limiter import SystemClock
from fota_operator.rollouts.patches import PatchMaker, field_versions, savings
from fota_operator.rollouts.plan.model import Plan, Targets
from fota_operator.rollouts.plan.patches import PlannedPatches
from fota_operator.rollouts.prepare import Prepared, prepare
from fota_operator.rollouts.run import RunOptions
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.release_file import write_release
from tests.labs.device_side import DeviceSide
from tests.labs.fota_command import FotaCommand
from tests.labs.json_answers import misfits
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e


class PatchLab:
    """Things that say what they run, and versions of one application."""

    def __init__(self, cloud: Cloud, local: LocalAws, signatures: Signatures, folder: Path, name: str) -> None:
        self.cloud, self.local, self.folder, self.name = cloud, local, folder, name
        self.signatures = signatures
        self.keyring = signatures.keyring("alice")

    def image(self, number: int) -> Image:
        source = self.folder / f"v{number}"
        source.mkdir(exist_ok=True)
        (source / "__main__.py").write_text(f"print({number}, {self.name!r})\n")
        (source / "library.py").write_text("".join(f"WORD_{at} = {at * at}\n" for at in range(2000)))
        return build_image(source, f"1.{number}.0", self.folder / f"{number}.pyz")

    def things(self, *running: Image | None) -> tuple[str, ...]:
        names = tuple(f"{self.name}-{number}" for number in range(len(running)))
        for name, image in zip(names, running, strict=True):
            self.cloud.iot.create_thing(thingName=name)
            if image is not None:
                said = {"format": 1, "version": image.version, "sha256": image.sha256, "state": "confirmed"}
                self.cloud.iot_data.update_thing_shadow(
                    thingName=name, shadowName="fota", payload=json.dumps({"state": {"reported": said}}).encode()
                )
        return names

    def prepared(self, new: Image, things: tuple[str, ...], asked: PlannedPatches, **more: object) -> Prepared:
        release = self.signatures.release(new, "alice")
        plan = Plan(
            self.name, new.sha256, Targets(things), patches=asked, bucket=self.local.bucket, role=self.local.role
        )
        return prepare(self.cloud, plan, release, self.keyring, **more)  # type: ignore[arg-type]


@pytest.fixture
def lab(
    cloud: Cloud, local_aws: LocalAws, signatures: Signatures, tmp_path: Path, new_name: Callable[[], str]
) -> PatchLab:
    return PatchLab(cloud, local_aws, signatures, tmp_path, f"{new_name()}-patched")


def test_patches_start_from_what_most_things_run(lab: PatchLab) -> None:
    first, second, new = lab.image(1), lab.image(2), lab.image(3)
    for one in (first, second):
        store_image(lab.cloud, one, lab.local.bucket)
    things = lab.things(second, first, second, None)
    prepared = lab.prepared(new, things, PlannedPatches())
    offered, saved = prepared.publication.patches, prepared.savings
    assert offered is not None
    assert saved is not None
    assert [(one.title, one.things) for one in offered.offers] == [("compressed", None), ("1.2.0", 2), ("1.1.0", 1)]
    assert [(one.title, one.things) for one in saved.versions] == [("1.2.0", 2), ("1.1.0", 1), (None, 1)]
    assert saved.bytes_with < saved.bytes_without / 5


def test_every_job_of_the_rollout_names_the_patches_and_the_bucket_has_them(lab: PatchLab) -> None:
    old, new = lab.image(1), lab.image(2)
    things = lab.things(old, old, old)
    prepared = lab.prepared(new, things, PlannedPatches(("1.1.0",)), older=read_files([lab.folder / "1.pyz"]))
    status = prepared.run(RunOptions(once=True))
    document = json.loads(read_document(lab.cloud, status.stages[0].job_ids[0]))
    patch = document["x-patches"][1]
    assert (patch["from"], "versionId" in patch["url"]) == (old.sha256, True)
    key = patch_key(old.sha256, new.sha256)
    content = lab.cloud.s3.get_object(Bucket=lab.local.bucket, Key=key)["Body"].read()
    assert apply_patch(content, old.content) == new.content
    again = lab.prepared(new, things, PlannedPatches(("1.1.0",)))
    assert (again.begun, again.savings) == (True, None)


def test_the_image_of_a_version_is_found_by_the_rollout_that_offered_it(lab: PatchLab) -> None:
    old, new = lab.image(1), lab.image(2)
    things = lab.things(None)
    release = lab.signatures.release(old, "alice")
    first = Plan(f"{lab.name}-a", old.sha256, Targets(things), bucket=lab.local.bucket, role=lab.local.role)
    prepare(lab.cloud, first, release, lab.keyring).run(RunOptions(once=True))
    prepared = lab.prepared(new, things, PlannedPatches((release.manifest.version, "9.9.9")))
    assert prepared.publication.patches is not None
    assert old.sha256 in [one.from_sha256 for one in prepared.publication.patches.offers]
    assert [one.title for one in prepared.publication.patches.left_out] == ["9.9.9"]


def test_things_of_another_product_or_that_say_nothing_are_not_known(lab: PatchLab) -> None:
    old = lab.image(1)
    things = lab.things(old, None)
    said = {"format": 1, "version": "1", "sha256": "d" * 64, "product": "kettle"}
    lab.cloud.iot_data.update_thing_shadow(
        thingName=things[1], shadowName="fota", payload=json.dumps({"state": {"reported": said}}).encode()
    )
    found = field_versions(lab.cloud, things, "pump", SystemClock())
    assert ([one.sha256 for one in found.versions], found.unknown) == ([old.sha256], 1)


def test_an_image_that_nobody_has_is_left_out_and_its_things_take_the_compressed_one(lab: PatchLab) -> None:
    lost, new = lab.image(1), lab.image(2)
    found = field_versions(lab.cloud, lab.things(lost), "pump", SystemClock())
    told: list[str] = []
    maker = PatchMaker(lab.cloud, lab.local.bucket, "pump", on_patch=told.append)
    offered = maker.make(new, PlannedPatches(), found)
    assert [one.why for one in offered.left_out] == ["its image is not at hand"]
    assert told[-1] == "no patch from 1.1.0: its image is not at hand"
    assert savings(new, offered, found, 1).versions[0].bytes_each == offered.offers[0].size_bytes


def test_the_plan_shows_the_bytes_with_and_without_patches(lab: PatchLab, fota: FotaCommand) -> None:
    old, new = lab.image(1), lab.image(2)
    things = lab.things(old, None)
    write_release(lab.folder / "new.fota", lab.signatures.release(new, "alice"))
    write_keyring(lab.folder / "keyring.json", lab.keyring)
    named = [word for thing in things for word in ("--thing", thing)]
    where = ("--bucket", lab.local.bucket, "--role", lab.local.role, "--name", lab.name)
    shared = ("--release", lab.folder / "new.fota", "--keyring", lab.folder / "keyring.json", *where, *named)
    told = fota("rollout", "plan", *shared, "--patch", lab.folder / "1.pyz")
    assert told.exit_code == 0, told.stderr
    assert "RUNNING" in told.stdout
    assert "Over the air with patches: " in told.stdout
    whole = json.loads(fota("rollout", "plan", *shared, "--patch", "field", "--json").stdout)
    assert misfits("rollout plan", whole) == []
    answered = whole["patches"]
    assert [one["version"] for one in answered["versions"]] == ["1.1.0", None]
    assert [one["why"] for one in answered["left_out"]] == ["its image is not at hand"]
    both = fota("rollout", "plan", *shared, "--patch", "field", "--patch", "1.0.0")
    assert (both.exit_code, "got both" in both.stderr) == (2, True)
    assert json.loads(fota("rollout", "plan", *shared, "--json").stdout)["patches"] is None


def test_the_status_counts_which_way_the_image_came(lab: PatchLab, fota: FotaCommand) -> None:
    old, new = lab.image(1), lab.image(2)
    things = lab.things(old, old)
    prepared = lab.prepared(new, things, PlannedPatches())
    (job_id,) = prepared.run(RunOptions(once=True)).stages[0].job_ids
    ways = ({"way": "patch", "patch_bytes": "120"}, {"way": "whole", "why": "no-room"})
    device = DeviceSide(lab.local.environment())
    for thing, details in zip(things, ways, strict=True):
        device.report(thing, job_id, "SUCCEEDED", **details)
    shown = fota("rollout", "status", lab.name, "--bucket", lab.local.bucket, "--json")
    status = json.loads(shown.stdout)
    assert misfits("rollout status", status) == []
    assert [(one["way"], one["why"], one["count"]) for one in status["ways"]["kinds"]] == [
        ("patch", None, 1),
        ("whole", "no-room", 1),
    ]
    job = json.loads(fota("status", job_id, "--json").stdout)
    assert misfits("status", job) == []
    assert job["ways"] == status["ways"]
    assert "The image came by a patch of 120 bytes." in fota("explain", things[0]).stdout
