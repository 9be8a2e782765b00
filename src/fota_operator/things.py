"""Things: registered with AWS IoT, each with a key, a certificate, a policy and a folder for its device.

A private key is made here and stays here: AWS is given a request to sign, never the key.
Leaves to others: removing them (`things_cleanup`), what their devices may do (`device_policy`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fota_operator.account.device_policy import policy_document, policy_name
from fota_operator.cloud import Cloud, explaining
from fota_operator.device_key import new_key_and_request
from fota_operator.errors import IOT_NOT_FOUND, AlreadyThere, BadInput, CloudRefused
from fota_operator.files import read_bounded
from fota_operator.registration import Registration, register, taking_back_on_failure
from fota_operator.thing_folder import CACERT, ThingConf, read_conf, write_thing_folder

MAX_THINGS = 10_000
_MOST_CACERT_BYTES = 1 << 20
# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThing.html
THING_NAME = r"[a-zA-Z0-9:_-]{1,128}"
"""The pattern of a whole name; a group's is the same."""


@dataclass(frozen=True)
class ThingOptions:
    """`endpoint` and `cacert` where they are not AWS's own; `allow_publish`: topics besides `things/NAME/*`."""

    endpoint: str | None = None
    cacert: Path | None = None
    allow_publish: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddedThing:
    """A thing and its folder. `made` is False for one that was there, whole, and with `dry_run`."""

    name: str
    folder: Path
    certificate_arn: str
    policy_name: str
    endpoint: str
    made: bool


@dataclass(frozen=True)
class _Wanted:
    """What all things of one call share."""

    policy_document: str
    endpoint: str
    cacert_pem: bytes | None


def numbered_names(base: str, count: int) -> tuple[str, ...]:
    """`base-1` to `base-count`. *Raises* BadInput."""
    if not 1 <= count <= MAX_THINGS:
        raise BadInput(f"--count: expected 1 to {MAX_THINGS}, got {count}", "choose one in that range")
    return tuple(f"{base}-{number}" for number in range(1, count + 1))


def thing_arn(cloud: Cloud, name: str) -> str | None:
    """The ARN of a thing, or None if there is none of that name. *Raises* BadInput."""
    require_thing_name(name)
    try:
        with explaining(f"look up the thing {name}"):
            return cloud.iot.describe_thing(thingName=name)["thingArn"]
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            return None
        raise


def require_thing_name(name: str) -> None:
    """*Raises* BadInput unless AWS IoT takes the name."""
    if not re.fullmatch(THING_NAME, name):
        raise BadInput(f"{name!r} is not a thing name", "use 1 to 128 letters, digits and : _ -")


def add_things(
    cloud: Cloud,
    names: Sequence[str],
    folder: Path,
    options: ThingOptions = ThingOptions(),
    *,
    dry_run: bool = False,
) -> tuple[AddedThing, ...]:
    """Register each thing and write `folder/NAME` for its device; one that is there, whole, is left as is.

    All names are checked before the first is made. A failure takes back the thing it happened to; those
    made before it are whole, and running this again goes on from there.
    *Raises* BadInput, NotFound, AlreadyThere, CloudRefused, CloudUnreachable, OperatorError for a folder that
    cannot be written.
    """
    known = {name: _known(cloud, name, folder) for name in names}
    wanted = _wanted(cloud, options)
    return tuple(
        _planned(name, folder, wanted)
        if conf is None and dry_run
        else _added(folder, conf or _make(cloud, name, folder / name, wanted), made=conf is None)
        for name, conf in known.items()
    )


def _wanted(cloud: Cloud, options: ThingOptions) -> _Wanted:
    cacert_pem = None if options.cacert is None else _cacert_pem(options.cacert)
    prefix = f"arn:{cloud.partition}:iot:{cloud.region}:{cloud.account_id}"
    return _Wanted(
        policy_document=policy_document(prefix, options.allow_publish),
        endpoint=options.endpoint or _data_endpoint(cloud),
        cacert_pem=cacert_pem,
    )


def _cacert_pem(path: Path) -> bytes:
    """Read before anything is made. *Raises* BadInput, NotFound."""
    remedy = "name the CA certificates that devices shall trust"
    if not path.is_file():
        raise BadInput(f"there is no file {path}", remedy)
    content = read_bounded(path, _MOST_CACERT_BYTES, remedy)
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise BadInput(f"{path} holds no certificate as PEM", remedy)
    return content


def _planned(name: str, folder: Path, wanted: _Wanted) -> AddedThing:
    return AddedThing(name, folder / name, "", policy_name(name), wanted.endpoint, made=False)


def _added(folder: Path, conf: ThingConf, *, made: bool) -> AddedThing:
    name = conf.thingname
    return AddedThing(name, folder / name, conf.cert_arn, conf.policy_name, conf.endpoint, made=made)


def _known(cloud: Cloud, name: str, folder: Path) -> ThingConf | None:
    """What its folder says of a thing that is there, whole; None if there is neither. Half of it is refused."""
    registered = thing_arn(cloud, name) is not None
    conf = read_conf(folder / name)
    if conf is not None and registered:
        return conf
    if registered:
        raise AlreadyThere(
            f"the thing {name} is registered, but {folder / name} does not hold it",
            "choose another name, or the folder that holds it",
        )
    if conf is not None or (folder / name).exists():
        raise AlreadyThere(
            f"{folder / name} is there, but no thing {name} in {cloud.region}",
            f"remove it with `fota things cleanup {name}`, or choose another folder or name",
        )
    return None


def _data_endpoint(cloud: Cloud) -> str:
    with explaining("ask for the endpoint of devices"):
        return cloud.iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]


def _make(cloud: Cloud, name: str, folder: Path, wanted: _Wanted) -> ThingConf:
    key_pem, request_pem = new_key_and_request(name)
    policy = policy_name(name)
    with taking_back_on_failure() as undo:
        certificate = register(cloud, name, Registration(policy, wanted.policy_document, request_pem), undo)
        conf = ThingConf(
            endpoint=wanted.endpoint,
            thingname=name,
            policy_name=policy,
            cert_arn=certificate.arn,
            cacert=None if wanted.cacert_pem is None else CACERT,
        )
        write_thing_folder(
            folder,
            conf,
            private_key_pem=key_pem,
            certificate_pem=certificate.pem,
            cacert_pem=wanted.cacert_pem,
        )
    return conf
