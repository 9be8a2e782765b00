"""Files of before: the present code reads them, and writes the same bytes for the same values."""

import json
from pathlib import Path

import pytest
from make_formats import FIRST, IMAGE, KEPT, PLANS, SECOND, keyring, write_all

from aws.iot import document as documents
from fota.trust import envelope as envelopes
from fota.trust import keyring as keyrings
from fota.trust import releases
from fota_boot.thing_folder import CONF
from fota_operator.rollouts.plan import text as plan_text
from fota_operator.rollouts.plan_file import read_plan
from fota_operator.things.folder import read_conf
from fota_operator.trust.keyrings import read_keyring
from fota_operator.trust.release import digests_of
from fota_operator.trust.release_file import read_release

MADE = sorted(path.name for path in KEPT.iterdir() if path.suffix != ".toml")


def document(name: str) -> object:
    return json.loads((KEPT / name).read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what the present code writes."""
    folder = tmp_path_factory.mktemp("made")
    write_all(folder)
    return folder


@pytest.mark.parametrize("name", MADE)
def test_the_same_values_give_the_same_bytes(name: str, made: Path) -> None:
    assert (made / name).read_bytes() == (KEPT / name).read_bytes()


def test_every_file_that_is_written_is_kept(made: Path) -> None:
    assert sorted(path.name for path in made.iterdir()) == MADE


def test_a_release_of_before_is_read_and_its_signatures_hold() -> None:
    found = read_release(KEPT / "lamp.release")
    assert found.image.content == IMAGE.content
    trusted = keyring(FIRST, SECOND, version=1)
    opened = releases.opened(envelopes.fields(found.envelope), trusted)
    assert (opened.release, opened.seq, opened.secver, opened.slot) == ("lamp-7", 7, 3, 1)


def test_a_keyring_of_before_is_read() -> None:
    assert read_keyring(KEPT / "keyring.json").keys == {FIRST.key.key_id: FIRST.key.public_key}


@pytest.mark.parametrize("name", ["keyring-job.json", "keyring-job-for-all.json"])
def test_a_keyring_job_of_before_replaces_the_keyring(name: str) -> None:
    envelope = documents.keyring_envelope(document(name))
    assert keyrings.successor(read_keyring(KEPT / "keyring.json"), envelope).version == 2


@pytest.mark.parametrize(
    ("name", "slot"), [("job.json", None), ("job-for-a-slot.json", 1), ("signed-job.json", None)]
)
def test_a_job_document_of_before_asks_for_its_image(name: str, slot: "int | None") -> None:
    # AWS IoT puts a URL in the place of the placeholder.
    fields = document(name)
    assert isinstance(fields, dict)
    asked = documents.parse(fields | {"bc_url": "https://images.example/image"})
    assert (asked.slot, asked.wanted.matches(digests_of(IMAGE))) == (slot, True)
    assert (asked.envelope is not None) == (name == "signed-job.json")


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_of_before_is_the_plan_that_its_file_is_now(name: str) -> None:
    stored = plan_text.decode((KEPT / f"{name}-plan.json").read_bytes())
    assert stored == read_plan(KEPT / f"{name}.toml").plan(IMAGE.sha256, product="lamp", version="1.7.0")


@pytest.mark.parametrize(("authority", "cacert"), [("public", None), ("own", "cacert.pem")])
def test_the_folder_of_a_thing_of_before_is_read(authority: str, cacert: "str | None", tmp_path: Path) -> None:
    folder = tmp_path / "lamp-1"
    folder.mkdir()
    (folder / CONF).write_bytes((KEPT / f"thing-{authority}-authority.conf.json").read_bytes())
    conf = read_conf(folder)
    assert conf is not None
    assert (conf.endpoint, conf.thingname, conf.cacert) == ("broker.example:443", "lamp-1", cacert)
