"""When nothing can start, the message says what is odd about the files, and not to provision the home anew."""

import os

import pytest

from tests.labs.boot_lab import WAITS, BootLab


def spoil(lab: BootLab, how: str) -> None:
    for path in list(lab.home_path.iterdir()):
        if how == "link" and path.suffix[:5] != ".json":
            beside = lab.folder / path.name
            path.rename(beside)
            path.symlink_to(beside)
        elif how == "owner":
            os.chown(path, 12345, -1)
        elif how == "pipe" and path.name != "lock":
            path.unlink()
            os.mkfifo(path)


@pytest.mark.parametrize(
    ("how", "words"), [("link", "is a symbolic link"), ("owner", "belongs to"), ("pipe", "is no file")]
)
def test_it_says_what_is_odd(lab: BootLab, how: str, words: str) -> None:
    if how == "owner" and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    lab.provision(WAITS)
    spoil(lab, how)
    done = lab.run()
    assert done.returncode == 1
    assert words in done.stderr
    assert "provision" not in done.stderr.splitlines()[-1]
