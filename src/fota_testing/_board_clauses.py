"""Checks for `fota_testing.board_contract` of what a board starts: the trial, from its beginning to either end."""

from fota import trial
from fota.digests import Hasher
from fota.errors import Failed, Refused, StorageFailed
from fota.record import Record
from fota.trust.errors import WrongFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.boards import Board
    from fota_testing._board_rig import Rig

_MAX_RESETS = 6
"""More resets than this change nothing more on any board."""


def require(clause: int, condition: object, sentence: str) -> None:
    """*Raises* AssertionError with the number of the clause."""
    if not condition:
        raise AssertionError(f"clause {clause}: {sentence}")


def install(rig: "Rig", board: "Board", slot: int, seed: int) -> None:
    """Write an image into a slot and seal it, as an update does."""
    content = rig.image(seed)
    writer = board.slots.writer(slot, len(content))
    writer.write(memoryview(content))
    writer.close()
    hasher = Hasher()
    hasher.update(memoryview(content))
    board.slots.seal(slot, hasher.digests())


def content_of(board: "Board", slot: int, size_bytes: int) -> bytes:
    """The first bytes of a slot."""
    content, buffer = bytearray(), memoryview(bytearray(1024))
    reader = board.slots.reader(slot)
    try:
        while len(content) < size_bytes:
            count = reader.readinto(buffer)
            if not count:
                break
            content.extend(buffer[:count])
    finally:
        reader.close()
    return bytes(content[:size_bytes])


def load(clause: int, board: "Board") -> Record:
    """Load the boot record, and require that it is there."""
    record = board.records.load()
    if record is None:
        raise AssertionError(f"clause {clause}: the boot record is there after a reset")
    return record


def verdict(clause: int, board: "Board", running_slot: int) -> str:
    """The verdict of this boot."""
    return trial.verdict(load(clause, board), running_slot)


def spare_of(running_slot: int) -> int:
    """A slot that the running image is not in."""
    return 1 if running_slot == 0 else 0


def begin(clause: int, rig: "Rig", seed: int = 1) -> "tuple[Board, int, int]":
    """Install an image and begin its trial; returns the board, the running slot and the slot on trial."""
    board, running = rig.reset()
    slot = spare_of(running)
    install(rig, board, slot, seed)
    board.records.save(trial.begun(load(clause, board), slot))
    return board, running, slot


def _has_its_parts(rig: "Rig") -> None:
    board, running = rig.reset()
    require(1, board.slots.count >= 2, "there are at least two slots")
    require(1, 0 <= running < board.slots.count, "the image that runs is in one of the slots")
    content = rig.image(0)
    if board.slots.seal_of(running) is not None:
        # A factory's programmer seals nothing, and a slot without a seal need not be readable.
        found = content_of(board, running, len(content))
        require(1, found == content, "the slot that runs holds the image that runs")


def _names_its_images(rig: "Rig") -> None:
    board, _ = rig.reset()
    kinds = board.releases.image_kinds
    are_names = isinstance(kinds, tuple) and kinds and all(isinstance(kind, str) and kind for kind in kinds)
    require(9, are_names, "image_kinds is a tuple that names the kinds of image")


def _starts_the_trial(rig: "Rig") -> None:
    board, running, slot = begin(4, rig)
    record = load(2, board)
    require(2, (record.trial_slot, record.boot_slot) == (slot, slot), "load gives what was saved last")
    require(4, verdict(4, board, running) == trial.AWAITING_TRIAL, "a trial that was begun waits for the next reset")
    board, runs = rig.reset()
    require(4, runs == slot, "what the record says starts next is what the next reset starts")
    require(4, verdict(4, board, runs) == trial.ON_TRIAL, "an image that starts for the first time is on trial")
    require(5, 1 <= load(5, board).attempts_spent <= rig.max_starts, "a start on trial is counted before it is used")


def _goes_back(rig: "Rig") -> None:
    _, running, slot = begin(5, rig)
    starts = 0
    for _ in range(_MAX_RESETS):
        board, runs = rig.reset()
        if runs != slot:
            break
        starts += 1
    require(5, 1 <= starts <= rig.max_starts, f"an image on trial is started {rig.max_starts} times, not {starts}")
    for _ in range(2):
        record = load(5, board)
        require(5, runs == running, "the confirmed image starts after a trial that was not confirmed")
        require(5, trial.verdict(record, runs) == trial.ROLLED_BACK, "the record says that the trial was rolled back")
        require(5, record.trial_slot == slot and record.cause != "none", "the record says which, and why")
        board, runs = rig.reset()
    board.records.save(trial.settled(load(5, board)))
    board, runs = rig.reset()
    require(5, runs == running, "the confirmed image goes on after the rollback was settled")
    require(5, verdict(5, board, runs) == trial.SETTLED, "a rollback that was settled is forgotten")


def _gives_up_at_once(rig: "Rig") -> None:
    _, running, slot = begin(5, rig)
    board, runs = rig.reset()
    require(5, runs == slot, "the image on trial starts")
    board.records.save(trial.rolled_back(load(5, board), "health-check"))
    for _ in range(3):
        board, runs = rig.reset()
        require(5, runs == running, "an image that gave up its trial is not started again")
        require(5, load(5, board).cause == "health-check", "the cause that the image gave is kept")


def _stays_confirmed(rig: "Rig") -> None:
    _, old, slot = begin(6, rig)
    board, runs = rig.reset()
    board.records.save_in_both(trial.confirmed(load(6, board)))
    for _ in range(_MAX_RESETS):
        board, runs = rig.reset()
        require(6, runs == slot, "an image that was confirmed starts at every later reset")
        require(6, verdict(6, board, runs) == trial.SETTLED, "nothing is on trial after a confirm")
    require(6, load(6, board).confirmed_slot == slot, "a confirmed image is the one to fall back on")
    install(rig, board, old, 2)
    board.records.save(trial.begun(load(6, board), old))
    board, runs = rig.reset()
    require(4, runs == old, "the next trial goes to the slot that the old image was in")
    while runs == old:
        board, runs = rig.reset()
    require(6, runs == slot, "the image that was confirmed last is the one to fall back on")


def _refuses_a_damaged_image(rig: "Rig") -> None:
    board, running = rig.reset()
    slot = spare_of(running)
    install(rig, board, slot, 1)
    rig.damage(slot)  # type: ignore[attr-defined]
    try:
        board.records.save(trial.begun(load(4, board), slot))
    except WrongFormat:
        board, runs = rig.reset()
        require(4, runs == running, "an image that save refused is not started")
        require(4, verdict(4, board, runs) == trial.SETTLED, "a trial that save refused was never begun")
    else:
        _require_damage_found(rig, running)


def _finds_damage_at_the_start(rig: "Rig") -> None:
    _, running, slot = begin(4, rig)
    rig.damage(slot)  # type: ignore[attr-defined]
    _require_damage_found(rig, running)


def _require_damage_found(rig: "Rig", running: int) -> None:
    board, runs = rig.reset()
    for _ in range(2):
        # A boot loader that owns the trial has skipped the image; the record may need one boot more to say so.
        if verdict(4, board, runs) != trial.AWAITING_TRIAL:
            break
        board, runs = rig.reset()
    require(4, runs == running, "a damaged image is not started")
    record = load(4, board)
    require(4, trial.verdict(record, runs) == trial.ROLLED_BACK, "the trial of a damaged image is rolled back")
    require(4, record.cause == "image-damaged", f"the cause is image-damaged, not {record.cause}")


def attempt(act: "Callable[[], object]") -> bool:
    """Try a call; returns False if the storage or the board refused it with an error that the contract allows."""
    try:
        act()
    except (StorageFailed, Refused, Failed):
        return False
    return True


BOOTS: "tuple[tuple[int, str, Callable[[Rig], None]], ...]" = (
    (1, "", _has_its_parts),
    (9, "", _names_its_images),
    (4, "", _starts_the_trial),
    (5, "", _goes_back),
    (5, "", _gives_up_at_once),
    (6, "", _stays_confirmed),
    (4, "damage", _refuses_a_damaged_image),
    (4, "damage", _finds_damage_at_the_start),
)
