"""What pip said when it failed, as one error of ours, without any credentials.

pip has no answer for programs when it fails; its lines are matched here and nowhere else, and one that is not known
is passed on as it is.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from fota_operator.errors import BadInput, NotFound, OperatorError
from fota_operator.images.packages import LIBRARY, MAKE_ITS_WHEEL
from fota_operator.images.target import Target

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_QUERY = re.compile(r"(?<=\S)\?[^\s'\")]+")
_ERROR = re.compile(r"^ERROR: (.*)$", re.MULTILINE)
_MISSING = re.compile(r"No matching distribution found for (.+?)(?: \(from .*\))?$", re.MULTILINE)
_NOT_FOR_TARGET = re.compile(r"^ERROR: (\S+\.whl) is not a supported wheel on this platform", re.MULTILINE)
_WRONG_HASH = re.compile(r"^\s*(\S.*?):?\n\s+Expected sha256 (?:or )?([0-9a-f]+)[^G]*Got\s+([0-9a-f]+)", re.MULTILINE)
_NO_PIN = re.compile(r"must have their versions pinned with ==\. These do not:\n((?: +\S.*\n)+)")
_NO_HASH = re.compile(r"^\s+(\S+?)(?:==\S+)? -{2}hash=", re.MULTILINE)
_NO_NETWORK = re.compile(
    r"connection broken by|NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|"
    r"SSLError|Max retries exceeded|Could not fetch URL"
)
_CAUSE = re.compile(r"NameResolution|NewConnection|ConnectTimeout|ReadTimeout|Proxy|SSL")
_CONFLICT = re.compile(r"The conflict is caused by:\n((?: +\S.*\n)+)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MAX_CHARACTERS = 600


def without_credentials(text: str) -> str:
    """A text in which no URL has a user, a password or a query."""
    return _QUERY.sub("", _CREDENTIALS.sub("", text))


def explained(said: str, target: Target, find_links: Sequence[Path]) -> OperatorError:
    """The error that pip's words mean."""
    return (
        _hashes(said)
        or _unreachable(said)
        or _no_wheel(said, target, find_links)
        or _conflict(said)
        or OperatorError(f"pip failed: {_last_words(said)}", "correct the requirements, or the settings of pip")
    )


def _hashes(said: str) -> OperatorError | None:
    if "DO NOT MATCH THE HASHES" in said:
        found = _WRONG_HASH.search(said)
        what = (
            f"{_shown(found[1]).partition(' from ')[0]}: expected SHA-256 {found[2]}, got {found[3]}"
            if found
            else _last_words(said)
        )
        return BadInput(
            f"a package is not the one that was asked for: {what}",
            "somebody may have exchanged it: find out why before you correct the hash",
        )
    unpinned = _NO_PIN.search(said)
    if unpinned:
        names = ", ".join(line.split(" from ")[0].split(" (")[0].strip() for line in unpinned[1].splitlines())
        return BadInput(
            f"the requirements have hashes, and no exact version for {_shown(names)}",
            "write it as NAME==VERSION; `lock` writes a file that has them all",
        )
    if "Hashes are required" in said:
        bare = sorted(set(_NO_HASH.findall(said)))
        return BadInput(
            f"the requirements have hashes, and none for {', '.join(bare) or 'some packages'}",
            "give a hash for each package; `lock` writes a file that has them all",
        )
    return None


def _unreachable(said: str) -> OperatorError | None:
    if not _NO_NETWORK.search(said):
        return None
    found = _CAUSE.search(said)
    return OperatorError(
        f"pip did not reach its package index ({found[0] + 'Error' if found else 'the connection was broken'})",
        "look at the network and at `pip config list`; without a network, give all wheels with `find_links` and set "
        "PIP_NO_INDEX=1",
    )


def _no_wheel(said: str, target: Target, find_links: Sequence[Path]) -> OperatorError | None:
    given = _NOT_FOR_TARGET.search(said)
    if given:
        return BadInput(f"{given[1]} is not for {target}", "name a wheel for the target, or none and let pip choose")
    found = _MISSING.search(said)
    if not found:
        return None
    wanted = _shown(found[1].strip())
    name = _NAME.match(wanted)
    others = _others(name[0], find_links) if name else []
    aside = f" (not fit: {', '.join(others)})" if others else ""
    build = (
        "see that there is such a package; to build its wheel, run on the device "
        f"`pip wheel --wheel-dir wheels '{wanted}'`; then name the folder here with `find_links`"
    )
    is_library = name is not None and canonicalize_name(name[0]) == LIBRARY
    return NotFound(
        f"there is no wheel of {wanted} for {target}{aside}",
        MAKE_ITS_WHEEL if is_library else build,
    )


def _others(name: str, find_links: Sequence[Path]) -> list[str]:
    """The wheels of a package that are there, and did not do."""
    found = []
    for path in sorted(path for folder in find_links for path in folder.glob("*.whl")):
        try:
            if parse_wheel_filename(path.name)[0] == canonicalize_name(name):
                found.append(path.name)
        except InvalidWheelFilename:
            continue
    return found


def _conflict(said: str) -> OperatorError | None:
    found = _CONFLICT.search(said)
    if not found:
        return None
    reasons = "; ".join(line.strip() for line in found[1].splitlines())
    return BadInput(f"the requirements contradict each other: {_shown(reasons)}", "change one of them")


def _last_words(said: str) -> str:
    lines = _ERROR.findall(said)
    # It begins so when pip itself broke; what broke is the last line of the traceback that follows.
    if not lines or lines[-1] == "Exception:":
        lines = said.strip().splitlines()
    return _shown(lines[-1] if lines else "it said nothing")


def _shown(text: str) -> str:
    return without_credentials(text)[:_MAX_CHARACTERS]
