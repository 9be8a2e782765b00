"""A plan out of a TOML file and flags: parsed whole, or refused with the field that is wrong.

Leaves to others: what each field takes (`plan_table`), reading the release that the plan names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from fota_operator.errors import BadInput, NotFound
from fota_operator.rollouts.plan import Plan
from fota_operator.rollouts.plan_limits import MOST_NAME_CHARACTERS
from fota_operator.rollouts.plan_table import plan_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_UNNAMED = "unnamed"
_UNREAD = "0" * 64
_HASH_CHARACTERS = 8


@dataclass(frozen=True)
class PlanFile:
    """What a file and flags say: a plan, but for the release, which they name by its path.

    `name` None: it is named after the release. `draft` is the plan with neither.
    """

    release_path: Path
    name: str | None
    draft: Plan

    def plan(self, image_sha256: str, *, product: str, version: str) -> Plan:
        """The plan for that release. *Raises* BadInput if it has no name and none can be made of the release's."""
        return replace(self.draft, name=self.name or default_name(product, version), release=image_sha256)


def read_plan(path: Path | None, flags: Mapping[str, object] | None = None) -> PlanFile:
    """What a file says, and flags where they are given: tables of the same shape, `{"targets": {"percent": 10}}`.

    Either may be left out; a flag None is not given. The release of a file lies relative to the file, that of a flag
    relative to the working directory. *Raises* BadInput, NotFound.
    """
    table = _merged({} if path is None else _read(path), flags or {})
    release = table.get("release")
    if not isinstance(release, str | Path) or not str(release):
        got = "nothing" if release is None else repr(release)
        raise BadInput(f"release: expected the path of a release, got {got}", "name the file of a release")
    draft = plan_of({"name": _UNNAMED} | table | {"release": _UNREAD})
    return PlanFile(Path(release), draft.name if "name" in table else None, draft)


def default_name(product: str, version: str) -> str:
    """The name of a rollout that has none of its own: product and version. *Raises* BadInput."""
    name = re.sub("[^a-z0-9]+", "-", f"{product}-{version}".lower()).strip("-")
    if not name:
        raise BadInput(f"name: none can be made of {product} {version}", "give the rollout a name")
    if len(name) <= MOST_NAME_CHARACTERS:
        return name
    # Cut short alone, two versions of a long product would be one rollout.
    mark = sha256(f"{product}-{version}".encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{name[: MOST_NAME_CHARACTERS - _HASH_CHARACTERS - 1].rstrip('-')}-{mark}"


def _read(path: Path) -> dict[str, object]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"there is no plan {path}", "look at the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {error}", "a plan is a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: not TOML: {error}", "mend it there") from error
    release = table.get("release")
    return table | {"release": str(path.parent / release)} if isinstance(release, str) and release else table


def _merged(table: Mapping[str, object], flags: Mapping[str, object]) -> dict[str, object]:
    """A table with the fields of another in the place of its own; tables within are merged likewise."""
    merged = dict(table)
    for name, value in flags.items():
        own = merged.get(name)
        if isinstance(value, Mapping) and isinstance(own, Mapping | None):
            merged[name] = _merged(own or {}, value)
        elif value is not None:
            merged[name] = value
    return merged
