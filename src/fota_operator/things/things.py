"""Registers things with AWS IoT, each with a key, a certificate, a policy and a folder for its device.

A private key is made here and stays here, unless the device has made its own and sent a signing request: then no
key is here. AWS is given a request to sign, never a key.
Leaves to others: removing them (`cleanup`), what their devices may do (`device_policy`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fota_operator.account.device_policy import policy_document, policy_name
from fota_operator.aws_hosts import is_host_of_aws
from fota_operator.cloud import Cloud, ca_bundle, explaining
from fota_operator.errors import IOT_NOT_FOUND, AlreadyThere, BadInput, CloudRefused
from fota_operator.files import read_bounded
from fota_operator.rate_limiter import RateLimiter, SteadyClock, WallClock
from fota_operator.things.authorities import amazon_authorities
from fota_operator.things.device_key import new_key_and_request
from fota_operator.things.folder import CACERT, CERTIFICATE, ThingConf, read_conf, write_thing_folder
from fota_operator.things.names import require_thing_name
from fota_operator.things.registration import Registration, register, taking_back_on_failure
from fota_operator.things.signing_request import SigningRequest, certifies, require_own_keys

THINGS_PER_SECOND = 5.0
"""Each thing takes six calls. Chosen to leave something of the account's quotas to others:
https://docs.aws.amazon.com/general/latest/gr/iot-core.html"""
MAX_THINGS_PER_SECOND = 100.0

_MAX_CACERT_BYTES = 1 << 20
_MAX_CERTIFICATE_BYTES = 65_536


@dataclass(frozen=True)
class ThingOptions:
    """`endpoint` and `cacert`, if they are not AWS's own; `allow_publish`: topics besides `things/NAME/*`.

    Without `cacert`, devices of an endpoint of AWS get Amazon's authorities, and others trust those of their system.
    `requests`: the signing requests of devices that have made their own keys, by the names of the things; what others
    get is a key that is made here. `per_second`: no more things are made in a second; without it, THINGS_PER_SECOND
    with AWS itself, and MAX_THINGS_PER_SECOND with a stand-in.
    """

    endpoint: str | None = None
    cacert: Path | None = None
    allow_publish: tuple[str, ...] = ()
    requests: dict[str, SigningRequest] = field(default_factory=dict)
    per_second: float | None = None


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
    clock: WallClock | None = None,
) -> tuple[AddedThing, ...]:
    """Register each thing and write `folder/NAME` for its device; a thing that exists as a whole is not changed.

    All names are checked before the first is made. A failure takes back the thing that failed; those
    made before it are whole, and running this again goes on from there.
    *Raises* BadInput, NotFound, AlreadyThere, CloudRefused, CloudUnreachable, OperatorError for a folder that
    cannot be written.
    """
    limiter = _limiter(cloud, options.per_second, clock or SteadyClock())
    require_own_keys(options.requests)
    known = {name: _known(cloud, name, folder, options.requests.get(name)) for name in names}
    wanted = _wanted(cloud, options)

    def made(name: str) -> ThingConf:
        limiter.wait()
        return _make(cloud, name, folder / name, wanted, options.requests.get(name))

    return tuple(
        _planned(name, folder, wanted)
        if conf is None and dry_run
        else _added(folder, conf or made(name), made=conf is None)
        for name, conf in known.items()
    )


def _limiter(cloud: Cloud, per_second: float | None, clock: WallClock) -> RateLimiter:
    if per_second is None:
        per_second = MAX_THINGS_PER_SECOND if cloud.is_stand_in else THINGS_PER_SECOND
    if not 0 < per_second <= MAX_THINGS_PER_SECOND:
        raise BadInput(
            f"`per_second`: expected more than 0 and at most {MAX_THINGS_PER_SECOND:g}, got {per_second:g}",
            "choose a rate in that range",
        )
    return RateLimiter(per_second, clock)


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
    if not path.exists():
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


def _known(cloud: Cloud, name: str, folder: Path, request: SigningRequest | None) -> ThingConf | None:
    """The folder's content if folder and thing exist; None if neither does. *Raises* AlreadyThere for one alone."""
    registered = thing_arn(cloud, name) is not None
    conf = read_conf(folder / name)
    if conf is not None and registered:
        _require_same_key(folder / name / CERTIFICATE, request)
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


def _require_same_key(certificate: Path, request: SigningRequest | None) -> None:
    """*Raises* AlreadyThere if the device has another key now: the certificate would be of no use to it."""
    if request is None:
        return
    pem = read_bounded(certificate, _MAX_CERTIFICATE_BYTES, "restore it")
    if not certifies(pem, request):
        name = certificate.parent.name
        raise AlreadyThere(
            f"the thing {name} has a certificate for another key than its signing request",
            f"if the device was set up again, run `fota things cleanup {name}` first",
        )


def _data_endpoint(cloud: Cloud) -> str:
    with explaining("ask for the endpoint of devices"):
        return cloud.iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]


def _make(cloud: Cloud, name: str, folder: Path, wanted: _Wanted, request: SigningRequest | None) -> ThingConf:
    key_pem, request_pem = new_key_and_request(name) if request is None else (None, request.pem)
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
