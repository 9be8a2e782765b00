"""Writes the homes of `tests/homes/kept`: what devices have on their storage in each state that an update leaves.

`python tools/make_homes.py --into FOLDER` writes them to a folder, each as an archive, NAME.tar.gz:

home/        the files of the home, as the device left them
cloud.json   what the cloud of that device knows
updated/     the files of the home after the device was booted, has settled, and was updated once more

The archives under version control are never written again. They were made at the commit that added this program, by
the tree from before the packages had their present layout, and represent the devices that are in the field: later
code must boot and update them, and write what that tree can read. Two runs give the same bytes, so the tests
compare what the present code writes with these archives.
"""

import argparse
import gzip
import io
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from home_afterwards import CLOUD, HOME, Files, cloud_of, files_in, with_what_follows
from home_stories import STORIES, Story, name_of, play

KEPT = Path(__file__).resolve().parent.parent / "tests" / "homes" / "kept"


def kept(name: str) -> Files:
    """The files of an archive under version control."""
    return unpacked((KEPT / f"{name}.tar.gz").read_bytes())


def files_of(story: Story, folder: Path) -> Files:
    """The files of the archive of a story, by name; the story is played in `folder`."""
    device = play(story, folder)
    files = {CLOUD: cloud_of(device), **files_in(device.home, HOME)}
    return with_what_follows(files, name_of(story), folder / "afterwards")


def packed(files: Mapping[str, bytes]) -> bytes:
    """An archive without dates or owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), 0o600
            archive.addfile(member, io.BytesIO(files[name]))
    return gzip.compress(buffer.getvalue(), mtime=0)


def unpacked(content: bytes) -> Files:
    """The files of an archive, by name."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None, f"{member.name} is no file"
            found[member.name] = file.read()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Make the homes that the tests keep, with the code of this tree.")
    parser.add_argument("--into", type=Path, required=True, help="the folder to write them to")
    folder = parser.parse_args(arguments).into
    folder.mkdir(parents=True, exist_ok=True)
    for story in STORIES:
        with tempfile.TemporaryDirectory() as scratch:
            content = packed(files_of(story, Path(scratch)))
        (folder / f"{name_of(story)}.tar.gz").write_bytes(content)
        sys.stdout.write(f"{name_of(story)}: {len(content)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
