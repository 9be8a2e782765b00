"""Virtual time, and threads, only one at any moment: the same order of events in every run.

A thread runs until it waits. Then the clock goes on to the next moment at which something can happen.
"""

from __future__ import annotations

import heapq
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

START_MS = 1_000_000
EPOCH_S = 1_767_225_600
MAX_TURNS = 400_000
MAX_READS = 20_000
"""A program that reads the clock this often without a wait is caught in a loop."""


class PowerOff(BaseException):
    """The process of this thread has ended."""


class Hang(Exception):
    """Something waits for what never comes, or never waits."""


class Task:
    """A thread, the process that it belongs to, and what it waits for."""

    def __init__(self, process: object) -> None:
        self.process = process
        self.turn = threading.Semaphore(0)
        self.ready: Callable[[], bool] | None = None
        self.until_ms: int | None = None
        self.is_dead = self.has_ended = False
        self.heir: Task | None = None
        """Which thread goes on when this one has come to its end; None: any that can."""

    def can_go(self, now_ms: int) -> bool:
        """Whether there is something to do for it."""
        if self.is_dead or (self.until_ms is not None and now_ms >= self.until_ms):
            return True
        return self.ready is not None and self.ready()


class World:
    """The clock, and who runs."""

    def __init__(self) -> None:
        self._now_ms = START_MS
        self.jump_s = 0.0
        """How far the clock that people read is from the truth."""
        self._moments: list[tuple[int, int, Callable[[], None]]] = []
        self._count = self._turns = self._reads = 0
        self.main = Task(None)
        self.current: Task = self.main
        self._tasks = [self.main]
        self.in_moment = False
        """Whether something happens in no thread of the device."""
        self.problem: BaseException | None = None
        """What ends the whole cell; raised in the main thread."""

    def now_ms(self) -> int:
        """Milliseconds. *Raises* Hang in a loop that reads the clock and never waits."""
        self._reads += 1
        if self._reads > MAX_READS:
            self._reads = 0
            self._fail(Hang("a loop that never waits"))
        return self._now_ms

    def wall_s(self) -> float:
        """What the clock of the device says: seconds since 1970."""
        return EPOCH_S + self._now_ms / 1000 + self.jump_s

    def at(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Have something happen after this number of milliseconds, in no thread of the device."""
        self._count += 1
        heapq.heappush(self._moments, (self._now_ms + delay_ms, self._count, act))

    def sleep_ms(self, duration_ms: int) -> None:
        """Let time pass."""
        self.wait(None, self._now_ms + max(0, duration_ms))

    def wait(self, ready: Callable[[], bool] | None, until_ms: int | None = None) -> bool:
        """Block until it is ready, or until that time; whether it is ready. *Raises* PowerOff."""
        me = self.current
        if me.is_dead:
            raise PowerOff
        me.ready, me.until_ms = ready, until_ms
        self._switch(me)
        if me is self.main and self.problem is not None:
            problem, self.problem = self.problem, None
            raise problem
        if me.is_dead:
            raise PowerOff
        return ready is not None and ready()

    def spawn(self, process: object, act: Callable[[], None]) -> Task:
        """A new thread of a process; it begins when the others wait."""
        task = Task(process)
        task.ready = lambda: True

        def body() -> None:
            task.turn.acquire()
            try:
                if not task.is_dead:
                    act()
            except PowerOff:
                pass
            except BaseException as error:  # noqa: BLE001 - the main thread raises it
                self._fail(error, raises=False)
            task.has_ended = True
            self._tasks.remove(task)
            self._hand_over(task)

        self._tasks.append(task)
        threading.Thread(target=body, daemon=True).start()
        return task

    def kill(self, process: object) -> None:
        """End all threads of a process, this one perhaps included: then it does not return."""
        mine = [task for task in self._tasks if task.process is process]
        for task in mine:
            task.is_dead = True
        for task in mine:
            while not task.has_ended and task is not self.current:
                self._give_turn(task)
        if self.current.is_dead:
            raise PowerOff

    def _give_turn(self, task: Task) -> None:
        """Let a thread that is dead come to its end; then go on here."""
        me = self.current
        me.ready, me.until_ms = (lambda: task.has_ended), None
        was_dead, me.is_dead = me.is_dead, False
        task.heir = me
        self._go_to(task)
        me.turn.acquire()
        self.current = me
        me.is_dead = me.is_dead or was_dead

    def _fail(self, problem: BaseException, *, raises: bool = True) -> None:
        self.problem = self.problem or problem
        if raises and self.current is self.main:
            self.problem = None
            raise problem
        if raises:
            self.current.is_dead = True
            raise PowerOff

    def _switch(self, me: Task) -> None:
        following = self._next(me)
        if following is not me:
            self._go_to(following)
            me.turn.acquire()
        self.current = me

    def _hand_over(self, ended: Task) -> None:
        self._go_to(ended.heir or self._next(self.main))

    def _go_to(self, task: Task) -> None:
        self.current = task
        task.turn.release()

    def _next(self, me: Task) -> Task:
        self._turns += 1
        if self._turns > MAX_TURNS and self.problem is None:
            self.problem = Hang(f"{MAX_TURNS} turns and no end")
        while True:
            if self.problem is not None:
                return self.main
            start = self._tasks.index(me) + 1 if me in self._tasks else 0
            for task in self._tasks[start:] + self._tasks[:start]:
                if task.can_go(self._now_ms):
                    return task
            times = [task.until_ms for task in self._tasks if task.until_ms is not None]
            if self._moments:
                times.append(self._moments[0][0])
            if not times:
                self.problem = Hang("everything waits, and nothing is to come")
                continue
            self._reads = 0
            self._now_ms = max(self._now_ms, min(times))
            self.in_moment = True
            try:
                while self._moments and self._moments[0][0] <= self._now_ms:
                    heapq.heappop(self._moments)[2]()
            except Exception as error:  # noqa: BLE001 - the main thread raises it
                self.problem = error
            finally:
                self.in_moment = False


class VirtualThreading:
    """What the device uses of `threading`, in a world."""

    def __init__(self, world: World) -> None:  # noqa: C901 - three classes
        self._world = world
        outer = self

        class Event:
            def __init__(self) -> None:
                self._is_set = False

            def is_set(self) -> bool:
                return self._is_set

            def set(self) -> None:
                self._is_set = True

            def clear(self) -> None:
                self._is_set = False

            def wait(self, timeout: float | None = None) -> bool:
                return self._is_set or world.wait(self.is_set, outer.until(timeout))

        class Condition:
            def __enter__(self) -> Condition:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def notify_all(self) -> None:
                """A thread that waits looks at each turn."""

            notify = notify_all

            def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
                return predicate() or world.wait(predicate, outer.until(timeout))

            def wait(self, timeout: float | None = None) -> bool:
                world.wait(None, outer.until(timeout if timeout is not None else 1.0))
                return True

        class Thread:
            def __init__(
                self, target: Callable[[], None], name: str = "", daemon: bool = False, args: tuple[object, ...] = ()
            ) -> None:
                del name, daemon
                self._target = lambda: target(*args)
                self.task: Task | None = None

            def start(self) -> None:
                self.task = world.spawn(world.current.process, self._target)

            def is_alive(self) -> bool:
                return self.task is not None and not self.task.has_ended

            def join(self, timeout: float | None = None) -> None:
                if self.is_alive():
                    world.wait(lambda: not self.is_alive(), outer.until(timeout))

        self.Event, self.Condition, self.Thread = Event, Condition, Thread
        # Each task is a thread of its own.
        self.Lock, self.RLock, self.local = threading.Lock, threading.RLock, threading.local

    def until(self, timeout_s: float | None) -> int | None:
        """The time at which a wait of this number of seconds ends."""
        return None if timeout_s is None else self._world.now_ms() + max(0, round(timeout_s * 1000))

    def current_thread(self) -> object:
        """A value that equals no `Thread` of another task."""
        return _Current(self._world.current)

    def get_ident(self) -> int:
        """A number for the running thread."""
        return id(self._world.current)


class _Current:
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, task: Task) -> None:
        self._task = task

    def __eq__(self, other: object) -> bool:
        return getattr(other, "task", None) is self._task
