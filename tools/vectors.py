"""Writes the vectors of `tests/vectors`: devices with job documents, and what must come of each.

`python tools/vectors.py` writes them anew, `--into FOLDER` somewhere else. They come out byte for byte the same.
What is in them is told by `vector_accepted`, `vector_refused` and `vector_keyrings`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import vector_accepted
import vector_keyrings
import vector_refused
from vector_parts import Vector

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors"


def every_vector() -> list[Vector]:
    """All of them; no two have the same place."""
    found = [*vector_accepted.vectors(), *vector_refused.vectors(), *vector_keyrings.vectors()]
    places = [(vector.folder, vector.name) for vector in found]
    twice = sorted({place for place in places if places.count(place) > 1})
    if twice:
        raise ValueError(f"two vectors of one name: {twice}")
    return found


def text(vector: Vector) -> str:
    """What stands in the file of a vector."""
    fields = {"about": vector.about, "device": vector.device, "document": vector.document}
    if vector.image:
        fields["image"] = vector.image
    return json.dumps(fields, indent=1, sort_keys=True) + "\n"


def write(folder: Path) -> int:
    """Write every vector below a folder, and remove every other JSON file there. Returns their number."""
    wanted = {folder / vector.folder / f"{vector.name}.json": text(vector) for vector in every_vector()}
    for path in set(folder.rglob("*.json")) - set(wanted):
        path.unlink()
    for path, content in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return len(wanted)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Write the vectors of tests/vectors anew.")
    parser.add_argument(
        "--into", type=Path, default=FOLDER, help="the folder to write to; every other JSON file below it is removed"
    )
    count = write(parser.parse_args(arguments).into)
    sys.stdout.write(f"{count} vectors\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
