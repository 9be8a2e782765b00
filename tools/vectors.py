"""Writes the vectors of `tests/vectors`: devices, and job documents with the verdict that each must get.

`python tools/vectors.py` writes them again, `--into FOLDER` somewhere else. Every run gives the same bytes.
The vectors are in `vector_accepted`, `vector_refused` and `vector_keyrings`, the devices in `vector_devices`.
`tests/vectors/README.md` says how to read them.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import vector_accepted
import vector_devices
import vector_keyrings
import vector_refused
from vector_parts import Vector

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors"


def every_vector() -> list[Vector]:
    """All of them, checked: a file has each name once, and each device is used by a vector."""
    found = [*vector_accepted.vectors(), *vector_refused.vectors(), *vector_keyrings.vectors()]
    places = [(vector.file, vector.name) for vector in found]
    twice = sorted({place for place in places if places.count(place) > 1})
    if twice:
        raise ValueError(f"two vectors of one name: {twice}")
    odd = set(vector_devices.devices()) ^ {vector.device for vector in found}
    if odd:
        raise ValueError(f"devices that are not described, or not used: {sorted(odd)}")
    return found


def files(those: Iterable[Vector]) -> dict[str, str]:
    """The text of every file, by its path below the folder."""
    devices = vector_devices.devices()
    texts = {"devices.jsonl": _lines({"name": name, "about": about, **of} for name, (about, of) in devices.items())}
    for file, its_own in _by_file(those).items():
        texts[file] = _lines(_fields(vector) for vector in its_own)
    return texts


def _by_file(those: Iterable[Vector]) -> dict[str, list[Vector]]:
    found: dict[str, list[Vector]] = {}
    for vector in sorted(those, key=lambda vector: (vector.file, vector.name)):
        found.setdefault(vector.file, []).append(vector)
    return found


def _fields(vector: Vector) -> dict[str, object]:
    fields = {"name": vector.name, "about": vector.about, "device": vector.device, "document": vector.document}
    return {**fields, "image": vector.image} if vector.image else fields


def _lines(rows: Iterable[Mapping[str, object]]) -> str:
    """One JSON object on each line, in ASCII. Objects inside a row's fields have their keys sorted."""
    return "".join(
        json.dumps({name: json.loads(json.dumps(value, sort_keys=True)) for name, value in row.items()}) + "\n"
        for row in rows
    )


def write(folder: Path) -> int:
    """Write every file below a folder, and remove every other JSONL file there. Returns the number of vectors."""
    those = every_vector()
    wanted = {folder / file: text for file, text in files(those).items()}
    for path in set(folder.rglob("*.jsonl")) - set(wanted):
        path.unlink()
    for path, content in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return len(those)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Write the vectors of tests/vectors again.")
    parser.add_argument(
        "--into", type=Path, default=FOLDER, help="the folder to write to; every other JSONL file below it is removed"
    )
    count = write(parser.parse_args(arguments).into)
    sys.stdout.write(f"{count} vectors\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
