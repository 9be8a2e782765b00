"""`fota start --patch`: a job that offers patches beside its image, against the local AWS."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, CloudRefused
from fota_operator.images.image import build_image, image_from
from fota_operator.jobs.image_store import key_of, patch_key, store_image
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.patches.make import apply_patch
from tests.labs.fota_command import FotaCommand

pytestmark = pytest.mark.e2e

Objects = Callable[[], set[str]]


@pytest.fixture
def old_file(program: Path, tmp_path: Path) -> Path:
    (program / "library.py").write_text("".join(f"WORD_{at} = {at * at}\n" for at in range(2000)))
    build_image(program, "1.1.0", tmp_path / "old.pyz")
    return tmp_path / "old.pyz"


@pytest.fixture
def patched(request_for: StartRequest, program: Path, tmp_path: Path, old_file: Path) -> StartRequest:
    """A request for a newer image, with a patch from the older one."""
    (program / "__main__.py").write_text("print('changed')\n")
    image = build_image(program, "1.2.0", tmp_path / "new.pyz")
    return replace(request_for, image=image, patch_from=(str(old_file),))


def stored(cloud: Cloud, bucket: str, key: str) -> bytes:
    return cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_the_patches_of_a_job_are_in_the_bucket_beside_its_image(
    cloud: Cloud, patched: StartRequest, old_file: Path
) -> None:
    started = start_job(cloud, patched)
    named = json.loads(started.document)["x-patches"]
    for one, old in zip(named, [b"", old_file.read_bytes()], strict=True):
        content = stored(cloud, patched.bucket, patch_key(one["from"], patched.image.sha256))
        assert len(content) == one["size"]
        assert apply_patch(content, old) == patched.image.content


def test_an_old_image_is_taken_from_the_bucket_by_its_digest(
    cloud: Cloud, patched: StartRequest, old_file: Path
) -> None:
    old = image_from(old_file.read_bytes())
    store_image(cloud, old, patched.bucket)
    started = start_job(cloud, replace(patched, patch_from=(old.sha256,)), dry_run=True)
    assert json.loads(started.document)["x-patches"][1]["from"] == old.sha256


def test_an_object_that_is_not_the_old_image_is_no_source_of_a_patch(cloud: Cloud, patched: StartRequest) -> None:
    digest = "ab" * 32
    cloud.s3.put_object(Bucket=patched.bucket, Key=f"fota/{digest}/image", Body=b"something else")
    started = start_job(cloud, replace(patched, patch_from=(digest,)), dry_run=True)
    assert started.patches is not None
    assert [one.why for one in started.patches.left_out] == ["its image is not at hand"]


def test_the_same_job_twice_uses_the_patches_that_are_there(
    cloud: Cloud, patched: StartRequest, objects: Objects
) -> None:
    first = start_job(cloud, patched)
    before = objects()
    assert start_job(cloud, patched).document == first.document
    assert objects() == before


def test_what_lies_in_the_place_of_a_patch_is_replaced(cloud: Cloud, patched: StartRequest, old_file: Path) -> None:
    planned = start_job(cloud, patched, dry_run=True)
    digest = json.loads(planned.document)["x-patches"][1]["from"]
    key = patch_key(digest, patched.image.sha256)
    cloud.s3.put_object(Bucket=patched.bucket, Key=key, Body=b"not a patch")
    start_job(cloud, patched)
    assert apply_patch(stored(cloud, patched.bucket, key), old_file.read_bytes()) == patched.image.content


def test_a_dry_run_makes_patches_and_stores_none(cloud: Cloud, patched: StartRequest, objects: Objects) -> None:
    before = objects()
    told: list[str] = []
    started = start_job(cloud, patched, dry_run=True, on_patch=told.append)
    assert objects() == before
    assert started.patches is not None
    assert len(started.patches.offers) == 2
    assert [line.split(":")[0] for line in told] == ["compressed image", "patch from 1.1.0"]


def test_patches_of_a_job_that_is_refused_are_taken_back(
    cloud: Cloud, patched: StartRequest, objects: Objects, refusing: Callable[[str, str], None]
) -> None:
    before = objects()
    refusing("CreateJob", "LimitExceededException")
    with pytest.raises(CloudRefused):
        start_job(cloud, patched)
    assert objects() == before


@pytest.mark.parametrize(("change", "complaint"), [
    ({"patch_from": ("no-such-file",)}, "expected the file of a release"),
    ({"patch_from": (), "whole": "never"}, "for jobs that offer patches"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(
    cloud: Cloud, patched: StartRequest, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(BadInput, match=complaint):
        start_job(cloud, replace(patched, **change), dry_run=True)  # type: ignore[arg-type]


def test_the_command_says_what_is_offered(
    fota: FotaCommand, local_aws: LocalAws, patched: StartRequest, old_file: Path, tmp_path: Path
) -> None:
    where = (patched.thing, tmp_path / "new.pyz", local_aws.bucket, local_aws.role)
    result = fota("start", *where, "--patch", old_file, "--whole", 100_000, "--dry-run", "--json")
    assert result.exit_code == 0, result.stderr
    answered = json.loads(result.stdout)
    assert [one["from"] for one in answered["patches"]["offers"]] == ["compressed", "1.1.0"]
    assert json.loads(answered["document"])["x-whole"] == 100_000
    assert "patch from 1.1.0: " in result.stderr
    wrong = fota("start", *where, "--patch", old_file, "--whole", "sometimes", "--dry-run")
    assert (wrong.exit_code, "expected always, never or a number" in wrong.stderr) == (2, True)


def test_the_image_is_where_it_was(cloud: Cloud, patched: StartRequest) -> None:
    start_job(cloud, patched)
    assert stored(cloud, patched.bucket, key_of(patched.image)) == patched.image.content
