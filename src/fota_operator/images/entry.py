"""The entry point of a bundle: that the files hold what is to be started. Pure."""

import symtable
from collections.abc import Mapping

from fota.bundle.contents_cpython import APP, LIB
from fota_operator.errors import BadInput

_FORM = "write it as MODULE, which is run as `python -m` does, or as MODULE:FUNCTION, which is called"


def require_entry(entry: str, files: Mapping[str, bytes]) -> None:
    """*Raises* BadInput if the module is not among these files, or has no such function."""
    module, colon, function = entry.partition(":")
    path = module.replace(".", "/")
    names = (f"{path}.py", f"{path}/__init__.py") if colon else (f"{path}.py", f"{path}/__main__.py")
    # The program's folder is searched before the packages.
    sources = [f"{folder}/{name}" for folder in (APP, LIB) for name in names if f"{folder}/{name}" in files]
    if not sources:
        places = " or ".join(f"{APP}/{name}" for name in names)
        raise BadInput(f"`entry`: there is no {places}, and no such module in a package: got {entry!r}", _FORM)
    if colon and not _has(files[sources[0]], function.partition(".")[0]):
        raise BadInput(f"`entry`: {sources[0]} has no {function}: got {entry!r}", _FORM)


def _has(source: bytes, name: str) -> bool:
    """Whether a module binds a name. One that imports `*` may bind any."""
    if b"import *" in source:
        return True
    try:
        symbol = symtable.symtable(source.decode(), "entry", "exec").lookup(name)
    except (KeyError, SyntaxError, ValueError):
        return False
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
