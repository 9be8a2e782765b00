"""A bundle that is installed: unpacked before its slot is sealed, never fetched again for what befell its tree."""

import errno
import os

import pytest

from fota.boards.provisioning import create_slots
from fota.bundle import folders_cpython as folders
from fota.bundle.trees_cpython import Tree
from fota.errors import NoSpace
from fota.install import Installer
from fota.progress import Progress
from fota.transfer.checkpoint import Checkpoint
from fota.transfer.download import Source
from fota.transfer.http import HttpsClient
from fota.trust.errors import WrongRuntime
from fota_testing.clock import FakeClock
from tests.labs.bundles import bundle
from tests.labs.image_digests import digests_of

IMAGE = bundle({"app/__main__.py": "x = 1\n", "lib/core.so": bytes(90_000)})


class Ledger:
    def __init__(self):
        self.kept = Checkpoint()

    def load(self):
        return self.kept

    def save(self, checkpoint):
        self.kept = checkpoint


class Device:
    """The slots and the ledger stay; all else is made anew for each try."""

    def __init__(self, home, trusted):
        self.slots = create_slots(home, 2, 1 << 20)
        self._home, self._trusted, self._ledger = home, trusted, Ledger()

    def __call__(self, server, image=IMAGE):
        installer = Installer(self.slots, HttpsClient(self._trusted), FakeClock())
        wanted = digests_of(image)
        if not installer.holds(1, wanted):
            installer.install(Source(server.url()), wanted, 1, Progress(), self._ledger)
        tree = Tree(self._home, 1)
        return tree.is_of(wanted) and tree.is_whole()


@pytest.fixture
def install(trusted, tmp_path, monkeypatch):
    monkeypatch.setenv("FOTA_BOOT_PROTOCOL", "1")
    return Device(str(tmp_path), trusted)


def test_a_bundle_is_whole_once_it_is_installed(install, serve):
    assert install(serve(IMAGE))
    assert install.slots.seal_of(1) is not None


def test_a_disk_that_is_full_while_it_is_unpacked_costs_no_second_download(install, serve, monkeypatch):
    original, server = folders.write, serve(IMAGE)

    def refuse(path, chunks, mode):
        if path.endswith(".so"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        original(path, chunks, mode)

    with monkeypatch.context() as full:
        full.setattr(folders, "write", refuse)
        with pytest.raises(NoSpace):
            install(server)
    assert install.slots.seal_of(1) is None
    assert install(server)
    assert len(server.requests) == 1


def test_a_tree_that_was_damaged_before_the_trial_is_made_again_without_a_download(install, serve, tmp_path):
    server = serve(IMAGE)
    install(server)
    (tmp_path / "slot-1.files").unlink()
    assert install(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize(("said", "word"), [("0", "protocol 1"), ("", "protocol 1"), ("1", "cp27-any")])
def test_a_bundle_that_cannot_start_here_is_not_unpacked(install, serve, monkeypatch, tmp_path, said, word):
    monkeypatch.setenv("FOTA_BOOT_PROTOCOL", said)
    image = bundle({"app/__main__.py": "x = 1\n"}, runtime="cp27-any")
    with pytest.raises(WrongRuntime, match=word):
        install(serve(image), image)
    assert not (tmp_path / "slot-1.tree").exists()
    assert install.slots.seal_of(1) is None
