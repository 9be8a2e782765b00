"""What the operator's tests arrange with: a cloud, a thing, an image, a device's side of a job, the command."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from fota_operator.cloud import Cloud
from fota_operator.images.image import Image, build_image
from fota_operator.jobs.start import StartRequest
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from fota_operator.trust.keys import KeyFolder
from fota_operator.trust.release_file import write_release
from tests.labs.device_side import DeviceSide
from tests.labs.fota_command import FotaCommand
from tests.labs.hangup import hangups_are_heard
from tests.labs.signatures import Signatures
from tests.labs.strict_model import every_request_allowed

__all__ = ("hangups_are_heard",)

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


@pytest.fixture
def device(local_aws: LocalAws) -> DeviceSide:
    return DeviceSide(local_aws.environment())


@pytest.fixture
def fota(local_aws: LocalAws) -> FotaCommand:
    """The command, pointed at the local AWS."""
    return FotaCommand(local_aws.environment())


@pytest.fixture
def elsewhere(tmp_path: Path) -> FotaCommand:
    """The command where no AWS is set up."""
    nowhere = str(tmp_path / "none")
    return FotaCommand(
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


@pytest.fixture
def signatures(tmp_path: Path) -> Signatures:
    return Signatures(KeyFolder(tmp_path / "keys"))


@pytest.fixture
def release_file(signatures: Signatures, image: Image, tmp_path: Path) -> Path:
    write_release(tmp_path / "x.release", signatures.release(image, "a"))
    return tmp_path / "x.release"
