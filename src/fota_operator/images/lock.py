"""The lock: exact versions and hashes of the wheels of a bundle, as a file of requirements that pip reads.

Who builds with it gets the same wheels, and so the same bytes. Leaves to others: choosing and downloading (`wheels`).
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.utils import canonicalize_name

from fota_operator.errors import BadInput, OperatorError
from fota_operator.files import read_bounded, write_whole
from fota_operator.images.pip_process import PipFailed, run_pip
from fota_operator.images.pip_words import explained, without_credentials
from fota_operator.images.requirement_files import places, require_wheels
from fota_operator.images.target import Target
from fota_operator.images.wheels import Dependencies, Wheel, download

_HEAD = "# Written by `fota image build` for {target}. Remove this file to let pip choose again."
_MADE_FOR = re.compile(r"# Written by `fota image build` for (\S+)\.")
_MAX_BYTES = 4 << 20


def chosen_wheels(given: Dependencies, target: Target, folder: Path) -> list[Wheel]:
    """The wheels of a bundle, downloaded into a folder: those of the lock, if there is one; otherwise it is written.

    *Raises* OperatorError.
    """
    require_wheels(given.requirements)
    asked = [f"--requirement={file}" for file in given.requirements]
    if given.lock is None:
        return download(asked, given, target, folder)
    if given.lock.exists():
        wheels = _locked(given.lock, given, target, folder)
        _direct_places(given, target, folder, because_of=given.lock)
        return wheels
    wheels = download(asked, given, target, folder)
    write_whole(given.lock, _lock_text(wheels, target, _direct_places(given, target, folder)).encode())
    return wheels


def _locked(lock: Path, given: Dependencies, target: Target, folder: Path) -> list[Wheel]:
    text = read_bounded(lock, _MAX_BYTES, "remove it, and it is written again").decode(errors="replace")
    made_for = _MADE_FOR.match(text)
    if made_for and made_for[1] != str(target):
        raise BadInput(f"{lock} was made for {made_for[1]}, not for {target}", "give each target a lock of its own")
    with TemporaryDirectory() as aside:
        settings = Path(aside) / "places.txt"
        settings.touch(mode=0o600)
        settings.write_text(places(given.requirements), encoding="utf-8")
        options = [f"--requirement={settings}", f"--requirement={lock}", "--require-hashes", "--no-deps"]
        return download(options, given, target, folder)


def _direct_places(
    given: Dependencies, target: Target, folder: Path, because_of: Path | None = None
) -> dict[str, str]:
    """Let pip choose once more, among these wheels alone; the URLs of packages that are asked for by URL.

    *Raises* BadInput if the lock `because_of` does not hold what the requirements ask for.
    """
    with TemporaryDirectory() as aside:
        report = Path(aside) / "report.json"
        options = ["--dry-run", "--ignore-installed", "--no-index", f"--target={aside}", f"--report={report}"]
        options += [f"--find-links={folder}", *(f"--requirement={file}" for file in given.requirements)]
        try:
            run_pip("install", options, target)
        except PipFailed as error:
            said = explained(error.said, target, ())
            if because_of is None:
                raise said from None
            raise BadInput(
                f"{because_of} does not hold what the requirements ask for: {said.message}",
                "remove it, and pip chooses again",
            ) from None
        try:
            found: Any = json.loads(report.read_bytes())  # Any: it is checked by what is asked of it.
            direct = [one for one in found["install"] if one["is_direct"]]
            return {canonicalize_name(one["metadata"]["name"]): one["download_info"]["url"] for one in direct}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OperatorError(f"pip's report cannot be read: {error!r}", "use pip 23.1 or later") from error


def _lock_text(wheels: Iterable[Wheel], target: Target, direct: dict[str, str]) -> str:
    lines = [_HEAD.format(target=target)]
    for wheel in sorted(wheels, key=lambda one: one.name):
        url = without_credentials(direct.get(wheel.name, "")).partition("#")[0]
        # The path of a file would be one of this machine.
        exact = (
            f"{wheel.name} @ {url}" if url.startswith(("https://", "http://")) else f"{wheel.name}=={wheel.version}"
        )
        lines.append(f"{exact} --hash=sha256:{wheel.sha256}")
    return "\n".join(lines) + "\n"
