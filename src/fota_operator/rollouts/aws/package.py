"""The release of a rollout in AWS's Software Package Catalog: a package, and a published version of it.

A job names the version, and AWS's console then shows which things have it. Nothing of a rollout depends on that:
where the catalog does not take the release, the rollout goes on without it, and says so. Twice is harmless.
Leaves to others: that AWS IoT Jobs may write the version of a thing (`account.catalog`).
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/software-package-catalog.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from fota_operator.cloud import Cloud, explaining, is_passing
from fota_operator.errors import CloudRefused
from fota_operator.rollouts.aws.plan_store import StoredPlan
from fota_operator.rollouts.aws.progress import OnProgress, RolloutProgress

MAX_NAME_CHARACTERS = 64
DIGEST = "sha256"
"""The attribute of a version that ties it to the bytes of an image."""
_NAME = re.compile(rf"[a-zA-Z0-9_.-]{{1,{MAX_NAME_CHARACTERS}}}")
_CONFLICT = "ConflictException"
_DEPLOYABLE = ("PUBLISHED", "DEPRECATED")


def misfit(product: str, version: str) -> str | None:
    """Why the catalog does not take the names of a release; None if it does. Pure."""
    for what, name in (("product", product), ("version", version)):
        if _NAME.fullmatch(name) is None:
            return (
                f"the {what} {name!r} does not fit into AWS's package catalog, which takes 1 to "
                f"{MAX_NAME_CHARACTERS} letters, digits and . _ -"
            )
    return None


def package_version(cloud: Cloud, stored: StoredPlan, on_progress: OnProgress) -> str | None:
    """The ARN of the release in the catalog, which is made if need be; None: the rollout goes on without.

    *Raises* CloudUnreachable, and CloudRefused while AWS has trouble: a later try may succeed.
    """
    if not stored.plan.catalog:
        return None
    why = misfit(stored.product, stored.version)
    if why is None:
        try:
            arn, why = _made(cloud, stored)
        except CloudRefused as error:
            if is_passing(error):
                raise
            arn, why = None, error.message
        if arn is not None:
            return arn
    if not cloud.is_stand_in:
        # The local AWS has no catalog, and nobody misses it there.
        on_progress(RolloutProgress(f"it goes on without AWS's package catalog: {why}"))
    return None


def _made(cloud: Cloud, stored: StoredPlan) -> tuple[str | None, str]:
    """The ARN, or None and why the catalog's version is not ours."""
    name, version, digest = stored.product, stored.version, stored.plan.release
    with _taken_is_fine(), explaining(f"make the software package {name}"):
        cloud.iot.create_package(packageName=name)
    with _taken_is_fine(), explaining(f"make the version {version} of the software package {name}"):
        cloud.iot.create_package_version(packageName=name, versionName=version, attributes={DIGEST: digest})
    with explaining(f"look at the version {version} of the software package {name}"):
        found = cloud.iot.get_package_version(packageName=name, versionName=version)
    theirs = found.get("attributes", {}).get(DIGEST)
    if theirs != digest:
        return None, f"its version {version} of {name} is of another image, {theirs or 'which it does not name'}"
    if found.get("status") not in _DEPLOYABLE:
        with _taken_is_fine(), explaining(f"publish the version {version} of the software package {name}"):
            cloud.iot.update_package_version(packageName=name, versionName=version, action="PUBLISH")
    return found["packageVersionArn"], ""


@contextmanager
def _taken_is_fine() -> Iterator[None]:
    """What is there already was made before, by another rollout of the release, or by an answer that was lost."""
    try:
        yield
    except CloudRefused as error:
        if error.code != _CONFLICT:
            raise
