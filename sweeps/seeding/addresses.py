"""Finds the place of a bug: the short names of modules, and the part of a syntax tree that an address names."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"

MODULES = {
    "http_micropython": "fota.transfer._http_micropython",
    "connect_pace": "aws.iot.mqtt.pace",
    "apply": "fota.patch.apply",
    "asking": "fota.policy.asking",
    "filters": "aws.iot.mqtt.filters",
    "calls": "aws.iot.fota",
    "supervisor": "fota_boot.supervisor",
    "update_pace": "fota.pace",
    "dial": "fota.transfer.dial",
    "processes": "fota_boot.processes",
    "leftovers": "fota_boot.leftovers",
    "boards": "fota.boards",
    "boot": "fota.boot",
    "last_resort": "fota_boot.last_resort",
    "device": "fota.device",
    "digests": "fota.digests",
    "document": "aws.iot.document",
    "download": "fota.transfer.download",
    "durable": "fota.durable",
    "envelope": "fota.trust.envelope",
    "fields": "fota.fields",
    "files": "fota.slots.files",
    "firmware_job": "aws.iot.firmware_job",
    "floor": "fota.trust.floor",
    "flow": "aws.iot.flow",
    "heartbeat": "fota_boot.heartbeat",
    "image": "fota.image",
    "inflate_cpython": "fota.patch._inflate_cpython",
    "inflate_micropython": "fota.patch._inflate_micropython",
    "install": "fota.install",
    "jobs": "aws.iot.jobs",
    "journal": "fota.journal",
    "keyring": "fota.trust.keyring",
    "keyring_job": "aws.iot.keyring_job",
    "looks": "aws.iot.looks",
    "manifest": "fota.trust.manifest",
    "offered_patches": "aws.iot.offered_patches",
    "patch_head": "fota.patch.head",
    "patched": "fota.patch.patched",
    "patches": "fota.patches",
    "p256": "fota.trust.p256",
    "progress": "fota.progress",
    "provisioning": "fota.boards.provisioning",
    "proxy": "fota.transfer.proxy_cpython",
    "record": "fota.record",
    "releases": "fota.trust.releases",
    "reports": "aws.iot.reports",
    "shadows": "aws.iot.shadows",
    "signature": "fota.trust.signature",
    "start_images": "fota_boot.start_images",
    "storage": "fota._storage_cpython",
    "storage_names": "fota._storage_names_cpython",
    "storage_trouble": "aws.iot.storage_trouble",
    "strict_json": "fota.strict_json",
    "tags": "fota.bundle.tags_cpython",
    "trees": "fota.bundle.trees_cpython",
    "trial": "fota.trial",
    "verdicts": "verdicts",
    "waiting": "fota.waiting",
}
"""Every module that a bug is put into, by the name that the catalogues use: a module that moves is one line here."""

Scope = ast.Module | ast.ClassDef | ast.FunctionDef


class DoesNotFit(ValueError):
    """A bug whose place, or whose snippet, is not in the source as it is."""


def module_of(address: str) -> str:
    """The full name of the module that an address names. *Raises* ValueError for an unknown short name."""
    short = address.partition(":")[0]
    if short not in MODULES:
        raise ValueError(f"{address}: expected one of {', '.join(MODULES)}")
    return MODULES[short]


def file_of(module: str, source: Path) -> str:
    """The file of a module, below the source folder. *Raises* DoesNotFit when there is none."""
    path = module.replace(".", "/")
    for file in (path + ".py", path + "/__init__.py"):
        if (source / file).is_file():
            return file
    raise DoesNotFit(f"{module}: no such module")


def scope_in(tree: ast.Module, address: str) -> Scope:
    """The module, class or function that an address names. *Raises* DoesNotFit unless there is exactly one."""
    scope: Scope = tree
    for name in filter(None, address.partition(":")[2].split(".")):
        found = [node for node in scope.body if isinstance(node, Scope) and getattr(node, "name", None) == name]
        if len(found) != 1:
            raise DoesNotFit(f"{name} is defined {len(found)} times")
        scope = found[0]
    return scope
