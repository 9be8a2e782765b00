"""Reads a plan from a TOML file and flags: all of it is parsed, or it is refused with the field that is wrong.

Leaves to others: what each field takes (`table`), reading the release that the plan names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from fota_operator.bounded_text import MAX_TOML_BYTES, parse_toml
from fota_operator.errors import BadInput, NotFound
from fota_operator.files import unread
from fota_operator.jobs.timeouts import timeout_beyond
from fota_operator.rollouts.plan.fields import shown
from fota_operator.rollouts.plan.limits import MAX_NAME_CHARACTERS
from fota_operator.rollouts.plan.model import Plan
from fota_operator.rollouts.plan.table import plan_of

_UNNAMED = "unnamed"
_UNREAD = "0" * 64
_HASH_CHARACTERS = 8
_RELEASES = "releases"


@dataclass(frozen=True)
class PlanFile:
    """The content of a file and flags: a plan, except that it names the release by its path.

    `name` None: it is named after the release. `draft` is the plan with neither. `says_timeout`: it says how long an
    execution may be in progress. `patch_paths`: the files of older releases that `patches` names.
    """

    release_path: Path
    name: str | None
    draft: Plan
    says_timeout: bool = True
    patch_paths: tuple[Path, ...] = ()

    def plan(
        self,
        image_sha256: str,
        *,
        product: str,
        version: str,
        within_s: int | None = None,
        patch_images: Sequence[str] = (),
    ) -> Plan:
        """The plan for that release, which a device may put off for `within_s` seconds; None and 0 change nothing.

        `patch_images`: the SHA-256 of the images of `patch_paths`.
        *Raises* BadInput if it has no name and none can be made of the release's.
        """
        plan = replace(self.draft, name=self.name or default_name(product, version), release=image_sha256)
        patches = plan.patches
        if patches is not None and patches.sources is not None:
            named = tuple(sorted({*patches.sources, *patch_images}))
            plan = replace(plan, patches=replace(patches, sources=named))
        if self.says_timeout or not within_s:
            return plan
        return replace(plan, timeout_minutes=timeout_beyond(within_s))


def read_plan(path: Path | None, flags: Mapping[str, object] | None = None) -> PlanFile:
    """Read a file, then apply the flags that are given: tables of the same shape, `{"targets": {"percent": 10}}`.

    Either may be left out; a flag None is not given. The path of a release is relative to the file, that of a flag
    relative to the working directory. *Raises* BadInput, NotFound.
    """
    table = _merged({} if path is None else _read(path), flags or {})
    release = table.get("release")
    if not isinstance(release, str | Path) or not str(release):
        got = "nothing" if release is None else shown(release)
        raise BadInput(f"release: expected the path of a release, got {got}", "name the file of a release")
    table, older = _without_releases(table)
    draft = plan_of({"name": _UNNAMED} | table | {"release": _UNREAD})
    name = draft.name if "name" in table else None
    return PlanFile(Path(release), name, draft, "timeout-minutes" in table, older)


def default_name(product: str, version: str) -> str:
    """The name of a rollout that has none of its own: product and version. *Raises* BadInput."""
    name = re.sub("[^a-z0-9]+", "-", f"{product}-{version}".lower()).strip("-")
    if not name:
        raise BadInput(f"name: none can be made of {product} {version}", "give the rollout a name")
    if len(name) <= MAX_NAME_CHARACTERS:
        return name
    # If the name were only cut short, two versions of a long product name would be one rollout.
    mark = sha256(f"{product}-{version}".encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{name[: MAX_NAME_CHARACTERS - _HASH_CHARACTERS - 1].rstrip('-')}-{mark}"


def _read(path: Path) -> dict[str, object]:
    try:
        table = parse_toml(_content(path))
    except ValueError as error:
        # Beside TOMLDecodeError: a number of more than 4,300 digits, brackets that are nested too deep.
        raise BadInput(f"{path}: not TOML: {error}", "mend it there; a plan is a TOML file") from error
    release, patches = table.get("release"), table.get("patches")
    if isinstance(release, str) and release:
        table["release"] = str(path.parent / release)
    if isinstance(patches, dict) and isinstance(patches.get(_RELEASES), list):
        table["patches"] = patches | {
            _RELEASES: [str(path.parent / one) if isinstance(one, str) and one else one for one in patches[_RELEASES]]
        }
    return table


def _without_releases(table: Mapping[str, object]) -> tuple[dict[str, object], tuple[Path, ...]]:
    """The plan without the files of older releases, and these; named alone, they are all that patches start from."""
    patches = table.get("patches")
    if not isinstance(patches, Mapping) or _RELEASES not in patches:
        return dict(table), ()
    named = patches[_RELEASES]
    if not isinstance(named, list) or not all(isinstance(one, str | Path) and str(one) for one in named):
        raise BadInput(f"patches.{_RELEASES}: expected a list of paths, got {shown(named)}", "name files of releases")
    others = {key: value for key, value in patches.items() if key != _RELEASES}
    return {**table, "patches": {"from": []} | others}, tuple(Path(one) for one in named)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_TOML_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(f"there is no plan {path}", "look at the path") from error
    except OSError as error:
        raise unread(path, error, "a plan is a TOML file") from error


def _merged(table: Mapping[str, object], flags: Mapping[str, object]) -> dict[str, object]:
    """A table with its fields replaced by those of another; tables inside are merged in the same way."""
    merged = dict(table)
    for name, value in flags.items():
        own = merged.get(name)
        if isinstance(value, Mapping) and isinstance(own, Mapping | None):
            merged[name] = _merged(own or {}, value)
        elif value is not None:
            merged[name] = value
    return merged
