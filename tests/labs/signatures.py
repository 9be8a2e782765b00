"""Keys in a folder, and keyrings and releases that are signed by them."""

from dataclasses import dataclass

from fota.trust.keyring import Keyring
from fota_operator.images.image import Image
from fota_operator.trust.keyrings import new_keyring
from fota_operator.trust.keys import KeyFolder, SigningKey
from fota_operator.trust.release import Claim, Release, make_release
from fota_operator.trust.signing import Signer, signers

PRODUCT = "pump"
HARDWARE = "rev-a"


@dataclass
class Signatures:
    """A folder of keys, and what is signed by them. Nothing in it asks AWS."""

    keys: KeyFolder

    def signers(self, *names: str) -> tuple[Signer, ...]:
        """Those who sign by these keys, made when first named."""
        for name in names:
            if not (self.keys.path / f"{name}.pub").exists():
                self.keys.new(name, None)

        def nobody(asked: object) -> Signer:
            raise AssertionError(f"nobody shall be asked for {asked}")

        return signers(self.keys, names, passphrase_of=nobody, kms_signer=nobody)  # type: ignore[arg-type]

    def keyring(
        self,
        *names: str,
        threshold: int = 1,
        version: int = 1,
        product: str = PRODUCT,
        hardware: str = HARDWARE,
    ) -> Keyring:
        keys: list[SigningKey] = [one.key for one in self.signers(*names)]
        return new_keyring(keys, product=product, hardware=hardware, threshold=threshold, version=version)

    def release(self, image: Image, *names: str, **others: object) -> Release:
        claim = {"product": PRODUCT, "hardware": (HARDWARE,)} | others
        return make_release(image, Claim(**claim), self.signers(*names))  # type: ignore[arg-type]
