"""Tries one point: does something to an update, starts the device again, and says what is wrong then, if anything."""

import time
from dataclasses import dataclass, field

from sweeps.killsweep import strace
from sweeps.killsweep.device import DeviceRun
from sweeps.killsweep.judge import Seen, is_at_rest, violation
from sweeps.killsweep.launch import Tracing
from sweeps.killsweep.points import CUT, ROLES, Call, Point
from sweeps.killsweep.stage import NEW, Bench

REACHED_WITHIN_S = 20.0
"""How long an update with a point in it may take to come to rest, or to its cut; then the power is cut."""

AT_REST_WITHIN_S = 60.0
"""How long a device that was started again may take to come to rest; after that it is stuck."""


@dataclass(frozen=True)
class Attempt:
    """What came of one point."""

    point: Point
    hit: str
    """The call at which the point was, in the words of strace; empty if the update made fewer calls this time."""
    violation: str | None
    seen: Seen
    seconds: float
    lines: list[str] = field(default_factory=list, repr=False)
    """What the device said, before and after it was started again."""
    kind: str = "zipapp"
    """Of the image of the job."""


def record_calls(bench: Bench) -> tuple[list[Call], set[str]]:
    """Every call of a whole update, role by role, and the names of the files of the home that it touches."""
    calls: list[Call] = []
    names: set[str] = set()
    for role in ROLES:
        lines = _recorded(bench, role)
        calls += strace.calls_in(lines, role, bench.home)
        names |= strace.home_names_in(lines, bench.home)
    return calls, names


def attempt(bench: Bench, point: Point, home_names: set[str]) -> Attempt:
    """Do what the point says to an update of a fresh device, then start the device plainly until it is at rest."""
    began = time.monotonic()
    bench.restore_home()
    job_id = bench.start_job()
    pipe = bench.folder / "trace"
    command = strace.injecting(point, pipe, bench.home, sorted(home_names))
    tracing = Tracing(point.call.role, command, pipe)
    with DeviceRun(bench.home, [str(bench.credentials)], bench.environment, tracing) as run:
        trace = run.trace
        assert trace is not None
        run.wait(lambda: _has_its_end(run, bench, job_id, point), REACHED_WITHIN_S)
    seen, lines = _start_again(bench, job_id)
    wrong = violation(seen, NEW)
    if wrong is not None:
        bench.renew()
    return Attempt(
        point=point,
        hit=strace.hit_line(trace.lines),
        violation=wrong,
        seen=seen,
        seconds=time.monotonic() - began,
        lines=[*run.said.lines, "-- started again --", *lines],
        kind=bench.stage.kind,
    )


def _recorded(bench: Bench, role: str) -> list[str]:
    """The recording of one role in a whole update that nothing is done to."""
    bench.restore_home()
    job_id = bench.start_job()
    pipe = bench.folder / "trace"
    tracing = Tracing(role, strace.recording(pipe), pipe)
    with DeviceRun(bench.home, [str(bench.credentials)], bench.environment, tracing) as run:
        assert run.trace is not None
        if not run.wait(lambda: run.is_idle and is_at_rest(_look(run, bench, job_id)), REACHED_WITHIN_S):
            raise RuntimeError("the update itself does not work:\n" + "\n".join(run.said.lines))
        return run.trace.lines


def _has_its_end(run: DeviceRun, bench: Bench, job_id: str, point: Point) -> bool:
    """Whether the first run has gone as far as is needed."""
    assert run.trace is not None
    if point.effect == CUT and strace.hit_line(run.trace.lines):
        return True
    # Being told is not enough: wait until it is at rest, since a later report may contradict this one.
    return run.has_ended or (run.is_idle and is_at_rest(_look(run, bench, job_id)))


def _start_again(bench: Bench, job_id: str) -> tuple[Seen, list[str]]:
    """Start the device plainly. Returns its state when it is at rest, or when its time is up."""
    seen = Seen(None, "", "", is_idle=False, home_proves_itself=False)
    with DeviceRun(bench.home, [str(bench.credentials)], bench.environment) as run:

        def has_come_to_rest() -> bool:
            nonlocal seen
            if run.has_ended or run.is_idle:
                seen = _look(run, bench, job_id)
            return run.has_ended or is_at_rest(seen)

        if not run.wait(has_come_to_rest, AT_REST_WITHIN_S):
            seen = _look(run, bench, job_id)
    return seen, run.said.lines


def _look(run: DeviceRun, bench: Bench, job_id: str) -> Seen:
    content = run.running_image()
    status, reason = bench.told_of(job_id)
    return Seen(
        running=None if content is None else bench.stage.versions.get(content),
        status=status,
        reason=reason,
        is_idle=run.is_idle,
        home_proves_itself=bench.home_proves(content),
    )
