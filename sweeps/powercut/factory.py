"""The device as it leaves the factory, and the recovery of a provisioning that a power cut interrupted."""

from __future__ import annotations

from functools import lru_cache

from fota import boot, image
from fota.boards.files import FilesBoard
from fota.boards.provisioning import provision
from fota.errors import AlreadyProvisioned, NothingBootable, NotProvisioned
from fota.trust import keyring
from fota_testing.posix.changes import FOLDER
from fota_testing.posix.disk import Disk
from fota_testing.posix.model import PosixModel, installed
from sweeps.powercut import seen, signing
from sweeps.powercut.device_modules import modules
from sweeps.powercut.history import Violation
from sweeps.powercut.scenarios import BUFFER_BYTES, FACTORY

_CAPACITY_BYTES = 4_096
_BARE = Disk({seen.HOME.rsplit("/", 1)[0]: FOLDER}, {})
"""A disk with the folder in which the home is made."""


@lru_cache(maxsize=2)
def factory_disk(*, is_keyed: bool) -> Disk:
    """A device that was provisioned, with a keyring or without one, and whose writes are all durable."""
    model = PosixModel(_BARE)
    with installed(model, *modules()):
        _provision(is_keyed=is_keyed)
    return model.disk.after_cut("kept")


def states(*, is_keyed: bool) -> list[tuple[int, Disk]]:
    """The disk at each operation of a provisioning, and at its end."""
    model = PosixModel(_BARE)
    found: list[tuple[int, Disk]] = []
    model.watch = lambda number, _function, _path: found.append((number, model.disk))
    with installed(model, *modules()):
        _provision(is_keyed=is_keyed)
    return [*found, (model.operations + 1, model.disk)]


def recover(left: Disk, *, was_finished: bool, is_keyed: bool) -> None:
    """After a cut the device boots its factory image, or can be provisioned again. *Raises* Violation.

    One that was to have a keyring never boots without it.
    """
    model = PosixModel(left)
    with installed(model, *modules()):
        try:
            slot = _boot()
        except (NotProvisioned, NothingBootable) as error:
            if was_finished:
                raise Violation("I1", f"provisioned, and after a power cut: {error}") from error
            slot = _made_again(is_keyed=is_keyed)
        if seen.image_name(model.content, slot) != FACTORY.name:
            raise Violation("I1", f"slot {slot} was started and does not hold the factory image")
        if seen.slot_size_bytes(model.content) != _CAPACITY_BYTES:
            raise Violation("I7", "the device boots, and its geometry is lost: it is closed to updates for ever")
        if is_keyed and seen.value(model.content, "keyring") != signing.FIRST_KEYS.content():
            raise Violation("I17", "the device boots, and the keyring that it was provisioned with is not there")


def _made_again(*, is_keyed: bool) -> int:
    try:
        _provision(is_keyed=is_keyed)
        return _boot()
    except (AlreadyProvisioned, NotProvisioned, NothingBootable) as error:
        raise Violation("I7", f"a provisioning that was cut short cannot be made again: {error}") from error


def _provision(*, is_keyed: bool) -> None:
    content = FACTORY.content
    provision(
        seen.HOME,
        _Reader(content),
        image_size_bytes=len(content),
        slot_count=seen.SLOTS,
        slot_size_bytes=_CAPACITY_BYTES,
        keyring=keyring.parse(signing.FIRST_KEYS.content()) if is_keyed else None,
    )


def _boot() -> int:
    home = FilesBoard(seen.HOME)
    buffer = memoryview(bytearray(BUFFER_BYTES))
    return boot.choose(home.records, home.slots.count, lambda slot: image.proves_itself(home.slots, slot, buffer))


class _Reader:
    """See `fota.slots.Reader`."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def readinto(self, buffer: memoryview) -> int:
        """Fill the beginning of `buffer`; 0 at the end."""
        chunk, self._content = self._content[: len(buffer)], self._content[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Do nothing: it holds nothing."""
