"""Whether a file is a zip archive that holds an image, a zipapp or a bundle; nothing in it is run."""

import zipfile

from fota.bundle.contents_cpython import LIST_NAME

_BROKEN = (OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zipfile.BadZipFile)


def what_is_wrong_with(path: str, *, in_full: bool = False) -> str:
    """Why a file is no archive of an image; empty if it is one. `in_full`: its bytes are read too."""
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            if not {"__main__.py", LIST_NAME} & set(archive.namelist()):
                return "a zip file without a __main__.py"
            damaged = archive.testzip() if in_full else None
    except _BROKEN as error:
        return f"no zipapp and no bundle ({error})"
    return "" if damaged is None else f"{damaged} in it is damaged"
