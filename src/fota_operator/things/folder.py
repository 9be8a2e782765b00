"""The folder that a device gets: its key, its certificate, the endpoint, and the name to connect with.

A folder is whole or does not exist: it is written under another name first.
Leaves to others: what AWS knows of the thing.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from fota_boot.thing_folder import CACERT, CERTIFICATE, CONF, PRIVATE_KEY
from fota_operator.bounded_text import parse_json
from fota_operator.errors import BadInput, OperatorError

_MAX_CONF_BYTES = 16_384

__all__ = ("CACERT", "CERTIFICATE", "CONF", "PRIVATE_KEY", "ThingConf")


@dataclass(frozen=True)
class ThingConf:
    """What `thing.conf.json` says. `cacert` is a file name in the same folder; None: the system's trust."""

    endpoint: str
    thingname: str
    policy_name: str
    cert_arn: str
    cacert: str | None = None

    def as_json(self) -> str:
        """The file's content; `mqttid` is the thing's name, as its policy demands."""
        fields = {
            "endpoint": self.endpoint,
            "mqttid": self.thingname,
            "thingname": self.thingname,
            "policy_name": self.policy_name,
            "cert_arn": self.cert_arn,
        }
        if self.cacert is not None:
            fields["cacert"] = self.cacert
        return json.dumps(fields, indent=2) + "\n"


def read_conf(folder: Path) -> ThingConf | None:
    """What the folder says of its thing; None if it is not there. *Raises* BadInput if it is malformed."""
    path = folder / CONF
    try:
        with path.open("rb") as file:
            found = parse_json(file.read(_MAX_CONF_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read {path}: {error}", "restore or remove it") from error
    fields = found if isinstance(found, dict) else {}
    names = ("endpoint", "thingname", "policy_name", "cert_arn")
    texts = [fields.get(name) for name in names]
    endpoint, thingname, policy_name, cert_arn = texts
    if (
        not isinstance(endpoint, str)
        or not isinstance(policy_name, str)
        or not isinstance(cert_arn, str)
        or thingname != folder.name
    ):
        raise BadInput(
            f"{path} does not describe the thing {folder.name}", f"restore or remove it; it needs {', '.join(names)}"
        )
    cacert = CACERT if fields.get("cacert") == CACERT else None
    return ThingConf(endpoint, folder.name, policy_name, cert_arn, cacert)


def write_thing_folder(
    folder: Path,
    conf: ThingConf,
    *,
    private_key_pem: bytes | None,
    certificate_pem: bytes,
    cacert_pem: bytes | None,
) -> None:
    """Write the folder, readable by its owner only. Without a private key, the device has it already.

    *Raises* OperatorError, and then there is no folder.
    """
    staged = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(mode=0o700, parents=True)
        if private_key_pem is not None:
            _write(staged / PRIVATE_KEY, private_key_pem, mode=0o600)
        _write(staged / CERTIFICATE, certificate_pem, mode=0o644)
        _write(staged / CONF, conf.as_json().encode(), mode=0o644)
        if cacert_pem is not None:
            _write(staged / CACERT, cacert_pem, mode=0o644)
        staged.rename(folder)
    except BaseException as error:
        # Whatever interrupts this, no private key is left behind.
        shutil.rmtree(staged, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        raise OperatorError(
            f"cannot write {folder}: {error.strerror}", "make room or choose another folder"
        ) from error


def remove_thing_folder(folder: Path) -> None:
    """Remove what `write_thing_folder` wrote; files that somebody added stay, and so does the folder then.

    *Raises* OperatorError.
    """
    try:
        # The description goes last: a folder that still has it can be cleaned up again.
        for name in (PRIVATE_KEY, CERTIFICATE, CACERT, CONF):
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        raise OperatorError(f"cannot remove {error.filename}: {error.strerror}", "remove it by hand") from error


def _write(path: Path, content: bytes, *, mode: int) -> None:
    # The mode is set when the file is created: nobody else can read a key at any moment.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
