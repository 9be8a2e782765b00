"""Registers things with AWS IoT, each with a key, a certificate, a policy and a folder for its device.

A private key is made here and stays here: AWS is given a request to sign, never the key.
Leaves to others: removing them (`cleanup`), what their devices may do (`device_policy`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fota_operator.account.device_policy import policy_document, policy_name
from fota_operator.aws_hosts import is_host_of_aws
from fota_operator.cloud import Cloud, ca_bundle, explaining
from fota_operator.errors import IOT_NOT_FOUND, AlreadyThere, BadInput, CloudRefused
from fota_operator.files import read_bounded
from fota_operator.things.authorities import amazon_authorities
from fota_operator.things.device_key import new_key_and_request
from fota_operator.things.folder import CACERT, ThingConf, read_conf, write_thing_folder
from fota_operator.things.names import require_thing_name
from fota_operator.things.registration import Registration, register, taking_back_on_failure

_MAX_CACERT_BYTES = 1 << 20


@dataclass(frozen=True)
class ThingOptions:
    """`endpoint` and `cacert`, if they are not AWS's own; `allow_publish`: topics besides `things/NAME/*`.

    Without `cacert`, devices of an endpoint of AWS get Amazon's authorities, and others trust those of their system.
    """

    endpoint: str | None = None
    cacert: Path | None = None
    allow_publish: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddedThing:
    """A thing and its folder. `made` is False if it already existed as a whole, and with `dry_run`."""

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


def thing_arn(cloud: Cloud, name: str) -> str | None:
    """The ARN of a thing, or None if no thing has that name. *Raises* BadInput."""
    require_thing_name(name)
    try:
        with explaining(f"look up the thing {name}"):
            return cloud.iot.describe_thing(thingName=name)["thingArn"]
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            return None
        raise


def add_things(
    cloud: Cloud,
    names: Sequence[str],
    folder: Path,
    options: ThingOptions = ThingOptions(),
    *,
    dry_run: bool = False,
) -> tuple[AddedThing, ...]:
    """Register each thing and write `folder/NAME` for its device; a thing that exists as a whole is not changed.

    All names are checked before the first is made. A failure takes back the thing that failed; those
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
    given_pem = None if options.cacert is None else _cacert_pem(options.cacert)
    prefix = f"arn:{cloud.partition}:iot:{cloud.region}:{cloud.account_id}"
    document = policy_document(prefix, options.allow_publish)
    endpoint = options.endpoint or _data_endpoint(cloud)
    return _Wanted(document, endpoint, given_pem or _authorities_of(cloud, endpoint))


def _authorities_of(cloud: Cloud, endpoint: str) -> bytes | None:
    """What the devices of an endpoint of AWS trust; None, what their system trusts, for another one.

    A board has no system: without a file it could trust nobody, and its first program would never connect.
    """
    if not is_host_of_aws(endpoint.partition(":")[0]) or cloud.is_stand_in:
        return None
    return amazon_authorities(ca_bundle())


def _cacert_pem(path: Path) -> bytes:
    """Read before anything is made. *Raises* BadInput, NotFound."""
    remedy = "name the CA certificates that devices are to trust"
    if not path.is_file():
        raise BadInput(f"there is no file {path}", remedy)
    content = read_bounded(path, _MAX_CACERT_BYTES, remedy)
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise BadInput(f"{path} holds no certificate as PEM", remedy)
    return content


def _planned(name: str, folder: Path, wanted: _Wanted) -> AddedThing:
    return AddedThing(name, folder / name, "", policy_name(name), wanted.endpoint, made=False)


def _added(folder: Path, conf: ThingConf, *, made: bool) -> AddedThing:
    name = conf.thingname
    return AddedThing(name, folder / name, conf.cert_arn, conf.policy_name, conf.endpoint, made=made)


def _known(cloud: Cloud, name: str, folder: Path) -> ThingConf | None:
    """The folder's content if folder and thing exist; None if neither does. *Raises* AlreadyThere for one alone."""
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
