"""The keyring of a device: given on the bench, by `fota-boot --keyring`, and by nobody afterwards."""

import hashlib
import os
import subprocess

import pytest

from fota.boards.files import FilesBoard
from fota.trust import keyring
from fota.trust.keyring import Keyring
from tests.labs.boot_lab import CONFIRMS, WAITS

pytestmark = pytest.mark.slow

POINT = b"\x04" + hashlib.sha512(b"any").digest()


@pytest.fixture
def keyring_file(tmp_path):
    def make(name="keyring.json", hardware="rev-b", version=1):
        made = Keyring(
            product="lamp", hardware=hardware, version=version, threshold=1, keys={keyring.key_id(POINT): POINT}
        )
        path = tmp_path / name
        path.write_bytes(keyring.encode(made) + b"\n")
        return path

    return make


def keyring_of(lab):
    return FilesBoard(str(lab.home_path)).releases.keyrings.load()


def test_a_home_can_be_provisioned_with_its_keyring(lab, keyring_file):
    assert lab.run("--factory", lab.image("factory", WAITS), "--keyring", keyring_file()).returncode == 0
    found = keyring_of(lab)
    assert (found.product, found.hardware, found.version, found.keys) == (
        "lamp",
        "rev-b",
        1,
        {keyring.key_id(POINT): POINT},
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "has 2 slots of 256 MiB each"),
        (("--slots", "3", "--slot-size", "100001"), "has 3 slots of 100001 bytes each"),
    ],
)
def test_the_slots_that_a_home_gets_are_said_when_it_is_provisioned(lab, options, told):
    done = lab.run("--factory", lab.image("factory", WAITS), *options)
    assert (done.returncode, told in done.stderr) == (0, True), done.stderr


@pytest.mark.parametrize("is_journal", [True, False])
def test_a_line_of_the_log_has_its_time_unless_the_journal_adds_one(lab, tmp_path, is_journal):
    with (tmp_path / "journal").open("wb") as journal:
        found = os.fstat(journal.fileno())
        stream = f"{found.st_dev}:{found.st_ino if is_journal else 0}"
        command = lab.command("--factory", lab.image("factory", WAITS))
        subprocess.run(command, stderr=journal, check=True, env=os.environ | {"JOURNAL_STREAM": stream})
    events = [line for line in (tmp_path / "journal").read_text().splitlines() if "provisioned home=" in line]
    assert [line.startswith("fota-boot: ") for line in events] == [is_journal]


def test_a_home_without_a_keyring_can_be_given_one(lab, keyring_file):
    lab.provision()
    assert keyring_of(lab) is None
    assert lab.run("--keyring", keyring_file()).returncode == 0
    assert keyring_of(lab).version == 1
    assert lab.started() == []


def test_a_keyring_is_not_replaced_on_the_bench(lab, keyring_file):
    lab.provision()
    lab.run("--keyring", keyring_file())
    done = lab.run("--keyring", keyring_file("other.json", version=2))
    assert done.returncode == 1
    assert "has a keyring, version 1; send the next one by a job" in done.stderr
    assert keyring_of(lab).version == 1


def test_a_keyring_that_was_lost_is_put_there_again_and_the_device_boots_meanwhile(lab, keyring_file):
    lab.provision()
    lab.run("--keyring", keyring_file())
    for copy in (0, 1):
        (lab.home_path / f"keyring-{copy}").write_bytes(bytes(4096))
    lab.put_on_trial("new", CONFIRMS)
    process = lab.start()
    lab.wait_for("confirmed")
    lab.stop(process)
    assert "keyring-lost" in lab.log()
    assert lab.run("--keyring", keyring_file()).returncode == 0
    assert keyring_of(lab).version == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory; --keyring expects a file of `fota keys export`"),
        (b"", "keyring: "),
        (b"{}", "format: missing"),
        (b"\x00" * 100, "keyring: "),
        (b"[" * 70_000, "keyring: "),
    ],
    ids=["none", "empty", "without fields", "zeros", "deep"],
)
def test_a_keyring_file_that_is_none_is_refused_and_says_why(lab, tmp_path, content, problem):
    path = tmp_path / "keyring.json"
    if content is not None:
        path.write_bytes(content)
    done = lab.run("--factory", lab.image("factory", WAITS), "--keyring", path)
    assert done.returncode == 1
    assert problem in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("fota-boot: ")]) == 1
    assert not (lab.home_path / "record-0").exists()


def test_the_first_keyring_says_which_hardware_the_device_is(lab, keyring_file):
    done = lab.run("--factory", lab.image("factory", WAITS), "--keyring", keyring_file(hardware=None))
    assert done.returncode == 1
    assert "hardware: missing" in done.stderr
