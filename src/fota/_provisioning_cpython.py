"""What `fota-boot` does before a device leaves the bench: its home, its factory image, its keyring. CPython only."""

import os

from fota import keyring
from fota._filesystem_cpython import require_safe
from fota._storage_cpython import lock_path
from fota.errors import DeviceError
from fota.home import Home
from fota.provisioning import provision, put_keyring
from fota.storage import HomeLock, SlotReader, make_folder
from fota.trust_errors import BadKeyring

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

MOST_KEYRING_BYTES = 65_536


def provision_home(options: "argparse.Namespace") -> None:
    """An empty folder becomes a home. *Raises* DeviceError, Busy, StorageFailed, ImageTooLarge, ValueError."""
    if not os.path.isfile(options.factory):
        raise DeviceError(f"{options.factory}: no such file; --factory expects an image")
    size_bytes = os.path.getsize(options.factory)
    if size_bytes == 0:
        raise DeviceError(f"{options.factory}: holds no bytes; --factory expects an image")
    if not options.force:
        require_safe(options.home)
    trusted = None if options.keyring is None else _keyring(options.keyring)
    # Resolved: of a home's own files alone a link is not followed.
    reader = SlotReader(os.path.realpath(options.factory))
    try:
        make_folder(options.home)
        # Two at once would write into the same slot.
        HomeLock(lock_path(options.home)).take()
        provision(
            options.home,
            reader,
            image_size_bytes=size_bytes,
            slot_count=options.slots,
            slot_size_bytes=options.slot_size,
            keyring=trusted,
        )
    finally:
        reader.close()


def give_keyring(options: "argparse.Namespace") -> None:
    """A home that has no keyring gets one. *Raises* DeviceError, Busy, StorageFailed."""
    home = Home(options.home)
    lock = HomeLock(lock_path(options.home))
    lock.take()
    put_keyring(home, _keyring(options.keyring))


def _keyring(path: str) -> keyring.Keyring:
    try:
        with open(path, "rb") as file:
            found = keyring.parse(file.read(MOST_KEYRING_BYTES).rstrip(b"\n"))
    except OSError as error:
        raise DeviceError(f"{path}: {error.strerror}; --keyring expects a file of `fota keys export`", cause=error)
    except BadKeyring as error:
        raise DeviceError(f"{path}: {error}", cause=error)
    if found.hardware is None:
        # Said before anything is made.
        raise DeviceError(f"{path}: hardware: missing; a device's first keyring says which hardware it is")
    return found
