"""Checks for `fota_testing.board_contract` of what a board remembers, and what a power cut leaves of it."""

from fota import trial
from fota.digests import Digests
from fota.errors import StorageFailed
from fota.journal import Entry
from fota.record import Record
from fota_testing._board_clauses import attempt, begin, install, load, require, spare_of, verdict
from fota_testing._board_patches import patch_is_cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.boards import Board
    from fota_testing._board_rig import Rig

_MAX_OPERATIONS = 400
"""The most operations of its storage that one act of a board may take."""

_WANTED = Digests(3, bytes(16), bytes(32))


def _remembers(rig: "Rig") -> None:
    board, running = rig.reset()
    before = load(2, board)
    for number in range(1, 4):
        board.journal.save(Entry(f"job-{number}", number, _WANTED))
        board, _ = rig.reset()
        entry = board.journal.load()
        require(8, entry is not None and entry.job_id == f"job-{number}", "the journal survives a reset")
        require(8, load(8, board) == before, "a write to the journal does not touch the record")
    board.records.save_in_both(Record(running))
    entry = board.journal.load()
    require(8, entry is not None and entry.job_id == "job-3", "a write to the record does not touch the journal")
    floor = board.releases.floor()
    board, _ = rig.reset()
    require(8, board.releases.floor().__dict__ == floor.__dict__, "the releases survive a reset")


def _saves_durably(rig: "Rig") -> None:
    for name in ("save", "save_in_both"):
        for spent in (1, 2):
            board, running = rig.reset()
            # Nothing starts because of such a record, and no boot changes it.
            told = Record(running, trial_slot=spare_of(running), attempts_spent=spent, cause="crashed")
            getattr(board.records, name)(told)
            require(2, load(2, board) == told, "load gives what was saved last")
            board, _ = rig.reset()
            require(2, load(2, board) == told, f"what {name} saved is durable when it returns")


def _forgets_older_records(rig: "Rig", copy: int) -> None:
    board, running, _ = begin(3, rig)
    board.records.save_in_both(Record(running))
    rig.lose_copy(copy)  # type: ignore[attr-defined]
    board, runs = rig.reset()
    require(3, runs == running, "the loss of one copy brings no older record back: no trial starts")
    require(3, verdict(3, board, runs) == trial.SETTLED, "the loss of one copy brings no older record back")


def _loses_the_first_copy(rig: "Rig") -> None:
    _forgets_older_records(rig, 0)


def _loses_the_second_copy(rig: "Rig") -> None:
    _forgets_older_records(rig, 1)


def _boots_without_a_record(rig: "Rig") -> None:
    board, running = rig.reset()
    for copy in (0, 1):
        rig.lose_copy(copy)  # type: ignore[attr-defined]
    board, runs = rig.reset()
    require(7, runs == running, "a record that cannot be read stops no boot")
    require(7, board.records.load() is not None, "a record that could not be read is made again")


def _boots_while_refused(rig: "Rig") -> None:
    _, running, slot = begin(7, rig)
    rig.refuse(True)  # type: ignore[attr-defined]
    for _ in range(3):
        _, runs = rig.reset()
        require(7, runs in (running, slot), "a record that cannot be written stops no boot")
    rig.refuse(False)  # type: ignore[attr-defined]
    starts = 0
    for _ in range(4):
        board, runs = rig.reset()
        starts += runs == slot
    require(7, runs == running, "a trial comes to its end when the storage takes writes again")
    require(5, starts <= rig.max_starts, "no start is gained by a storage that refused")
    require(5, verdict(5, board, runs) == trial.ROLLED_BACK, "a trial that was not confirmed is rolled back")


def _says_that_it_was_refused(rig: "Rig") -> None:
    board, running = rig.reset()
    entry = Entry("job-1", 1, _WANTED)
    # This record differs from the saved one: to save the same record again, nothing need be written.
    given_up = Record(running, trial_slot=spare_of(running), attempts_spent=1, cause="crashed")
    rig.refuse(True)  # type: ignore[attr-defined]
    saves: list[tuple[str, Callable[[], None]]] = [
        ("records.save", lambda: board.records.save(given_up)),
        ("records.save_in_both", lambda: board.records.save_in_both(given_up)),
        ("journal.save", lambda: board.journal.save(entry)),
    ]
    for name, save in saves:
        try:
            save()
        except StorageFailed:
            continue
        except Exception as error:
            raise AssertionError(f"clause 11: what the storage refuses is StorageFailed, not {error!r}") from error
        raise AssertionError(f"clause 11: {name} raises what the storage refuses")
    rig.refuse(False)  # type: ignore[attr-defined]


class _Attempt:
    """A call that is tried later; MicroPython has no `functools`."""

    def __init__(self, act: "Callable[[], object]") -> None:
        self._act = act

    def __call__(self) -> bool:
        """See `attempt`."""
        return attempt(self._act)


def _cut_each(make_ready: "Callable[[], tuple[Rig, Callable[[], object]]]", judge: "Callable[[Rig], None]") -> None:
    """Cut an act in each of its operations in turn, on a fresh rig each time."""
    for operation in range(1, _MAX_OPERATIONS):
        rig, act = make_ready()
        is_cut = rig.cut(operation, _Attempt(act))  # type: ignore[attr-defined]
        judge(rig)
        if not is_cut:
            return
    raise AssertionError("clause 2: an act of the board ends")


def _run_out(clause: int, rig: "Rig", starts_of: int) -> "tuple[Board, int, int]":
    """Reset until nothing changes any more; returns the board, what runs, and how often a slot was started."""
    starts, settled = 0, 0
    board, runs = rig.reset()
    for _ in range(12):
        starts += runs == starts_of
        settled = settled + 1 if verdict(clause, board, runs) in (trial.SETTLED, trial.ROLLED_BACK) else 0
        if settled == 2:
            return board, runs, starts
        board, runs = rig.reset()
    raise AssertionError(f"clause {clause}: the board comes to rest after a power cut")


def _begin_is_cut(make_rig: "Callable[[], Rig]") -> None:
    old, slot = 0, 1

    def make_ready() -> "tuple[Rig, Callable[[], object]]":
        fresh = make_rig()
        board, _ = fresh.reset()
        install(fresh, board, slot, 1)
        return fresh, lambda: board.records.save(trial.begun(load(2, board), slot))

    def judge(fresh: "Rig") -> None:
        board, runs, starts = _run_out(4, fresh, slot)
        require(5, starts <= fresh.max_starts, "no start is gained by a cut while a trial is begun")
        require(5, runs == old, "the confirmed image starts after a trial that was cut and not confirmed")
        record = load(2, board)
        is_told = trial.verdict(record, runs) == trial.ROLLED_BACK
        require(2, is_told or not starts, "a trial that ran and is over is told")

    _cut_each(make_ready, judge)


def _start_is_cut(make_rig: "Callable[[], Rig]") -> None:
    old, slot = 0, 1
    seen: list[int] = []

    def make_ready() -> "tuple[Rig, Callable[[], object]]":
        fresh = make_rig()
        begin(5, fresh)
        del seen[:]
        return fresh, lambda: seen.append(fresh.reset()[1])

    def judge(fresh: "Rig") -> None:
        board, runs, starts = _run_out(5, fresh, slot)
        starts += seen.count(slot)
        require(5, starts <= fresh.max_starts, "no start is gained by a cut in a boot")
        require(5, runs == old, "the confirmed image starts after a trial whose boot was cut")
        require(
            5, verdict(5, board, runs) == trial.ROLLED_BACK, "a trial whose boot was cut is rolled back in the end"
        )

    _cut_each(make_ready, judge)


def _confirm_is_cut(make_rig: "Callable[[], Rig]") -> None:
    old, slot = 0, 1

    def make_ready() -> "tuple[Rig, Callable[[], object]]":
        fresh = make_rig()
        begin(6, fresh)
        board, _ = fresh.reset()
        return fresh, lambda: board.records.save_in_both(trial.confirmed(load(6, board)))

    def judge(fresh: "Rig") -> None:
        board, runs, _ = _run_out(6, fresh, slot)
        if runs == slot:
            require(
                6, verdict(6, board, runs) == trial.SETTLED, "an image that stays after a cut confirm is confirmed"
            )
        else:
            require(6, runs == old, "one of the two images starts after a cut confirm")
            require(
                6, verdict(6, board, runs) == trial.ROLLED_BACK, "an image that is gone after a cut is rolled back"
            )
        for _ in range(2):
            require(6, fresh.reset()[1] == runs, "what a cut confirm led to stays")

    _cut_each(make_ready, judge)


def _journal_is_cut(make_rig: "Callable[[], Rig]") -> None:
    def make_ready() -> "tuple[Rig, Callable[[], object]]":
        fresh = make_rig()
        board, _ = fresh.reset()
        board.journal.save(Entry("old", 1, _WANTED))
        return fresh, lambda: board.journal.save(Entry("new", 2, _WANTED))

    def judge(fresh: "Rig") -> None:
        board, runs = fresh.reset()
        entry = board.journal.load()
        require(8, entry is not None and entry.job_id in ("old", "new"), "a cut leaves the old entry or the new one")
        require(8, verdict(8, board, runs) == trial.SETTLED, "a cut in the journal does not touch the record")

    _cut_each(make_ready, judge)


def _record_is_cut(make_rig: "Callable[[], Rig]") -> None:
    def make_ready() -> "tuple[Rig, Callable[[], object]]":
        fresh = make_rig()
        board, running = fresh.reset()
        board.records.save_in_both(Record(running))
        return fresh, lambda: board.records.save_in_both(Record(running))

    def judge(fresh: "Rig") -> None:
        board, runs = fresh.reset()
        require(2, load(2, board) == Record(runs), "a cut leaves the record as it was or the new one, never another")

    _cut_each(make_ready, judge)


STORAGE: "tuple[tuple[int, str, Callable[[Rig], None]], ...]" = (
    (2, "", _saves_durably),
    (8, "", _remembers),
    (3, "lose_copy", _loses_the_first_copy),
    (3, "lose_copy", _loses_the_second_copy),
    (7, "lose_copy", _boots_without_a_record),
    (7, "refuse", _boots_while_refused),
    (11, "refuse", _says_that_it_was_refused),
)

CUTS: "tuple[tuple[int, Callable[[Callable[[], Rig]], None]], ...]" = (
    (2, _record_is_cut),
    (8, _journal_is_cut),
    (4, _begin_is_cut),
    (5, _start_is_cut),
    (6, _confirm_is_cut),
    (10, lambda make_rig: patch_is_cut(make_rig, _cut_each)),
)
