"""Removes things that we made: their certificates, policies and registration, and then their folders.

It touches only what three sources agree on: the folder with its `thing.conf.json`, the attribute that marks the
thing, and the attachments that AWS reports.
Leaves to others: making them (`things`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fota_operator.account.names import OUR_MARK
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_NOT_FOUND, AlreadyThere, CloudRefused, NotFound
from fota_operator.files import require_folder
from fota_operator.things.folder import ThingConf, read_conf, remove_thing_folder
from fota_operator.things.names import require_thing_name
from fota_operator.things.registration import (
    delete_certificate,
    delete_policy,
    delete_shadow,
    delete_thing,
    detach_certificate,
    detach_policy,
)


@dataclass(frozen=True)
class _Registered:
    """What AWS still has of a thing."""

    thing: bool
    certificates: tuple[str, ...]
    certificate: bool
    policy: bool
    policy_attached: bool


def cleanup_things(
    cloud: Cloud, folder: Path, *, names: Sequence[str] | None = None, dry_run: bool = False
) -> tuple[str, ...]:
    """Remove the things of `folder` (or only `names`), in AWS and here; returns which.

    All are checked before the first is touched. Parts that are gone already are skipped, so that a cleanup that was
    interrupted can be run again.
    *Raises* BadInput, NotFound, AlreadyThere for a thing that is not ours, CloudRefused, CloudUnreachable,
    OperatorError for a folder that cannot be removed.
    """
    confs = {conf.thingname: conf for conf in _confs(folder, names)}
    registered = {name: _registered(cloud, conf) for name, conf in confs.items()}
    if not dry_run:
        for name, conf in confs.items():
            _remove(cloud, conf, registered[name])
            remove_thing_folder(folder / name)
    return tuple(confs)


def _confs(folder: Path, names: Sequence[str] | None) -> list[ThingConf]:
    if names is None:
        # A folder that a killed `add` did not finish begins with a dot; no thing is called that.
        paths = [path for path in _entries(folder) if path.is_dir() and not path.name.startswith(".")]
        return [conf for conf in map(read_conf, paths) if conf is not None]
    confs = []
    for name in dict.fromkeys(names):
        require_thing_name(name)
        conf = read_conf(folder / name)
        if conf is None:
            raise NotFound(f"{folder / name} does not hold a thing", "name the folder where it was made")
        confs.append(conf)
    return confs


def _entries(folder: Path) -> list[Path]:
    if not folder.exists():
        return []
    require_folder(folder, "name the folder that holds the folders of the things")
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise NotFound(f"cannot read {folder}: {error.strerror}", "name the folder of the things") from error


def _registered(cloud: Cloud, conf: ThingConf) -> _Registered:
    name = conf.thingname
    attributes = _attributes(cloud, name)
    mark, value = OUR_MARK
    if attributes is not None and attributes.get(mark) != value:
        raise AlreadyThere(
            f"the thing {name} does not carry our mark {mark}={value} and is left alone",
            "remove it by hand if it is yours",
        )
    certificates = _certificates(cloud, name) if attributes is not None else ()
    strangers = [arn for arn in certificates if arn != conf.cert_arn]
    if strangers:
        raise AlreadyThere(
            f"the thing {name} has a certificate that was not made with it and is left alone: {strangers[0]}",
            "detach it by hand, and run this again",
        )
    users = _users(cloud, conf.policy_name)
    if users is not None and set(users) - {conf.cert_arn}:
        raise AlreadyThere(
            f"the policy {conf.policy_name} is used by others than {name}, which is left alone",
            "detach it from them, and run this again",
        )
    return _Registered(
        thing=attributes is not None,
        certificates=certificates,
        certificate=_has_certificate(cloud, conf.cert_arn),
        policy=users is not None,
        policy_attached=bool(users),
    )


def _attributes(cloud: Cloud, name: str) -> dict[str, str] | None:
    try:
        with explaining(f"look up the thing {name}"):
            return cloud.iot.describe_thing(thingName=name).get("attributes", {})
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            return None
        raise


def _certificates(cloud: Cloud, name: str) -> tuple[str, ...]:
    with explaining(f"list the certificates of {name}"):
        return tuple(cloud.iot.list_thing_principals(thingName=name)["principals"])


def _has_certificate(cloud: Cloud, arn: str) -> bool:
    try:
        with explaining(f"look up the certificate {arn}"):
            cloud.iot.describe_certificate(certificateId=arn.rsplit("/", 1)[-1])
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            return False
        raise
    return True


def _users(cloud: Cloud, policy_name: str) -> list[str] | None:
    """The ARNs that a policy is attached to; None if there is no such policy."""
    try:
        with explaining(f"look up the policy {policy_name}"):
            return cloud.iot.list_targets_for_policy(policyName=policy_name)["targets"]
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            return None
        raise


def _remove(cloud: Cloud, conf: ThingConf, registered: _Registered) -> None:
    # Every step leaves what the next run needs in order to go on: the folder goes last.
    delete_shadow(cloud, conf.thingname)
    for certificate in registered.certificates:
        detach_certificate(cloud, conf.thingname, certificate)
    if registered.policy_attached:
        detach_policy(cloud, conf.policy_name, conf.cert_arn)
    if registered.policy:
        delete_policy(cloud, conf.policy_name)
    if registered.certificate:
        delete_certificate(cloud, conf.cert_arn)
    if registered.thing:
        delete_thing(cloud, conf.thingname)
