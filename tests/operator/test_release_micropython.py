"""Releases of images for MicroPython: their kind is signed, and only a device of that kind takes them."""

from pathlib import Path
from typing import Any

import pytest

from fota.trust.errors import WrongFormat
from fota.trust.releases import require_for
from fota_operator.errors import DeviceWouldRefuse
from fota_operator.images.image import LITTLEFS_KIND, ZIPAPP_KIND, Image, image_from
from fota_operator.images.micropython import build_micropython_image
from fota_operator.trust.release import require_taken
from fota_operator.trust.release_file import read_release, write_release
from tests.labs.micropython_program import image_file, source

__all__ = ("image_file", "source")


@pytest.fixture
def micropython_image(source: Path, image_file: Path) -> Image:
    return build_micropython_image(source, "1", image_file)


# Any: the fixture's class is in a conftest, which nothing imports.
def test_a_release_names_the_kind_of_its_image(micropython_image: Image, signatures: Any, tmp_path: Path) -> None:
    made = signatures.release(micropython_image, "a")
    write_release(tmp_path / "release", made)
    read = read_release(tmp_path / "release")
    assert (made.manifest.image, read.manifest.image, read.image) == (LITTLEFS_KIND, LITTLEFS_KIND, micropython_image)


def test_a_release_for_micropython_passes_before_it_is_sent(micropython_image: Image, signatures: Any) -> None:
    made = signatures.release(micropython_image, "a")
    assert require_taken(made.envelope, made.image, signatures.keyring("a")).image == LITTLEFS_KIND


def test_a_gateway_refuses_a_release_for_micropython(micropython_image: Image, signatures: Any) -> None:
    made = signatures.release(micropython_image, "a")
    require_for(made.manifest, signatures.keyring("a"), LITTLEFS_KIND)
    with pytest.raises(WrongFormat):
        require_for(made.manifest, signatures.keyring("a"), ZIPAPP_KIND)


@pytest.mark.parametrize("kind", ["linked", "romfs"])
def test_a_release_of_a_kind_that_no_device_starts_is_not_sent(signatures: Any, kind: str) -> None:
    made = signatures.release(image_from(b"bytes", version="1", kind=kind), "a")
    with pytest.raises(DeviceWouldRefuse, match="wrong-format"):
        require_taken(made.envelope, made.image, signatures.keyring("a"))
