"""A sequence number was used up by a slip of the hand: the page's commands lead back, on real files and homes."""

import json
from pathlib import Path

import pytest

from fota.boards.files import FilesBoard
from fota.trust import releases
from fota.trust.errors import OlderRelease
from fota.trust.floor import Floor
from fota.trust.manifest import Manifest
from fota_boot.command import main as fota_boot
from fota_operator.images.image import build_image
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.release import Release
from fota_operator.trust.release_file import read_release, write_release
from tests.labs.docs_pages import Block, blocks, read, section
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

HIGHEST = 9_007_199_254_740_991
SLIPPED = 8_000_000_000_000_000

SHOW, CREATE, VOID, PROVISION = range(4)


def commands() -> list[list[str]]:
    """What the page says, in words."""
    found: list[Block] = blocks(
        "\n" + section(read("docs/how-to/signed-releases.md"), "### If a number was too high")
    )
    return [block.content.replace("\\\n", " ").split() for block in found]


def lines_of(number: int) -> list[list[str]]:
    """The same of one block, line by line."""
    found = blocks("\n" + section(read("docs/how-to/signed-releases.md"), "### If a number was too high"))
    return [line.split() for line in found[number].content.replace("\\\n", " ").splitlines()]


class Fleet:
    """The files of somebody who signed a number that was too high, and the devices that took it."""

    def __init__(self, folder: Path, signatures: Signatures) -> None:
        self._folder = folder
        self._signatures = signatures
        (folder / "pump").mkdir()
        (folder / "pump" / "__main__.py").write_text("print('pump')\n")
        build_image(folder / "pump", "3", folder / "pump-3.pyz")
        write_keyring(folder / "keyring.json", signatures.keyring("alice", "build-server", threshold=2))

    def slipped(self, seq: int) -> Release:
        made = self.release(seq=seq, allow_jump=True)
        write_release(self._folder / "pump-2.release", made)
        return made

    def release(self, **numbers: object) -> Release:
        image = build_image(self._folder / "pump", "2", self._folder / "pump-2.pyz")
        return self._signatures.release(image, "alice", "build-server", **numbers)

    def type(self, words: list[str]) -> str:
        """Type it in the folder."""
        done = FotaCommand({"FOTA_KEYS": str(self._signatures.keys.path)})(*words[1:])
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.fixture
def fleet(tmp_path: Path, signatures: Signatures, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.chdir(tmp_path)
    return Fleet(tmp_path, signatures)


@pytest.fixture
def signatures(tmp_path: Path) -> Signatures:
    from fota_operator.trust.keys import KeyFolder

    return Signatures(KeyFolder(tmp_path / "keys"))


def after_confirming(manifest: Manifest) -> Floor:
    return Floor().after_healthy_boot(manifest)


def test_the_release_that_the_page_makes_is_taken_by_devices_that_confirmed_the_slip(fleet: Fleet) -> None:
    confirmed = after_confirming(fleet.slipped(SLIPPED).manifest)
    with pytest.raises(OlderRelease):
        confirmed.require(fleet.release().manifest)

    assert json.loads(fleet.type(commands()[SHOW]))["seq"] == SLIPPED
    fleet.type(commands()[CREATE])

    made = read_release(Path("pump-3.release"))
    confirmed.require(made.manifest)
    after_confirming(fleet.release().manifest).require(made.manifest)


def test_the_keyring_that_the_page_makes_voids_the_number(fleet: Fleet, signatures: Signatures) -> None:
    from fota.trust.keyring import successor
    from fota_operator.trust.keyrings import read_keyring

    slip, usual = fleet.slipped(SLIPPED).manifest, fleet.release().manifest
    confirmed = after_confirming(slip)
    export, rotate, _ = lines_of(VOID)
    fleet.type(export)
    fleet.type([word.replace("fota-keys/", "") for word in rotate])

    before = read_keyring(Path("keyring.json"))
    keyring = successor(before, json.loads(Path("next.json").read_text()))
    with pytest.raises(OlderRelease):
        confirmed.require(usual)
    confirmed.under(keyring).require(usual)
    releases.require_for(usual, keyring, ["zipapp"])
    with pytest.raises(OlderRelease):
        releases.require_for(slip, keyring, ["zipapp"])
    assert confirmed.under(keyring).seq == int(export[export.index("--mark") + 1])


def test_after_the_highest_number_a_home_that_is_provisioned_again_takes_usual_numbers(
    fleet: Fleet, tmp_path: Path
) -> None:
    confirmed = after_confirming(fleet.slipped(HIGHEST).manifest)
    usual = fleet.release().manifest
    with pytest.raises(OlderRelease):
        confirmed.require(usual)
    words = commands()[PROVISION]
    home = tmp_path / Path(words[words.index("--home") + 1]).name

    assert fota_boot([str(home) if word.startswith("/var") else word for word in words[1:]] + ["--force"]) == 0

    known = FilesBoard(str(home)).releases
    known.floor().require(usual)
    keyring = known.keyrings.load()
    assert keyring is not None
    assert keyring.threshold == 2
