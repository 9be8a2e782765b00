"""How often an update may be begun: a bound over many jobs, so that no operator wears out a flash by mistake.

The journal keeps the account: it counts an update when its job is taken, and forgets the tries when one succeeds.
Time is that of the service, in seconds since 1970, since many boards do not know it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from fota.clock import Clock

    class Accounts(Protocol):
        """What keeps accounts across resets, each of four numbers under a name: the journal."""

        @property
        def accounts(self) -> "dict[str, tuple[int, ...]]":
            """They may be replaced. *Raises* StorageFailed."""


DAY_S = 86_400

_NAME = "pace"

NOTHING_YET = (0, 0, 0, 0)
"""An account: updates begun since the last that succeeded; when the newest was begun; those of its day; its day."""


class Pace:
    """The limits; a program may set them. Times are in seconds."""

    def __init__(self) -> None:
        self.free_tries: "int" = 3
        """This number of updates in a row may fail before the next one waits."""
        self.first_wait_s: "int" = 60
        """How long the one after them waits; each further one waits twice as long."""
        self.most_wait_s: "int" = 3_600
        """No update waits longer for those that failed."""
        self.per_day: "int" = 48
        """This number of updates may begin in a day, whether they succeed or not."""

    def wait_s(self, account: "tuple[int, ...]", now_s: int) -> int:
        """How long the next update waits; 0 if it may be begun now."""
        tries, newest_s, in_day, day_s = account
        wait_s = 0
        if tries >= self.free_tries:
            wait_s = min(self.first_wait_s << min(tries - self.free_tries, 20), self.most_wait_s)
            wait_s -= abs(now_s - newest_s)
        if in_day >= self.per_day:
            wait_s = max(wait_s, DAY_S - abs(now_s - day_s))
        return max(0, wait_s)


class Pacing(Pace):
    """The limits of a device, and its account."""

    def __init__(self, journal: "Accounts", clock: "Clock") -> None:
        super().__init__()
        self._journal = journal
        self._clock = clock
        self._told_s: "int | None" = None
        """The time of the service when it told it last; None before that."""
        self._told_at_ms: "int" = clock.now_ms()
        """When that was, by our clock."""

    def wait_before_update_s(self, told_at_s: "int | None") -> int:
        """How long the next update waits, in seconds; 0 if it may be begun. `told_at_s`: the time of the service."""
        return self.wait_s(self._journal.accounts[_NAME], self._now_s(told_at_s))

    def count_update(self, told_at_s: "int | None") -> None:
        """Count an update that is begun now. Survives a reset once its entry is saved."""
        self._journal.accounts[_NAME] = begun(self._journal.accounts[_NAME], self._now_s(told_at_s))

    def count_success(self) -> None:
        """The update succeeded: the next ones may be begun without waiting. Survives a reset once it is forgotten."""
        self._journal.accounts[_NAME] = succeeded(self._journal.accounts[_NAME])

    def time_s(self, told_at_s: "int | None" = None) -> "int | None":
        """The time of the service, in seconds since 1970, carried on by our clock; None if it never told it.

        `told_at_s`: the time that it has just told. Never told means: not in this boot.
        """
        now_ms = self._clock.now_ms()
        if told_at_s is not None:
            self._told_s, self._told_at_ms = told_at_s, now_ms
        return None if self._told_s is None else self._told_s + (now_ms - self._told_at_ms) // 1000

    def _now_s(self, told_at_s: "int | None") -> int:
        """The time, by the clock of the service; without its word, what has passed here since."""
        now_s = self.time_s(told_at_s)
        if now_s is None:
            # Never told in this boot: as if it had begun when the last update did, so that no time counts twice.
            now_s = self._journal.accounts[_NAME][1] + (self._clock.now_ms() - self._told_at_ms) // 1000
        return now_s


def begun(account: "tuple[int, ...]", now_s: int) -> "tuple[int, ...]":
    """The account once another update was begun."""
    tries, _, in_day, day_s = account
    if abs(now_s - day_s) >= DAY_S:
        in_day, day_s = 0, now_s
    return tries + 1, now_s, in_day + 1, day_s


def succeeded(account: "tuple[int, ...]") -> "tuple[int, ...]":
    """The account once an update succeeded: the next one may fail again. Those of the day count on."""
    return (0,) + account[1:]


def of_numbers(numbers: object) -> "tuple[int, ...]":
    """The account that was kept as a list; an absurd one counts for nothing."""
    if not isinstance(numbers, list) or len(numbers) != len(NOTHING_YET):
        return NOTHING_YET
    for number in numbers:
        if type(number) is not int or not 0 <= number < 1 << 40:
            return NOTHING_YET
    return tuple(numbers)
