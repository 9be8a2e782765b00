"""What the operator's tests arrange with: a cloud, a thing, an image, a device's side of a job, the command."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from fota.keyring import Keyring
from fota_operator.cli.app import app
from fota_operator.cloud import Cloud
from fota_operator.images.image import Image, build_image
from fota_operator.jobs import StartRequest
from fota_operator.local.aws import LocalAws
from fota_operator.things import add_things
from fota_operator.trust.keyrings import new_keyring
from fota_operator.trust.keys import KeyFolder, SigningKey
from fota_operator.trust.release import Claim, Release, make_release
from fota_operator.trust.signing import Signer, signers

from .fleet.strict_model import every_request_allowed

_NUMBERS = itertools.count(1)


@pytest.fixture(autouse=True)
def _strict() -> Iterator[None]:
    """No request of any test may break AWS's own models, also where an error would be swallowed."""
    with every_request_allowed():
        yield


@pytest.fixture(scope="session")
def cloud(local_aws: LocalAws) -> Cloud:
    return local_aws.cloud()


@pytest.fixture
def new_name() -> Callable[[], str]:
    """Names that no other test uses."""
    return lambda: f"thing-{next(_NUMBERS)}"


@pytest.fixture
def thing(local_aws: LocalAws, cloud: Cloud, tmp_path: Path, new_name: Callable[[], str]) -> str:
    (added,) = add_things(cloud, [new_name()], tmp_path / "things", local_aws.thing_options())
    return added.name


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The folder of a program, different in every test."""
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "__main__.py").write_text(f"print('program {next(_NUMBERS)}')\n")
    return folder


@pytest.fixture
def image_file(program: Path, tmp_path: Path) -> Path:
    build_image(program, "1.2.3", tmp_path / "image.pyz")
    return tmp_path / "image.pyz"


@pytest.fixture
def image(program: Path, tmp_path: Path) -> Image:
    return build_image(program, "1.2.3", tmp_path / "image.pyz")


@pytest.fixture
def request_for(local_aws: LocalAws, thing: str, image: Image) -> StartRequest:
    """A request that would be granted."""
    return StartRequest(thing=thing, image=image, bucket=local_aws.bucket, role=local_aws.role)


@dataclass
class DeviceSide:
    """What a device would tell AWS of a job, without a device."""

    environment: dict[str, str]

    def report(self, thing: str, job_id: str, status: str, **details: str) -> None:
        client = boto3.client(
            "iot-jobs-data",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            verify=self.environment["AWS_CA_BUNDLE"],
            region_name=self.environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )
        client.update_job_execution(jobId=job_id, thingName=thing, status=status, statusDetails=details)
        client.close()


@pytest.fixture
def device(local_aws: LocalAws) -> DeviceSide:
    return DeviceSide(local_aws.environment())


@dataclass
class Command:
    """The command `fota`, in this process; `environment` is all that it sees of AWS."""

    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object) -> Result:
        aside = dict.fromkeys(_AWS_SETTINGS)
        return CliRunner().invoke(app, [str(one) for one in arguments], env={**aside, **self.environment})


_AWS_SETTINGS = (
    "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION",
    "AWS_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN", "FOTA_DEVICE_ENDPOINT", "FOTA_DEVICE_CA", "SSL_CERT_FILE",
    "FOTA_KEYS", "FOTA_PASSPHRASE",
)  # fmt: skip


@pytest.fixture
def fota(local_aws: LocalAws) -> Command:
    """The command, pointed at the local AWS."""
    return Command(local_aws.environment())


@pytest.fixture
def elsewhere(tmp_path: Path) -> Command:
    """The command where no AWS is set up."""
    nowhere = str(tmp_path / "none")
    return Command(
        {
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }
    )


@pytest.fixture
def objects(cloud: Cloud, local_aws: LocalAws) -> Callable[[], set[str]]:
    """The names of all objects in the bucket, when called."""

    def names() -> set[str]:
        listed = cloud.s3.list_objects_v2(Bucket=local_aws.bucket)
        return {one["Key"] for one in listed.get("Contents", [])}

    return names


@pytest.fixture
def jobs_of(cloud: Cloud) -> Callable[[str], list[str]]:
    """The ids of a thing's jobs, when called."""

    def ids(thing: str) -> list[str]:
        listed = cloud.iot.list_job_executions_for_thing(thingName=thing)
        return [one["jobId"] for one in listed["executionSummaries"]]

    return ids


@pytest.fixture
def refusing(cloud: Cloud) -> Iterator[Callable[[str, str], None]]:
    """Make AWS IoT refuse an operation with a code from now on, until the test ends: `refusing(operation, code)`.

    The refusal comes from where boto3 would send the request: all around it is the real thing.
    """
    registered: list[tuple[str, Callable[..., None]]] = []

    def refuse(operation: str, code: str) -> None:
        def answer(**_: object) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "refused by the test"}}, operation)

        event = f"before-call.iot.{operation}"
        cloud.iot.meta.events.register(event, answer)
        registered.append((event, answer))

    yield refuse
    for event, answer in registered:
        cloud.iot.meta.events.unregister(event, answer)


PRODUCT = "pump"
HARDWARE = "rev-a"


@dataclass
class Signatures:
    """A folder of keys, and what is signed by them. Nothing in it asks AWS."""

    keys: KeyFolder

    def signers(self, *names: str) -> tuple[Signer, ...]:
        """Those who sign by these keys, made when first named."""
        for name in names:
            if not (self.keys.path / f"{name}.pub").exists():
                self.keys.new(name, None)

        def nobody(asked: object) -> Signer:
            raise AssertionError(f"nobody shall be asked for {asked}")

        return signers(self.keys, names, passphrase_of=nobody, kms_signer=nobody)  # type: ignore[arg-type]

    def keyring(self, *names: str, threshold: int = 1, version: int = 1, **others: str) -> Keyring:
        keys: list[SigningKey] = [one.key for one in self.signers(*names)]
        device = {"product": PRODUCT, "hardware": HARDWARE} | others
        return new_keyring(
            keys, product=device["product"], hardware=device["hardware"], threshold=threshold, version=version
        )

    def release(self, image: Image, *names: str, **others: object) -> Release:
        claim = {"product": PRODUCT, "hardware": (HARDWARE,)} | others
        return make_release(image, Claim(**claim), self.signers(*names))  # type: ignore[arg-type]


@pytest.fixture
def signatures(tmp_path: Path) -> Signatures:
    return Signatures(KeyFolder(tmp_path / "keys"))
