"""Files that survive updates: settings that a person writes, and state that the program writes.

The same in every version of the program: `meter.py` says what is in the state, and how older state becomes it.
"""

import json
import logging
import os
from pathlib import Path

import meter

STATE = "state.json"
SETTINGS = "settings.json"


def settings(folder: Path, defaults: dict) -> dict:
    """The defaults of this version, and over them what the file has; what this version does not know is left out."""
    try:
        found = json.loads((folder / SETTINGS).read_bytes())
    except FileNotFoundError:
        found = {}
    unknown = sorted(set(found) - set(defaults))
    if unknown:
        logging.info("settings for another version: %s", ", ".join(unknown))
    return {name: found.get(name, default) for name, default in defaults.items()}


def load(folder: Path) -> dict:
    """The state, as this version wants it. Writes nothing.

    A first start gets the state of a new pump. *Raises* SystemExit for data that are damaged, or that this version is
    too old for: they stay as they are, and a version on trial is rolled back.
    """
    path = folder / STATE
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return meter.new()
    except ValueError as error:
        # No power cut does this: the disk failed, or somebody wrote here.
        raise SystemExit(
            f"{path}: expected JSON, got {error}; restore it, or remove it to begin from zero"
        ) from error
    if found["readable_from"] > meter.SCHEMA:
        raise SystemExit(
            f"{path}: expected data that schema {meter.SCHEMA} can read, "
            f"got schema {found['schema']}, which schema {found['readable_from']} and later can read"
        )
    for schema in range(found["schema"], meter.SCHEMA):
        found.update(meter.STEPS[schema](found))
    # Fields of a newer version are left out: this version would not keep them true.
    return {name: found[name] for name in meter.new()}


def save(folder: Path, state: dict) -> None:
    """Replace the state by this one. *Blocks* until it is on the disk; a power cut leaves the old or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"schema": meter.SCHEMA, "readable_from": meter.READABLE_FROM, **state, **meter.for_older(state)}
    path, written = folder / STATE, folder / (STATE + ".new")
    with written.open("wb") as file:
        file.write(json.dumps(document).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    # Cut before this: the old state, and a file beside it that the next save writes again.
    written.replace(path)
    # Cut before this: the old state or the new one.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
