"""Bundles made by hand, as a builder would make them: whole ones, and ones that are wrong in one thing."""

import hashlib
import io
import json
import sys
import zipfile

from fota.bundle import contents_cpython as contents
from fota.bundle.contents_cpython import Member

HERE = f"cp{sys.version_info.major}{sys.version_info.minor}-any"


def bundle(files, *, version="1.0", entry="__main__", runtime=HERE, boot=1, listed=None, modes=None):
    """The bytes of a bundle. `files`: contents by path; `listed` changes the list before it is packed."""
    packed = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    modes = modes or {}
    members = [
        Member(path, modes.get(path, 0o644), len(content), hashlib.sha256(content).hexdigest())
        for path, content in packed.items()
    ]
    fields = json.loads(
        contents.contents_of(members, version=version, entry=entry, runtime=runtime, boot=boot).encoded()
    )
    if listed is not None:
        listed(fields)
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return zipped([(contents.LIST_NAME, text), *sorted(packed.items())])


def zipped(members, method=zipfile.ZIP_STORED):
    """A zip archive of these members, in this order, stored unless it is said otherwise."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, contents.DATE)
            entry.create_system, entry.external_attr = 3, contents.attributes_of(0o644)
            entry.compress_type = method
            archive.writestr(entry, content)
    return made.getvalue()
