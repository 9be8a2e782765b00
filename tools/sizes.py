"""Prints how large the compiled device library is: each module, each kind of board, and at the end all as JSON.

It is compiled as by `mip_lists.py --compiled`: byte code without line numbers. The last rows are the bundle of each
board, by `bundle.py`, and how large it is compressed.
"""

import json
import sys

from bundle import sizes as bundle_sizes

from fota_operator.board.byte_code import device_bytecode
from fota_operator.board.modules import BOARDS, SOURCE, modules_of


def main() -> int:
    """The command."""
    needed = {board: modules_of(board) for board in BOARDS}
    paths = sorted({path for modules in needed.values() for path in modules})
    sizes = {path: len(device_bytecode(path, (SOURCE / path).read_bytes())) for path in paths}
    _row("bytes of .mpy", *BOARDS)
    for path, size in sorted(sizes.items(), key=lambda one: -one[1]):
        _row(path.as_posix(), *(size if path in needed[board] else "-" for board in BOARDS))
    boards = {board: sum(sizes[path] for path in needed[board]) for board in BOARDS}
    _row("all", *boards.values())
    bundles = {board: bundle_sizes(board) for board in BOARDS}
    _row("as one bundle", *(size for size, _ in bundles.values()))
    _row("as one bundle, compressed", *(compressed for _, compressed in bundles.values()))
    together = {board: size for board, (size, _) in bundles.items()}
    sys.stdout.write(json.dumps({"boards": boards, "bundles": together}) + "\n")
    return 0


def _row(name: str, *cells: object) -> None:
    sys.stdout.write(f"{name:<42}" + "".join(f"{cell:>10}" for cell in cells) + "\n")


if __name__ == "__main__":
    sys.exit(main())
