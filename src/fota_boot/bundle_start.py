"""Starts the program of a bundle: this Python runs with -I -S -B, and TREE, ENTRY and the arguments follow.

The path is that of the tree and the standard library; nothing beside it is imported. ENTRY is MODULE, which runs as
`python -m` runs it, or MODULE:FUNCTION, whose value becomes the exit status as that of a console script does.
It imports the standard library only: what is installed beside `fota-boot` is none of the program's business.
"""

import importlib.util
import sys
from types import ModuleType

_MAIN = "__main__"


def _start(tree: str, entry: str, arguments: "list[str]") -> None:
    import _sitebuiltins
    import builtins

    # As site does; without it a program has no `exit`.
    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)"))
    sys.path[:0] = [tree + "/app", tree + "/lib"]
    module, _, function = entry.partition(":")
    if not function:
        _run(module, arguments)
        return
    spec = importlib.util.find_spec(module)
    sys.argv = [module if spec is None or spec.origin is None else spec.origin, *arguments]
    found = importlib.import_module(module)
    for name in function.split("."):
        found = getattr(found, name)
    sys.exit(found())  # type: ignore[operator]  # a function of the bundle


def _run(module: str, arguments: "list[str]") -> None:
    """Run a module, or the `__main__` of a package, as the main module of this process."""
    ours = sys.modules.pop(_MAIN, None)
    spec = importlib.util.find_spec(module)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{module}.{_MAIN}")
    code = None if spec is None or spec.loader is None else spec.loader.get_code(spec.name)  # type: ignore[attr-defined]
    if spec is None or code is None:
        sys.modules[_MAIN] = ours or ModuleType(_MAIN)
        sys.exit(f"the bundle has no module {module} that can be run")
    main = ModuleType(_MAIN)
    main.__file__, main.__spec__, main.__loader__ = spec.origin, spec, spec.loader
    main.__package__ = spec.parent
    main.__cached__ = spec.cached  # type: ignore[attr-defined]
    sys.modules[_MAIN] = main
    sys.argv = [spec.origin or module, *arguments]
    exec(code, main.__dict__)  # noqa: S102 - the program of the device


# Not in a process that multiprocessing has made: it imports this file under another name.
if __name__ == _MAIN:
    _start(sys.argv[1], sys.argv[2], sys.argv[3:])
