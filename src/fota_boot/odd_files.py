"""What lies in a home where files of this user should lie, in words: for the message when nothing can start."""

import os
import stat

from fota_boot.notices import NAME

_MAX_NAMED = 3


def odd_files(home: str) -> str:
    """Names the first files of a home that are links, no files, or another user's; empty if there are none.

    Root reads the files of others, but does not believe them.
    """
    try:
        # The socket of a `fota-boot` that was killed means nothing.
        names = sorted(name for name in os.listdir(home) if name != NAME)
    except OSError as error:
        return f"{home}: {error.strerror}"
    told = [f"{name} {problem}" for name in names if (problem := _problem(os.path.join(home, name)))]
    more = f", and {len(told) - _MAX_NAMED} more" if len(told) > _MAX_NAMED else ""
    return ", ".join(told[:_MAX_NAMED]) + more


def _problem(path: str) -> str:
    try:
        found = os.lstat(path)
    except OSError as error:
        return str(error.strerror)
    if stat.S_ISLNK(found.st_mode):
        return "is a symbolic link"
    if found.st_uid != os.geteuid():
        return f"belongs to user {found.st_uid}"
    is_tree = stat.S_ISDIR(found.st_mode) and path.endswith(".tree")
    if not stat.S_ISREG(found.st_mode):
        return "" if is_tree else "is no file"
    if found.st_nlink > 1:
        return "has a hard link"
    return "" if os.access(path, os.R_OK) else "cannot be read"
