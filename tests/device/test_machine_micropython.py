"""What differs between machines, on the interpreter of the microcontrollers."""

import ast

from tests.labs.interpreter import SOURCE, device, ended, told
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ["device", "pytestmark"]

_BEGIN = """
import json, sys
from fota import _machine_micropython as half
from fota import machine
from fota.log import log

def tell(*words):
    print(json.dumps(words))
"""


def tells(script, device):
    return told(_BEGIN + script, folder=device)


def public(path):
    """The names that a half defines for others."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {ast.unparse(target) for target in node.targets}
    return {name for name in names if not name.startswith("_")} - {"TYPE_CHECKING"}


def test_both_halves_have_the_same_names():
    halves = [SOURCE / "fota" / f"_machine_{name}.py" for name in ("cpython", "micropython")]
    here, there = map(public, halves)
    # CPython's heartbeat has a file of its own; on a board it is two names that do nothing.
    here |= public(SOURCE / "fota" / "heartbeat_cpython.py") & {"alive", "still_alive"}
    # The boot chooser of a gateway reads that status; on a board it is private, which costs no memory.
    assert here - there == {"RESTART_STATUS"}
    # Of the boot choosers of a board.
    assert there - here == {"send_log_to", "put_setting", "collect_early", "restart_softly", "feed_with"}


# A chip's ticks: they turn over after 2 ** 30 milliseconds.
_TICKS = """
class Ticks:
    def __init__(self, start):
        self.now = start
    def ticks_ms(self):
        return self.now % (1 << 30)
    def ticks_add(self, ticks, more):
        return (ticks + more) % (1 << 30)
    def ticks_diff(self, one, other):
        return (one - other + (1 << 29)) % (1 << 30) - (1 << 29)

half.time = ticks = Ticks({start})
begin = half.now_ms()
passed = 0
for step in {steps}:
    ticks.now += step
    passed += step
    tell(half.now_ms() - begin == passed)
"""

DAY_MS = 86_400_000


def test_the_clock_goes_on_when_the_ticks_turn_over(device):
    steps = [0, 1, 5 * DAY_MS, 6 * DAY_MS, 7 * DAY_MS, 12 * DAY_MS, 1, 0, 12 * DAY_MS]
    for start in (0, 1, (1 << 29) - 1, (1 << 29) + 1, (1 << 30) - 1):
        script = _TICKS.replace("{start}", str(start)).replace("{steps}", str(steps))
        assert tells(script, device) == [[True]] * len(steps), start


def test_time_passes_while_one_sleeps(device):
    script = """
begin = machine.now_ms()
machine.sleep_ms(30)
tell(machine.now_ms() - begin)
"""
    ((passed_ms,),) = tells(script, device)
    assert 30 <= passed_ms < 5_000


def test_fractions_differ_and_lie_between_0_and_1(device):
    script = "tell(*[machine.random_fraction() for _ in range(200)])"
    (fractions,) = tells(script, device)
    (again,) = tells(script, device)
    assert all(0 <= fraction < 1 for fraction in fractions)
    assert len({*fractions, *again}) > 390
    assert min(fractions) < 0.2
    assert max(fractions) > 0.8


def test_an_event_is_one_line_on_stderr(device):
    done = ended(_BEGIN + 'log("boot", slot=1, verdict="two\\nlines")', folder=device)
    assert done.stderr in ("boot slot=1 verdict=two lines\n", "boot verdict=two lines slot=1\n")
    assert done.stdout == ""


def test_a_program_can_have_the_log(device):
    script = """
half.send_log_to(lambda line: tell("first", line))
half.send_log_to(lambda line: tell("second", line))
log("confirmed", slot=1)
"""
    assert tells(script, device) == [["second", "confirmed slot=1"]]


def test_a_log_that_cannot_be_written_stops_nothing(device):
    script = """
def full(line):
    raise OSError(28)
half.send_log_to(full)
log("restarting")
tell("on")
"""
    assert tells(script, device) == [["on"]]


def test_a_setting_is_what_boot_code_put_else_what_the_environment_says(device):
    script = """
import os
os.putenv("FOTA_SLOT", "3")
tell(machine.setting("FOTA_SLOT"), machine.setting("FOTA_HOME"))
half.put_setting("FOTA_SLOT", "1")
tell(machine.setting("FOTA_SLOT"))
class NoEnvironment:
    pass
half.os = NoEnvironment()
tell(machine.setting("FOTA_SLOT"), machine.setting("PATH"))
"""
    assert tells(script, device) == [["3", None], ["1"], ["1", None]]


_LOCKS = """
lock = machine.new_lock()
tell(lock.acquire(False), lock.acquire(False))
lock.release()
tell(lock.acquire(False))
"""


def test_a_lock_is_held_by_one_at_a_time(device):
    assert tells(_LOCKS, device) == [[True, False], [True]]


def test_a_lock_is_held_by_one_at_a_time_where_there_are_no_threads(device):
    no_threads = """
def without_threads(name):
    raise ImportError(name)
half.__import__ = without_threads
"""
    assert tells(no_threads + _LOCKS, device) == [[True, False], [True]]


def test_a_restart_resets_the_machine(device):
    reset = """
class Machine:
    def reset(self):
        tell("reset")
        sys.exit(0)
sys.modules["machine"] = Machine()
machine.restart()
"""
    assert tells(reset, device) == [["reset"]]


def test_where_there_is_no_machine_to_reset_the_status_asks_for_a_restart(device):
    assert ended(_BEGIN + "machine.restart()", folder=device).returncode == 75


# Where an error was raised.


def test_an_error_is_placed_by_file_and_line(device):
    (device / "odd.py").write_text("def fall():\n    raise KeyError('x')\n")
    script = """
sys.path.insert(0, DEVICE)
import odd
from fota.log import is_shortage, place_of, problem_of
try:
    odd.fall()
except KeyError as error:
    tell(place_of(error), problem_of(error), is_shortage(error))
tell(place_of(ValueError("never raised")), *map(is_shortage, (MemoryError(), OSError(24), OSError(5))))
"""
    assert tells(script.replace("DEVICE", repr(str(device))), device) == [
        ["KeyError at odd.py:2", "KeyError at odd.py:2: x", False],
        ["ValueError at an unknown place", True, True, False],
    ]


def test_a_sink_of_the_log_that_raises_stops_nothing(device):
    assert tells(
        """
def sink(line):
    raise ValueError(line)

half.send_log_to(sink)
log("connected", endpoint="x")
tell("goes on")
""",
        device,
    ) == [["goes on"]]


def test_a_progress_that_raises_is_logged_once_for_each_method(device):
    assert tells(
        """
from fota.progress import Progress, guarded

class Odd(Progress):
    def taken(self, job_id):
        raise ValueError(job_id)
    def downloading(self, done, total):
        raise KeyError(done)
    def ended(self, job, status, reason):
        lines.append(reason)

lines = []
half.send_log_to(lines.append)
guard = guarded(Odd())
for number in range(3):
    guard.taken("j-1")
    guard.downloading(number, 3)
guard.ended("j-1", "FAILED", "busy")
for line in lines:
    tell(line.split(" at ")[0])
""",
        device,
    ) == [
        ["progress-failed method=taken problem=ValueError"],
        ["progress-failed method=downloading problem=KeyError"],
        ["busy"],
    ]
