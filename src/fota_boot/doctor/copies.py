"""The doctor's checks of the values that a device keeps twice: record, journal, keyring, floor, seals, releases.

CPython only. Each copy is read by itself, with the code that the device uses, and nothing is written.
"""

import time

from fota import digests, journal, record, strict_json
from fota.boards.files import FilesBoard
from fota.bundle import trees_cpython as trees
from fota.durable import CELL_BYTES, DurableValue
from fota.errors import FotaError, StorageFailed
from fota.storage import cell_pair
from fota.trust import envelope as envelopes
from fota.trust import floor, keyring, manifest, releases
from fota.trust.errors import BadKeyring
from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.durable import Cell

WHOLE = "whole"
BLANK = "blank"
DAMAGED = "damaged"
MISSING = "missing"
UNREADABLE = "unreadable"
"""The system refuses to read it; what it holds is not lost."""

SECOND_LOOK_S = 0.2
"""A copy that reads badly is read again after this time: a device that runs may be writing it."""


class Kept:
    """One value that is kept in two copies."""

    def __init__(
        self,
        name: str,
        magic: bytes,
        reads: "Callable[[bytes], bool]",
        loss: str,
        remedy: str,
        *,
        is_in_both: bool = False,
        size_bytes: int = CELL_BYTES,
    ) -> None:
        """`loss` and `remedy` are said when neither copy can be read; `is_in_both`: it is always written to both."""
        self.name = name
        self.magic = magic
        self.reads = reads
        self.loss = loss
        self.remedy = remedy
        self.is_in_both = is_in_both
        self.size_bytes = size_bytes


def examine_copies(home: FilesBoard) -> list[Finding]:
    """Every copy that the home must have, and the keyring's."""
    always = [_judged(kept, _states(home.path, kept)) for kept in (_RECORD, _JOURNAL)]
    # A slot that was never filled has no seal, and an image that came without a release has none to keep.
    slots = [kept for slot in range(home.slots.count) for kept in (_seal(slot), _tree(slot), _release(slot))]
    found = [(kept, _states(home.path, kept)) for kept in slots]
    return (
        always
        + _trust(home)
        + [_judged(kept, states) for kept, states in found if {WHOLE, DAMAGED, UNREADABLE} & set(states)]
    )


def _trust(home: FilesBoard) -> list[Finding]:
    remedy = f"make one with `fota keys export`, then: fota-boot --home {home.path} --keyring FILE"
    try:
        found = home.releases.keyrings.load()
    except (BadKeyring, StorageFailed):
        return [_judged(_KEYRING, _states(home.path, _KEYRING))]
    if found is None:
        return [Finding("keyring", WARNING, releases.NO_KEYRING, remedy)]
    findings = [_judged(kept, _states(home.path, kept)) for kept in (_KEYRING, _FLOOR)]
    text = f"version {found.version}: {found.threshold} of {len(found.keys)} keys sign for {found.product}"
    return [*findings, Finding("trust", OK, f"{text}, {found.hardware}")]


def _judged(kept: Kept, states: list[str]) -> Finding:
    lost = [f"{kept.name}-{copy}" for copy, state in enumerate(states) if _is_lost(kept, state)]
    if not lost:
        return Finding(kept.name, OK, "both copies are whole" if states == [WHOLE] * 2 else "nothing is damaged")
    if UNREADABLE in states and WHOLE not in states:
        remedy = "see to the disk, and to who may read the file; nothing is written in its place"
        return Finding(kept.name, ERROR, f"cannot be read now: {kept.loss}", remedy)
    if len(lost) == len(states):
        return Finding(kept.name, ERROR, f"both copies are damaged: {kept.loss}", kept.remedy)
    text = f"{lost[0]} is {states[int(lost[0][-1])]}; the other copy serves"
    return Finding(kept.name, WARNING, text, "it is mended when it is next written; if it comes back, test the disk")


def _is_lost(kept: Kept, state: str) -> bool:
    return state in (DAMAGED, MISSING, UNREADABLE) or (state == BLANK and kept.is_in_both)


def _states(path: str, kept: Kept) -> list[str]:
    """The state of each copy."""
    cells = cell_pair(f"{path}/{kept.name}", kept.size_bytes)
    states = [_state(cell, kept) for cell in cells]
    if DAMAGED in states:
        time.sleep(SECOND_LOOK_S)
        states = [_state(cell, kept) for cell in cells]
    return states


def _state(cell: "Cell", kept: Kept) -> str:
    try:
        content = cell.read()
    except StorageFailed:
        return UNREADABLE
    if not content:
        return DAMAGED if cell.is_made() else MISSING
    if not any(content):
        return BLANK
    payload = DurableValue(kept.magic, cell, _Nowhere()).load()
    return WHOLE if payload is not None and kept.reads(payload) else DAMAGED


class _Nowhere:
    """An empty second cell, so that the first is read by itself."""

    size_bytes = CELL_BYTES

    def read(self) -> bytes:
        """Nothing."""
        return b""

    def is_made(self) -> bool:
        """False: the cell does not exist."""
        return False

    def write(self, _content: bytes) -> None:
        """*Raises* RuntimeError: a doctor writes nothing."""
        raise RuntimeError("a doctor writes nothing")


def _is_object(payload: bytes) -> bool:
    """Whether the payload is a JSON object: a journal, with or without an update under way."""
    try:
        return isinstance(strict_json.parse(payload), dict)
    except ValueError:
        return False


def _is_keyring(payload: bytes) -> bool:
    try:
        keyring.parse(payload)
    except BadKeyring:
        return False
    return True


def _is_release(payload: bytes) -> bool:
    """Whether the envelope holds a manifest; its signatures are verified before the slot goes on trial."""
    try:
        manifest.parse(envelopes.parse(strict_json.parse(payload)).payload)
    except (FotaError, ValueError):
        return False
    return True


_RECORD = Kept(
    "record",
    record.MAGIC,
    lambda payload: record.decode(payload) is not None,
    "which slot is to boot is not known any more",
    "restart fota-boot: it starts a slot that proves itself; then test the disk",
    is_in_both=True,
)
_JOURNAL = Kept(
    "journal",
    journal.MAGIC,
    _is_object,
    "the update under way, and the images known to be bad, are forgotten",
    "test the disk; the job is taken up anew",
)
_KEYRING = Kept(
    "keyring",
    keyring.MAGIC,
    _is_keyring,
    "the device installs nothing any more",
    "put it there again: fota-boot --home DIR --keyring FILE",
    is_in_both=True,
)
_FLOOR = Kept(
    "floor",
    floor.MAGIC,
    lambda payload: floor.decode(payload) is not None,
    "an older release that is signed would be taken again",
    "send the newest release once more; then test the disk",
)


def _seal(slot: int) -> Kept:
    return Kept(
        f"slot-{slot}.seal",
        digests.SEAL_MAGIC,
        lambda payload: not payload or digests.decode(payload) is not None,
        "the slot cannot prove what it holds",
        "send the device an update, which seals its slot anew; then test the disk",
    )


def _tree(slot: int) -> Kept:
    return Kept(
        f"slot-{slot}.tree",
        trees.MAGIC,
        lambda payload: len(payload) in (0, trees.VALUE_BYTES),
        "which image the tree was made of is not known any more",
        "restart fota-boot, which unpacks the bundle if nothing else can start; or send the image again",
    )


def _release(slot: int) -> Kept:
    return Kept(
        f"slot-{slot}.release",
        releases.MAGIC,
        _is_release,
        "which release the slot holds is not known any more",
        "send the device its release once more; then test the disk",
        size_bytes=releases.RELEASE_BYTES,
    )
