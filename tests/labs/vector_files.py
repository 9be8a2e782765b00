"""Reads the vectors of tests/vectors, as its README describes them. Shares nothing with their generator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


class Vector(NamedTuple):
    """A device, a job document, and the verdict that the document must get."""

    verdict: str
    """`accepted`, or the reason of the refusal."""
    name: str
    device_name: str
    device: dict[str, Any]
    document: Any
    image: str
    """What runs in the end; empty where no image is accepted."""


def read(file: str) -> list[Vector]:
    """The vectors of one file, which is named without its suffix: `accepted`, or `refused/` and the reason."""
    verdict = file.rpartition("/")[2]
    return [
        Vector(verdict, row["name"], row["device"], _DEVICES[row["device"]], row["document"], row.get("image", ""))
        for row in _rows(VECTORS / f"{file}.jsonl")
    ]


def reasons() -> list[str]:
    """Every reason that has a file of refused vectors."""
    return sorted(path.stem for path in VECTORS.glob("refused/*.jsonl"))


def refused() -> list[Vector]:
    """Every vector that a device must refuse."""
    return [vector for reason in reasons() for vector in read(f"refused/{reason}")]


def name_of(vector: Vector) -> str:
    """What a test calls it."""
    return f"{vector.verdict}/{vector.name}"


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


_DEVICES = {row.pop("name"): row for row in _rows(VECTORS / "devices.jsonl")}
