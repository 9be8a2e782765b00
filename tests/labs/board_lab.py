"""A builder for whole stories on MicroPython: a local AWS, a thing, its board, images, releases, jobs."""

import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from fota.boards.files import FilesBoard
from fota.boards.provisioning import provision
from fota.storage import SlotReader
from fota.trust.envelope import Envelope
from fota.trust.keyring import Keyring
from fota_operator.images.image import Image
from fota_operator.images.micropython import build_micropython_image
from fota_operator.jobs.document import build_document
from fota_operator.jobs.progress import ExecutionStatus, watch_job
from fota_operator.jobs.start import StartedJob, StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from fota_operator.trust.keyrings import new_keyring
from fota_operator.trust.keys import KeyFolder
from fota_operator.trust.release import Claim, Release, make_release
from fota_operator.trust.signing import Signer, signers
from sweeps.seeding.verbs import Patch, after, before, patched
from tests.labs.board import ROOT, Board

SLOT_BYTES = 4 << 20
PRODUCT, HARDWARE = "pump", "rev-a"

CONNECTED = "_ = jobs.Jobs(_)"
"""What the program does once it is connected."""

CRASHES = (after("import json", "raise ValueError('a bad release')"),)
HANGS = (before(CONNECTED, "while True: pass"),)


@dataclass
class BoardLab:
    """One thing and its board. Verbs arrange; the test asserts what a user could observe.

    With `is_signed` the board has a keyring: that of the key "maker".
    """

    local: LocalAws
    folder: Path
    library: Path
    factory_patches: Sequence[Patch] = ()
    is_signed: bool = False
    program: Path = ROOT / "examples/esp32/pump/main.py"
    modules: "Mapping[str, str]" = field(default_factory=dict)
    """The text of each file that is in the image beside those of the program's folder."""
    thing: str = field(default_factory=lambda: f"board-{uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.cloud = self.local.cloud()
        self.home = self.folder / "home"
        self.keys = KeyFolder(self.folder / "keys")
        self.keyring = self.keyring_of("maker") if self.is_signed else None
        self.image("1", self.factory_patches)
        self._provision(next(self.folder.glob("source-1-*.lfs")))

    def _provision(self, factory: Path) -> None:
        (added,) = add_things(self.cloud, [self.thing], self.folder / "things", self.local.thing_options())
        reader = SlotReader(str(factory))
        provision(
            str(self.home),
            reader,
            image_size_bytes=factory.stat().st_size,
            slot_count=2,
            slot_size_bytes=SLOT_BYTES,
            keyring=self.keyring,
        )
        reader.close()
        shutil.copytree(added.folder, self.home / "thing")
        shutil.copy(self.local.ca_bundle, self.home / "ca.pem")

    def board(self, *, heap: str = "16m", deadline_s: float = 20.0) -> Board:
        return Board(self.home, self.library, heap=heap, deadline_s=deadline_s)

    def image(self, version: str, patches: Sequence[Patch] = (), *, ballast_bytes: int = 0) -> Image:
        """The example's program, which says its version when it is connected."""
        path = self._build(version, patches, ballast_bytes)
        return build_micropython_image(path, version, path.with_suffix(".lfs"))

    def _build(self, version: str, patches: Sequence[Patch], ballast_bytes: int) -> Path:
        source = self.folder / f"source-{version}-{uuid4().hex[:4]}"
        source.mkdir()
        says_it = after(CONNECTED, f"print('firmware {version} is connected')")
        text = patched(self.program.read_text(), (says_it, *patches))
        beside = {path.name: path.read_text() for path in self.program.parent.glob("*.py")}
        for name, content in {**beside, "main.py": text, **self.modules}.items():
            (source / name).write_text(content)
        if ballast_bytes:
            (source / "ballast.bin").write_bytes(random.Random(6).randbytes(ballast_bytes))
        return source

    def start(
        self,
        image: Image,
        release: "Release | None" = None,
        keyring: "Keyring | None" = None,
        patch_from: "tuple[str, ...]" = (),
    ) -> StartedJob:
        """The operator's command; it checks a release by the keyring of the board, unless another is given.

        `patch_from`: as in `StartRequest`.
        """
        request = StartRequest(
            thing=self.thing,
            image=image,
            bucket=self.local.bucket,
            role=self.local.role,
            envelope=release.envelope if release else None,
            keyring=(keyring or self.keyring) if release else None,
            patch_from=patch_from,
        )
        return start_job(self.cloud, request)

    def start_unchecked(self, image: Image, envelope: Envelope) -> str:
        """A job that our own command would not make, of an image that is nowhere; its id."""
        job_id = f"raw-{uuid4().hex}"
        arn = f"arn:aws:iot:{self.cloud.region}:{self.cloud.account_id}:thing/{self.thing}"
        document = build_document(image, "https://localhost/image", None, envelope)
        document = document.replace("${aws:iot:s3-presigned-url-v2:", "").replace('/image}"', '/image"')
        self.cloud.iot.create_job(jobId=job_id, targets=[arn], document=document)
        return job_id

    def end_of(self, job: "StartedJob | str") -> ExecutionStatus:
        """The execution of a job, once the job has ended."""
        job_id = job if isinstance(job, str) else job.job_id
        return list(watch_job(self.cloud, job_id, interval_s=0.1, timeout_s=90))[-1].executions[0]

    def factory(self) -> str:
        """The path of the image that the board was made with."""
        return str(next(self.folder.glob("source-1-*.lfs")))

    def damage(self, job: StartedJob, image: Image) -> None:
        """Put other bytes, as many, in the place of the image that a job names, which no other test may make."""
        content = bytes([image.content[0] ^ 1]) + image.content[1:]
        self.cloud.s3.put_object(Bucket=job.bucket, Key=job.key, Body=content)

    def release(self, image: Image, *keys: str, **claim: object) -> Release:
        """A release of the image, signed by these keys, made when first named."""
        said = Claim(**{"product": PRODUCT, "hardware": (HARDWARE,)} | claim)  # type: ignore[arg-type]
        return make_release(image, said, self._signers(*keys))

    def keyring_of(self, *keys: str) -> Keyring:
        found = [one.key for one in self._signers(*keys)]
        return new_keyring(found, product=PRODUCT, hardware=HARDWARE, threshold=1, version=1)

    def _signers(self, *names: str) -> tuple[Signer, ...]:
        for name in names:
            if not (self.keys.path / f"{name}.pub").exists():
                self.keys.new(name, None)

        def nobody(asked: object) -> Signer:
            raise AssertionError(f"nobody shall be asked for {asked}")

        return signers(self.keys, names, passphrase_of=nobody, kms_signer=nobody)  # type: ignore[arg-type]

    def proven_bytes(self) -> int:
        """How much of the download under way the board's journal names."""
        entry = FilesBoard(str(self.home)).journal.load()
        return 0 if entry is None else entry.checkpoint.offset_bytes

    def spare(self) -> dict[str, bytes]:
        """All files of slot 1."""
        return {path.name: path.read_bytes() for path in self.home.glob("slot-1*")}
