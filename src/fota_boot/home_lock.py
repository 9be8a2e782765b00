"""The path of a home folder's lock, which is held while a boot chooser runs."""


def lock_path(home: str) -> str:
    """The file that a `fota-boot` holds locked, so that a second one does not start images from the same home."""
    return home + "/lock"
