"""The doctor's checks of owners and modes: who else could change what a device boots, or read its private key.

CPython only. Other files check what these files contain.
"""

import os
import pwd
import stat

from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding

_MAX_NAMES = 3
"""The most files that one finding names."""

_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def examine_owner(path: str) -> list[Finding]:
    """A finding if we are another user than the device's, which trusts only its own files; else an empty list."""
    try:
        owner = os.stat(path).st_uid
    except PermissionError:
        text = f"{path} cannot be looked at by {user_name(os.geteuid())}"
        return [Finding("owner", ERROR, text, "run it as the user of the device")]
    except OSError:
        # Another check says whether it is there.
        return []
    if owner == os.geteuid():
        return []
    text = f"{path} belongs to {user_name(owner)}, but this runs as {user_name(os.geteuid())}"
    text += ": every file would look damaged"
    return [Finding("owner", ERROR, text, f"run it as the device does: sudo -u {user_name(owner)} fota-boot ...")]


def examine_home_access(path: str) -> list[Finding]:
    """Whether somebody else could change what boots."""
    owner = os.stat(path).st_uid
    with os.scandir(path) as entries:
        found = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
    folder = {path: os.stat(path)}
    foreign = [name for name, status in found.items() if status.st_uid != owner]
    links = [name for name, status in found.items() if stat.S_ISLNK(status.st_mode)]
    exposed = [name for name, status in (found | folder).items() if _is_open(status)]
    findings = []
    if foreign:
        text = f"{_named(foreign)}: of another owner, so not believed"
        findings.append(Finding("owner", ERROR, text, f"chown -R {user_name(owner)} {path}"))
    if links:
        findings.append(
            Finding("files", ERROR, f"{_named(links)}: a link, which is not followed", "put the file back")
        )
    if exposed:
        text = f"{_named(exposed)}: others may write to it, and so choose what boots"
        findings.append(Finding("modes", ERROR, text, f"chmod -R go-w {path}"))
    return findings or [Finding("modes", OK, f"{user_name(owner)} alone may change what boots")]


def examine_thing_access(folder: str, private_key: str, others: "list[str]") -> list[Finding]:
    """Whether somebody else could read the key, or say where the device connects and whom it trusts.

    It says nothing about files that are not there. All names are within the folder.
    """
    found = {name: _status(os.path.join(folder, name)) for name in (*others, private_key)}
    files = {name: status for name, status in found.items() if status is not None}
    findings = [_key_access(f"{folder}/{private_key}", files[private_key])] if private_key in files else []
    exposed = [name for name, status in files.items() if name != private_key and status.st_mode & stat.S_IWOTH]
    if exposed:
        text = f"{_named(exposed)}: everybody may write to it, and so say whom the device trusts"
        findings.append(Finding("thing folder", ERROR, text, f"chmod -R o-w {folder}"))
    foreign = [name for name, status in files.items() if status.st_uid not in (0, os.geteuid())]
    if foreign:
        text = f"{_named(foreign)}: belongs to {user_name(files[foreign[0]].st_uid)}, who may replace it"
        findings.append(Finding("thing folder", WARNING, text, f"chown -R root {folder}"))
    return findings


def _key_access(path: str, status: os.stat_result) -> Finding:
    mode = stat.S_IMODE(status.st_mode)
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        text = f"mode {mode:04o}: others may read it, or put another in its place"
        return Finding("private key", ERROR, text, f"chmod 0640 {path}, and give the device a new one")
    return Finding("private key", OK, f"mode {mode:04o}")


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def user_name(number: int) -> str:
    """The user's name; the number if it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _is_open(status: os.stat_result) -> bool:
    # A link's own mode means nothing.
    return bool(status.st_mode & _BY_OTHERS) and not stat.S_ISLNK(status.st_mode)


def _named(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:_MAX_NAMES])
    return shown if len(names) <= _MAX_NAMES else f"{shown} and {len(names) - _MAX_NAMES} more"
