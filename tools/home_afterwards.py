"""Plays what happens to a home that was kept: it is unpacked, booted again, and takes one more whole update.

The cloud of the device is restored with it: the jobs that had not ended, and the images that they name.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from home_device import HomeDevice, firmware, release

NEXT = firmware("4")
NEXT_JOB = "the-next-job"
CLOUD = "cloud.json"
HOME, UPDATED = "home/", "updated/"
_MOST_BOOTS = 5

Files = dict[str, bytes]
"""The files of an archive, by name."""


def files_in(folder: Path, prefix: str) -> Files:
    """The files of a home, as an archive names them."""
    return {prefix + path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def cloud_of(device: HomeDevice) -> bytes:
    """As JSON: the jobs that have not ended, and the images on the server, by the URL of each."""
    jobs = [
        {"job": one.job_id, "status": one.status, "document": one.document} for one in device.service.ledger.pending()
    ]
    images = {url: content.hex() for url, content in device.server.images.items()}
    return json.dumps({"images": images, "jobs": jobs}, indent=1, sort_keys=True).encode() + b"\n"


def reopened(files: Mapping[str, bytes], folder: Path) -> HomeDevice:
    """The device of an archive, switched off; its home is `folder`, which is made."""
    folder.mkdir()
    for name, content in files.items():
        if name.startswith(HOME):
            (folder / name[len(HOME) :]).write_bytes(content)
    device = HomeDevice(folder)
    cloud = json.loads(files[CLOUD])
    device.server.images = {url: bytes.fromhex(content) for url, content in cloud["images"].items()}
    for one in cloud["jobs"]:
        execution = device.service.create(one["job"], one["document"])
        if one["status"] != execution.status:
            execution.change(one["status"], None, execution.queued_at_s)
    return device


def settle(device: HomeDevice) -> None:
    """Look at the jobs, and boot again, until the device asks for no restart. It was booted before."""
    for _ in range(_MOST_BOOTS):
        if not device.look():
            return
        device.boot()
    raise AssertionError(f"the device restarts again after {_MOST_BOOTS} boots")


def update_once_more(device: HomeDevice, name: str) -> None:
    """One whole update, signed by a signer that the device of that home trusts."""
    fields = {}
    if name.startswith("signed"):
        signer = "second" if name == "signed-rotated" else "first"
        fields["envelope"] = release(NEXT, seq=20, signer=signer)
    device.update(NEXT_JOB, NEXT, **fields)


def with_what_follows(files: Mapping[str, bytes], name: str, folder: Path) -> Files:
    """The archive, with the home as it is after it was booted, has settled, and was updated once more."""
    device = reopened(files, folder)
    device.boot()
    settle(device)
    update_once_more(device, name)
    return {**files, **files_in(folder, UPDATED)}
