"""Makes what all points of a sweep share: a local AWS, two images, a provisioned home, and the job document.

Each worker has a bench of its own on it: a thing and a folder. `attempt` does the work there.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from fota.boards.files import FilesBoard
from fota_boot.start_images import proves_itself
from fota_operator.cloud import Cloud
from fota_operator.demo.device import provision
from fota_operator.images.image import Image, build_image
from fota_operator.jobs.image_store import store_image
from fota_operator.jobs.start import StartRequest, new_job_id, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from sweeps.killsweep.bundle import make_bundle

OLD, NEW = "1", "2"
"""The version from the factory, and the one that the jobs are for."""

ZIPAPP, BUNDLE = "zipapp", "bundle"
KINDS = (ZIPAPP, BUNDLE)
"""What the jobs bring; the image from the factory is a zipapp."""

_SLOT_SIZES_BYTES = {ZIPAPP: 65_536, BUNDLE: 8 << 20}
_FIRMWARE = Path(__file__).parent / "firmware"


@dataclass(frozen=True)
class Stage:
    """Made by `set_up`."""

    folder: Path
    local: LocalAws
    cloud: Cloud
    image: Image
    versions: dict[bytes, str]
    """The version of each image that was published or came from the factory, by its bytes."""
    kind: str = ZIPAPP
    """Of the image that the jobs bring: one of KINDS."""

    def bench(self, name: str) -> "Bench":
        """A place to work at."""
        return Bench(self, self.folder / name)


@dataclass
class Bench:
    """A thing, its credentials, and a home that is made again for every point."""

    stage: Stage
    folder: Path
    thing: str = ""
    credentials: Path = field(default_factory=Path)
    document: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.renew()

    @property
    def home(self) -> Path:
        """The home folder of the device."""
        return self.folder / "home"

    @property
    def environment(self) -> dict[str, str]:
        """What the device finds in its environment; nothing of the operator's."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
        return inherited | {"SSL_CERT_FILE": str(self.stage.local.ca_bundle), "PYTHONUNBUFFERED": "1"}

    def renew(self) -> None:
        """Another thing: no job of the one before can reach it."""
        stage = self.stage
        name = f"killsweep-{uuid4().hex[:12]}"
        added = add_things(stage.cloud, [name], self.folder / "things", stage.local.thing_options())[0]
        request = StartRequest(name, stage.image, stage.local.bucket, stage.local.role)
        self.thing, self.credentials = name, added.folder
        self.document = start_job(stage.cloud, request, dry_run=True).document

    def restore_home(self) -> None:
        """The home as it came from the factory."""
        for folder, _, _ in os.walk(self.home):
            # The folders of a tree are not for writing.
            Path(folder).chmod(0o700)
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.stage.folder / "factory", self.home)

    def start_job(self) -> str:
        """A job for the image, as `start_job` makes it, without its checks: they hold for every point."""
        cloud, job_id = self.stage.cloud, new_job_id()
        prefix = f"arn:aws:iot:{cloud.region}:{cloud.account_id}"
        cloud.iot.create_job(
            jobId=job_id,
            targets=[f"{prefix}:thing/{self.thing}"],
            document=self.document,
            presignedUrlConfig={"roleArn": f"arn:aws:iam::{cloud.account_id}:role/{self.stage.local.role}"},
        )
        return job_id

    def told_of(self, job_id: str) -> tuple[str, str]:
        """The status of the job execution, and its reason."""
        asked = self.stage.cloud.iot.describe_job_execution(jobId=job_id, thingName=self.thing)
        execution = asked["execution"]
        return execution["status"], execution.get("statusDetails", {}).get("detailsMap", {}).get("reason", "")

    def home_proves(self, running: bytes | None) -> bool:
        """Whether the home says, read now, that nothing is on trial and that the running image is confirmed."""
        home = FilesBoard(str(self.home))
        record = home.records.load()
        if record is None or record.trial_slot is not None or running is None:
            return False
        slot = record.confirmed_slot
        proven = proves_itself(home, slot)
        return bool(proven and Path(home.slots.image_path(slot)).read_bytes() == running)


@contextmanager
def own_local_aws(folder: Path) -> Iterator[LocalAws]:
    """A local AWS in `folder`, which ends with the block."""
    local = LocalAws(folder)
    local.up()
    try:
        yield local
    finally:
        local.down()


def set_up(folder: Path, local: LocalAws, kind: str = ZIPAPP) -> Stage:
    """Everything that the points share, in `folder`. `kind`: see `Stage.kind`."""
    cloud = local.cloud()
    old = build_image(_FIRMWARE, OLD, folder / "old.pyz")
    make = make_bundle if kind == BUNDLE else build_image
    new = make(_FIRMWARE, NEW, folder / "new.image")
    provision(folder / "factory", folder / "old.pyz", slot_size_bytes=_SLOT_SIZES_BYTES[kind])
    store_image(cloud, new, local.bucket)
    return Stage(folder, local, cloud, new, {old.content: OLD, new.content: NEW}, kind)
