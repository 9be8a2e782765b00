"""A Software Package Catalog, stricter than AWS: made from botocore's model and AWS's pages.

A version begins as a draft, and no job may name it before it is published; a name that is taken is a conflict; what
was published keeps its attributes; both names and all attributes are bounded.
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/preparing-to-use-software-package-catalog.html
"""

from __future__ import annotations

import json
from typing import Any

from tests.labs.faked_operations import AwsRefuses, Operation, Params

MAX_ATTRIBUTE_BYTES = 3072
"""CreatePackageVersion: the combined size of all the attributes on a package version is limited to 3KB."""
MAX_NAME_BYTES = 64
"""Stricter than the model for packages: AWS's console and the shadow `$package` take no longer ones."""


class StrictCatalog:
    """Packages, their versions, and the configuration of Jobs. `versions`: by package and version."""

    def __init__(self, prefix: str = "arn:aws:iot:eu-west-1:123456789012") -> None:
        self.prefix = prefix
        self.packages: set[str] = set()
        self.versions: dict[tuple[str, str], dict[str, Any]] = {}
        self.configuration: dict[str, Any] = {}

    def operations(self) -> dict[str, Operation]:
        """To be answered by a `FakedOperations`."""
        return {
            "CreatePackage": self._create_package,
            "CreatePackageVersion": self._create_version,
            "GetPackageVersion": self._get_version,
            "UpdatePackageVersion": self._update_version,
            "GetPackageConfiguration": lambda _: (
                {"versionUpdateByJobsConfig": dict(self.configuration)} if self.configuration else {}
            ),
            "UpdatePackageConfiguration": self._configure,
        }

    def require_deployable(self, arn: str) -> None:
        """What CreateJob refuses: a version that is not there, or is a draft."""
        found = next((one for one in self.versions.values() if one["packageVersionArn"] == arn), None)
        if found is None or found["status"] == "DRAFT":
            raise AwsRefuses("InvalidRequestException", f"{arn} is not published")

    def _create_package(self, params: Params) -> Params:
        name = params["packageName"]
        _require_name(name)
        if name in self.packages:
            raise AwsRefuses("ConflictException")
        self.packages.add(name)
        return {"packageName": name, "packageArn": f"{self.prefix}:package/{name}"}

    def _create_version(self, params: Params) -> Params:
        package, version = params["packageName"], params["versionName"]
        _require_name(version)
        if package not in self.packages:
            raise AwsRefuses("ResourceNotFoundException")
        if (package, version) in self.versions:
            raise AwsRefuses("ConflictException")
        attributes = params.get("attributes", {})
        if len(json.dumps(attributes).encode()) > MAX_ATTRIBUTE_BYTES:
            raise AwsRefuses("ValidationException")
        made = self.versions[package, version] = {
            "packageVersionArn": f"{self.prefix}:package/{package}/version/{version}",
            "packageName": package,
            "versionName": version,
            "attributes": attributes,
            "status": "DRAFT",
        }
        return dict(made)

    def _found(self, params: Params) -> dict[str, Any]:
        found = self.versions.get((params["packageName"], params["versionName"]))
        if found is None:
            raise AwsRefuses("ResourceNotFoundException")
        return found

    def _get_version(self, params: Params) -> Params:
        return dict(self._found(params))

    def _update_version(self, params: Params) -> Params:
        found = self._found(params)
        if "attributes" in params and found["status"] != "DRAFT":
            raise AwsRefuses("ConflictException", "a version that was published keeps its attributes")
        if params.get("action") == "PUBLISH":
            if found["status"] == "PUBLISHED":
                raise AwsRefuses("ConflictException", "it is published already")
            found["status"] = "PUBLISHED"
        return {}

    def _configure(self, params: Params) -> Params:
        wanted = params["versionUpdateByJobsConfig"]
        if wanted.get("enabled") and not wanted.get("roleArn"):
            raise AwsRefuses("ValidationException", "a role is needed")
        self.configuration = dict(wanted)
        return {}


def _require_name(name: str) -> None:
    if len(name.encode()) > MAX_NAME_BYTES:
        raise AwsRefuses("ValidationException", "the name is too long")
