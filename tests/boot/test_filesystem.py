"""A home on a file system that forgets is refused by name, and a file that somebody else could write not believed."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fota.boards.files import FilesBoard
from fota.digests import Digests
from fota.durable import CELL_BYTES
from fota.errors import StorageFailed, UnsafeFileSystem
from fota.journal import Entry, Journal
from fota.record import Record, RecordStore
from fota.storage import FileCell
from fota_boot.filesystem import require_safe
from tests.labs.boot_lab import WAITS, BootLab

MEMORY = Path("/dev/shm")
ENTRY = Entry("job-1", 1, Digests(1000, b"m" * 16, b"s" * 32))


def kind_of(path):
    """The type of the file system mounted at the path itself; None if none is."""
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    kinds = [words[words.index("-") + 1] for words in mounts if words[4] == str(path)]
    return kinds[-1] if kinds else None


in_memory = pytest.mark.skipif(
    kind_of(MEMORY) != "tmpfs" or not os.access(MEMORY, os.W_OK), reason="/dev/shm is no tmpfs of ours here"
)


@pytest.fixture
def folder_in_memory():
    """A folder on a tmpfs, gone at the end."""
    path = Path(tempfile.mkdtemp(dir=MEMORY))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def make_lab():
    """Makes a BootLab in a folder; its processes end with the test."""
    made = []

    def make(folder):
        made.append(BootLab(folder))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


# The file system.


@in_memory
def test_a_folder_in_memory_is_refused_with_a_sentence_that_names_its_file_system(folder_in_memory):
    with pytest.raises(UnsafeFileSystem) as refusal:
        require_safe(str(folder_in_memory))
    said = str(refusal.value)
    assert said.startswith(f"{folder_in_memory}: tmpfs forgets all at a restart")
    assert "--force" in said


@in_memory
def test_a_folder_that_is_yet_to_be_made_is_judged_by_where_it_will_lie(folder_in_memory):
    with pytest.raises(UnsafeFileSystem, match="tmpfs"):
        require_safe(str(folder_in_memory / "not" / "made" / "yet"))


@in_memory
def test_a_link_is_judged_by_where_it_leads(folder_in_memory, tmp_path):
    (tmp_path / "link").symlink_to(folder_in_memory)
    with pytest.raises(UnsafeFileSystem, match="tmpfs"):
        require_safe(str(tmp_path / "link" / "home"))


@in_memory
def test_a_folder_whose_name_only_begins_like_a_mount_is_not_on_it():
    require_safe(f"{MEMORY}-or-not/home")


@pytest.mark.skipif(kind_of("/") not in {"ext4", "xfs", "btrfs", "overlay"}, reason="another root than most have")
def test_a_folder_on_a_disk_is_fine():
    require_safe("/var/lib/fota-device/home")


@in_memory
def test_a_home_in_memory_is_not_provisioned_and_nothing_is_made(make_lab, folder_in_memory):
    lab = make_lab(folder_in_memory)
    done = lab.run("--factory", str(lab.image("factory", WAITS)))
    said = [line for line in done.stderr.splitlines() if line.startswith("fota-boot: ")]
    assert (done.returncode, done.stdout, len(said)) == (1, "", 1), done.stderr
    assert "tmpfs" in said[0]
    assert not lab.home_path.exists()


@in_memory
def test_a_home_in_memory_is_provisioned_when_forced(make_lab, folder_in_memory):
    lab = make_lab(folder_in_memory)
    done = lab.run("--factory", str(lab.image("factory", WAITS)), "--force")
    assert done.returncode == 0, done.stderr
    assert FilesBoard(str(lab.home_path)).records.load() == Record(0)


@in_memory
def test_a_home_that_is_there_boots_wherever_it_lies(make_lab, folder_in_memory):
    lab = make_lab(folder_in_memory)
    lab.provision()
    process = lab.start()
    assert lab.wait_for_start(1)["slot"] == 0
    assert lab.stop(process) == 0


# Files of somebody else.

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
NOBODY = 65_534


def cells(folder):
    made = [FileCell(str(folder / name), CELL_BYTES) for name in ("first", "second")]
    for cell in made:
        cell.create()
    return made


KINDS: dict[str, tuple[Callable[..., Any], Any, Any, Callable[[Any], object]]] = {
    "record": (RecordStore, Record(0), Record(1), lambda record: record),
    "journal": (Journal, ENTRY, ENTRY.at("installed"), lambda entry: entry and entry.stage),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def replace_by_a_link(path):
    elsewhere = path.with_name(f"{path.name}-elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def give_away(path):
    os.chown(path, NOBODY, NOBODY)


ways = pytest.mark.parametrize(
    "spoil", [pytest.param(give_away, marks=as_root), replace_by_a_link], ids=["owned by another", "a link"]
)


@ways
@every_kind
def test_a_copy_that_is_not_ours_counts_as_damaged_and_the_other_serves(tmp_path, kind, spoil):
    make, older, newer, seen = KINDS[kind]
    store = make(*cells(tmp_path))
    store.save(older)
    store.save(newer)
    spoil(tmp_path / "second")
    assert seen(store.load()) == seen(older)


@ways
@every_kind
def test_with_both_copies_not_ours_there_is_none(tmp_path, kind, spoil):
    make, older, newer, seen = KINDS[kind]
    store = make(*cells(tmp_path))
    store.save(older)
    store.save(newer)
    spoil(tmp_path / "first")
    spoil(tmp_path / "second")
    assert seen(store.load()) is None


@every_kind
def test_nothing_is_written_through_a_link(tmp_path, kind):
    make, older, newer, _ = KINDS[kind]
    store = make(*cells(tmp_path))
    store.save(older)
    replace_by_a_link(tmp_path / "second")
    before = (tmp_path / "second-elsewhere").read_bytes()
    with pytest.raises(StorageFailed, match="second"):
        store.save(newer)
    assert (tmp_path / "second-elsewhere").read_bytes() == before


@as_root
def test_a_device_whose_record_was_given_away_boots_from_what_proves_itself(tmp_path, make_lab):
    lab = make_lab(tmp_path)
    lab.provision()
    for copy in (0, 1):
        give_away(lab.home_path / f"record-{copy}")
    process = lab.start()
    assert lab.wait_for_start(1)["slot"] == 0
    assert lab.stop(process) == 0
