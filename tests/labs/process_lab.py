"""A builder for whole stories: a local AWS, a thing, a real device under `fota-boot`, real jobs."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from fota_operator.demo.device import DeviceProcess, provision
from fota_operator.images.image import Image, build_image
from fota_operator.jobs.progress import ExecutionStatus, watch_job
from fota_operator.jobs.start import StartedJob, StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from sweeps.seeding.verbs import Patch, patched

REPOSITORY = Path(__file__).parents[2]
DEMO_PROGRAM = REPOSITORY / "src/fota_operator/demo/gateway"


@dataclass
class ProcessLab:
    """One thing and its device. Verbs arrange; the test asserts what a user could observe."""

    local: LocalAws
    folder: Path
    program: Path = DEMO_PROGRAM
    allow_publish: tuple[str, ...] = ()
    thing: str = field(default_factory=lambda: f"lab-{uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.cloud = self.local.cloud()
        options = self.local.thing_options(self.allow_publish)
        self.credentials = add_things(self.cloud, [self.thing], self.folder / "things", options)[0].folder
        provision(self.home, self.build("1")[1])

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def build(self, version: str, *, patches: Sequence[Patch] = ()) -> tuple[Image, Path]:
        """An image of the program, with the patches."""
        source = self.folder / f"source-{version}-{uuid4().hex[:4]}"
        shutil.copytree(self.program, source, ignore=shutil.ignore_patterns("__pycache__"))
        if patches:
            main = source / "__main__.py"
            main.write_text(patched(main.read_text(), patches))
        path = self.folder / f"{source.name}.pyz"
        return build_image(source, version, path), path

    @contextmanager
    def device(self, *options: str) -> Iterator[DeviceProcess]:
        """The device, running; the trial deadline is short unless said otherwise."""
        environment = {"SSL_CERT_FILE": str(self.local.ca_bundle)}
        options = options or ("--deadline", "20")
        with DeviceProcess(self.home, [str(self.credentials)], environment=environment, options=options) as device:
            yield device

    def start(self, image: Image, *, slot: int | None = None) -> StartedJob:
        request = StartRequest(
            thing=self.thing, image=image, bucket=self.local.bucket, role=self.local.role, slot=slot
        )
        return start_job(self.cloud, request)

    def start_raw(self, document: object) -> str:
        """A job with a document that our own command would not write; its id."""
        job_id = f"raw-{uuid4().hex}"
        arn = f"arn:aws:iot:{self.cloud.region}:{self.cloud.account_id}:thing/{self.thing}"
        self.cloud.iot.create_job(jobId=job_id, targets=[arn], document=json.dumps(document))
        return job_id

    def end_of(self, job_id: str, timeout_s: float = 60.0) -> ExecutionStatus:
        """The execution of a job, once the job has ended."""
        return list(watch_job(self.cloud, job_id, interval_s=0.2, timeout_s=timeout_s))[-1].executions[0]
