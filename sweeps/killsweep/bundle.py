"""The image as a bundle: how it is made for the sweep, and whether a tree is what it holds."""

import shutil
import tempfile
import zipfile
from pathlib import Path

import packaging
import paho.mqtt
import urllib3

import aws.iot
import fota
from fota_operator.images.bundle import BundlePlan, build_bundle
from fota_operator.images.image import Image

_LIST_NAME = "fota-bundle.json"
_PACKAGES = (("", fota), ("", urllib3), ("", packaging), ("aws", aws.iot), ("paho", paho.mqtt))
"""What the firmware imports, and the package above it."""

_FILES = {
    "pump/__init__.py": b"",
    "pump/water.py": b"LITRES = 7\n",
    "pump/tables/curve.csv": b"1,2\n" * 20_000,
    "valve.py": b"OPEN = True\n",
}
"""Files and folders that the tree has besides the firmware."""


def make_bundle(firmware: Path, version: str, out: Path) -> Image:
    """The firmware as a bundle. Its packages are in one archive, with byte code: a tree of few files unpacks fast."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "app"
        shutil.copytree(firmware, folder, ignore=shutil.ignore_patterns("__pycache__"))
        with zipfile.PyZipFile(str(folder / "packages.zip"), "w") as archive:
            for above, package in _PACKAGES:
                if above:
                    archive.writestr(f"{above}/__init__.py", b"")
                archive.writepy(str(Path(package.__path__[0])), above)
        for path, content in _FILES.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return build_bundle(folder, version, out, BundlePlan(without_library=True))


def is_unpacked(image: bytes, tree: Path) -> bool:
    """Whether a tree has all files of a bundle, and nothing else but byte code."""
    with tempfile.TemporaryFile() as file:
        file.write(image)
        with zipfile.ZipFile(file) as archive:
            wanted = {name: archive.read(name) for name in archive.namelist() if name != _LIST_NAME}
    found = {str(path.relative_to(tree)): path for path in tree.rglob("*") if path.is_file()}
    others = [name for name in found.keys() - wanted.keys() if "/__pycache__/" not in name]
    return not others and all(name in found and found[name].read_bytes() == wanted[name] for name in wanted)
