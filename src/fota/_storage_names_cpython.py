"""CPython's half of `storage`: folders that are made, and files that are removed."""

import os

from fota._storage_cpython import sync_directory
from fota._storage_errors_cpython import storage_error


def make_folder(path: str) -> None:
    """Make a folder, for its owner alone, unless it is there; durable on return, with those above it."""
    path = os.path.abspath(path)
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    make_folder(parent)
    try:
        os.mkdir(path, 0o700)
        sync_directory(parent)
    except OSError as error:
        raise storage_error(path, error)


def remove_file(path: str) -> None:
    """Remove a file, if it is there; durable on return."""
    if not os.path.lexists(path):
        return
    try:
        os.unlink(path)
        sync_directory(os.path.dirname(path))
    except OSError as error:
        raise storage_error(path, error)
