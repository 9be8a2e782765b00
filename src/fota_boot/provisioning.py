"""Provisions a device before it leaves the bench: its home, its factory image, its keyring. CPython only."""

import os

from fota.boards.files import FilesBoard
from fota.boards.provisioning import provision, put_keyring
from fota.errors import DeviceError
from fota.log import log
from fota.storage import HomeLock, SlotReader, make_folder
from fota.trust import keyring
from fota.trust.errors import BadKeyring
from fota_boot.filesystem import doubt_about, require_safe
from fota_boot.home_lock import lock_path
from fota_boot.start_images import unpack_now, what_is_wrong_with

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

MAX_KEYRING_BYTES = 65_536


def provision_home(options: "argparse.Namespace") -> None:
    """Make an empty folder a home. *Raises* DeviceError, Busy, StorageFailed, ImageTooLarge, ValueError."""
    if not os.path.isfile(options.factory):
        kind = "a directory" if os.path.isdir(options.factory) else "not a file"
        what = kind if os.path.exists(options.factory) else "no such file"
        raise DeviceError(f"{options.factory}: {what}; --factory expects an image")
    size_bytes = os.path.getsize(options.factory)
    if size_bytes == 0:
        raise DeviceError(f"{options.factory}: holds no bytes; --factory expects an image")
    problem = what_is_wrong_with(options.factory)
    if problem:
        raise DeviceError(f"{options.factory}: {problem}; --factory expects an image")
    if not options.force:
        require_safe(options.home)
    doubt = doubt_about(options.home)
    if doubt:
        log("home-in-doubt", problem=f"{options.home}: {doubt}")
    trusted = None if options.keyring is None else _keyring(options.keyring)
    # The path is resolved: links are refused only for the files inside a home.
    reader = SlotReader(os.path.realpath(options.factory))
    try:
        make_folder(options.home)
        # Two processes would write into the same slot.
        HomeLock(lock_path(options.home)).take()
        provision(
            options.home,
            reader,
            image_size_bytes=size_bytes,
            slot_count=options.slots,
            slot_size_bytes=options.slot_size,
            keyring=trusted,
            unpack=unpack_now,
        )
    finally:
        reader.close()


def give_keyring(options: "argparse.Namespace") -> None:
    """Give a home without a keyring its first one. *Raises* DeviceError, Busy, StorageFailed."""
    home = FilesBoard(options.home)
    lock = HomeLock(lock_path(options.home))
    lock.take()
    put_keyring(home, _keyring(options.keyring))


def _keyring(path: str) -> keyring.Keyring:
    try:
        with open(path, "rb") as file:
            found = keyring.parse(file.read(MAX_KEYRING_BYTES).rstrip(b"\n"))
    except OSError as error:
        raise DeviceError(f"{path}: {error.strerror}; --keyring expects a file of `fota keys export`", cause=error)
    except BadKeyring as error:
        raise DeviceError(f"{path}: {error}", cause=error)
    if found.hardware is None:
        # Refused before anything is made.
        raise DeviceError(f"{path}: hardware: missing; a device's first keyring says which hardware it is")
    return found
