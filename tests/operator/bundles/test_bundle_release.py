"""A bundle that is signed: what it needs of a device stands in the manifest, before a byte is fetched."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fota_operator.cli.app import app
from fota_operator.errors import BadInput
from fota_operator.images.image import BUNDLE_KIND, Image, Needs, read_image
from fota_operator.trust.keys import KeyFolder
from fota_operator.trust.release import require_taken
from fota_operator.trust.release_file import read_release, write_release
from tests.labs.signatures import Signatures
from tests.labs.wheel_lab import HERE, machine_code, wheel

pytestmark = pytest.mark.slow

TARGET = f"cp311-manylinux_2_40_{HERE}"


@pytest.fixture
def bundle(build: Callable[..., Image], wheels: Path, out: Path) -> Image:
    wheel(wheels, "pump", tag=f"cp311-cp311-linux_{HERE}", files={"pump.so": machine_code()})
    build("pump", target=TARGET)
    return read_image(out)


@pytest.fixture
def signatures(tmp_path: Path) -> Signatures:
    return Signatures(KeyFolder(tmp_path / "keys"))


def test_the_manifest_says_what_the_list_of_the_bundle_says(bundle: Image, signatures: Signatures) -> None:
    manifest = signatures.release(bundle, "a").manifest
    assert bundle.needs is not None
    assert (manifest.image, manifest.runtime, manifest.boot) == (BUNDLE_KIND, TARGET, 1)
    assert manifest.tree_bytes == bundle.needs.tree_bytes > len(machine_code())


def test_an_image_of_another_kind_needs_nothing_of_this(image: Image, signatures: Signatures) -> None:
    fields = json.loads(signatures.release(image, "a").envelope.payload)
    assert not {"runtime", "boot", "tree"} & set(fields)


def test_a_release_is_read_as_it_was_written(bundle: Image, signatures: Signatures, tmp_path: Path) -> None:
    release = signatures.release(bundle, "a")
    write_release(tmp_path / "x.release", release)
    found = read_release(tmp_path / "x.release")
    assert (found.image, found.image.needs) == (bundle, bundle.needs)
    assert require_taken(found.envelope, found.image, signatures.keyring("a")).runtime == TARGET


@pytest.mark.parametrize(
    "lie", [{"runtime": "cp312-any"}, {"boot": 2}, {"tree_bytes": 1}], ids=["runtime", "boot", "tree"]
)
def test_a_release_that_states_other_needs_than_its_bundle_has_is_refused(
    bundle: Image, signatures: Signatures, tmp_path: Path, lie: dict[str, object]
) -> None:
    assert bundle.needs is not None
    told: Needs = replace(bundle.needs, **lie)  # type: ignore[arg-type]
    write_release(tmp_path / "x.release", signatures.release(replace(bundle, needs=told), "a"))
    with pytest.raises(BadInput, match="needs something else than was signed"):
        read_release(tmp_path / "x.release")


def test_the_command_shows_what_a_release_needs(bundle: Image, signatures: Signatures, tmp_path: Path) -> None:
    write_release(tmp_path / "x.release", signatures.release(bundle, "a"))
    answer = json.loads(CliRunner().invoke(app, ["release", "show", str(tmp_path / "x.release"), "--json"]).stdout)
    assert bundle.needs is not None
    assert (answer["image"], answer["runtime"], answer["boot"]) == (BUNDLE_KIND, TARGET, 1)
    assert answer["tree_bytes"] == bundle.needs.tree_bytes
