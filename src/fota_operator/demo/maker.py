"""The maker of the demo's firmware: its images, the key that signs them, the keyring that its devices are given."""

import os
import random
import shutil
from pathlib import Path

from fota.trust.keyring import Keyring
from fota_operator.demo.scenes import OTHER_HARDWARE, STRANGE_KEY, Scene
from fota_operator.images.image import Image, build_image, read_image
from fota_operator.trust.keyrings import new_keyring, write_keyring
from fota_operator.trust.keys import KeyFolder
from fota_operator.trust.release import Claim, Release, make_release
from fota_operator.trust.signing import Signer, signers

PRODUCT, HARDWARE = "demo-gateway", "rev-b"

_BALLAST_BYTES = 96 << 20
_MODEL_BYTES = 4 << 20
_SEED = 7
_FEATURE_BYTES = 3000
_GATEWAY = Path(__file__).parent / "gateway"
_RELEASE_KEY, _STRANGE_KEY = "release", "thief"


class Maker:
    """Everything that is made before it is published, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        keys = KeyFolder(folder / "keys")
        ours = keys.new(_RELEASE_KEY, None)
        keys.new(_STRANGE_KEY, None)
        self._signers = {name: self._signer(keys, name) for name in (_RELEASE_KEY, _STRANGE_KEY)}
        self.keyring: Keyring = new_keyring([ours], product=PRODUCT, hardware=HARDWARE, threshold=1, version=1)
        self.keyring_path: Path = folder / "keyring.json"
        write_keyring(self.keyring_path, self.keyring)

    def path_of(self, version: str) -> Path:
        """The file of a firmware image."""
        return self._folder / f"firmware-{version}.pyz"

    def image(self, version: str, fault: str = "") -> tuple[Image, Path]:
        """A firmware image of the demo, and the path of its file; it is made once."""
        path = self.path_of(version)
        if path.exists():
            return read_image(path), path
        source = self._folder / f"firmware-{version}"
        shutil.copytree(_GATEWAY, source, ignore=shutil.ignore_patterns("__pycache__"))
        if fault in ("crash", "hang"):
            (source / "fault.txt").write_text(fault)
        if fault == "kill":
            # It is large, so that the device can be killed in the middle of the download; noise cannot be compressed.
            (source / "ballast.bin").write_bytes(os.urandom(_BALLAST_BYTES))
        if fault in ("busy", "patch"):
            # The same in both versions: what does not change need not travel.
            (source / "model.bin").write_bytes(random.Random(_SEED).randbytes(_MODEL_BYTES))
        if fault == "patch":
            (source / "feature.bin").write_bytes(random.Random(version).randbytes(_FEATURE_BYTES))
        return build_image(source, version, path), path

    def release(self, scene: Scene) -> Release:
        """The release of a scene, signed by the signer that the scene names; its number is the firmware's version."""
        hardware = "rev-z" if scene.attack == OTHER_HARDWARE else HARDWARE
        claim = Claim(product=PRODUCT, hardware=(hardware,), seq=int(scene.version))
        by = self._signers[_STRANGE_KEY if scene.attack == STRANGE_KEY else _RELEASE_KEY]
        return make_release(self.image(scene.version, scene.fault)[0], claim, [by])

    @staticmethod
    def _signer(keys: KeyFolder, name: str) -> Signer:
        def no_kms(key: object) -> Signer:
            raise AssertionError(f"{key} is a file")

        (signer,) = signers(keys, [name], passphrase_of=lambda _name: None, kms_signer=no_kms)
        return signer
