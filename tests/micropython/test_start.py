"""What `fota.start` refuses to start from, and the timer that ends a trial."""

import pytest

from tests.labs.interpreter import device, told
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ["device", "pytestmark"]

_ON_FAT = """
import json
import vfs
from fota.errors import FotaError
from fota.start import start
from fota_testing.flash.block_device import MemoryBlockDevice
from fota_testing.flash.model import FlashModel

device = MemoryBlockDevice(FlashModel(64, 512))
vfs.VfsFat.mkfs(device)
vfs.mount(vfs.VfsFat(device), "/flash")
try:
    start("/flash/home"{option})
except FotaError as error:
    print(json.dumps([type(error).__name__]))
"""


@pytest.mark.parametrize(("option", "error"), [("", "StorageFailed"), (", allow_fat=True", "NotProvisioned")])
def test_a_home_on_fat_is_refused_unless_that_is_allowed(device, option, error):
    assert told(_ON_FAT.format(option=option), folder=device) == [[error]]


_TIMER = """
import gc
import json
import machine
import time
from fota.boards import watchdog

class Timer:
    ONE_SHOT, PERIODIC = 0, 1
    armed = {{}}
    def __init__(self, number):
        if number in refused:
            raise ValueError("no such timer")
        self.number = number
    def init(self, mode, period, callback):
        assert period > 0
        print(json.dumps([self.number, mode]))
        Timer.armed[self.number] = [mode, period, callback, period]
    def deinit(self):
        Timer.armed.pop(self.number, None)

class Board:
    pass

now = [0]

def pass_ms(duration, drops=0):
    # The time that passes, in which the first calls that are due are dropped.
    end = now[0] + duration
    while now[0] < end:
        now[0] += 100
        for number in list(Timer.armed):
            entry = Timer.armed[number]
            if now[0] < entry[3]:
                continue
            entry[3] += entry[1]
            if entry[0] == Timer.ONE_SHOT:
                del Timer.armed[number]
            if drops:
                drops -= 1
                continue
            for kept in watchdog._timer:
                entry[2](kept)

class Time:
    ticks_ms = staticmethod(lambda: now[0])
    ticks_diff = staticmethod(lambda one, other: one - other)

Board.Timer = Timer
watchdog.__import__ = lambda name: Board
watchdog.time = Time
watchdog.machine.restart = lambda: print('["restarted"]')
watchdog.log = lambda event, problem: print(json.dumps([event]))
refused = {refused}
watchdog.end_trial_after(12_000, lambda: {on_trial})
gc.collect()
"""


@pytest.mark.parametrize(
    ("refused", "on_trial", "expected"),
    [
        ((), True, [[-1, 1], ["passed"], ["restarted"]]),
        ((), False, [[-1, 1], ["passed"]]),
        ((-1,), True, [[0, 1], ["passed"], ["restarted"]]),
        ((-1, 0), True, [["no-watchdog"], ["passed"]]),
    ],
    ids=["a trial that lasts", "a trial that is over", "hardware timers alone", "no timer"],
)
def test_a_timer_restarts_a_board_whose_trial_is_not_over(device, refused, on_trial, expected):
    story = "pass_ms(11_900)\nprint('[\"passed\"]')\npass_ms(3_200)\n"
    assert told(_TIMER.format(refused=refused, on_trial=on_trial) + story, folder=device) == expected


def test_a_timer_whose_call_was_dropped_restarts_the_board_later(device):
    story = "pass_ms(16_000, drops=3)\nprint('[\"passed\"]')\npass_ms(5_000)\n"
    said = told(_TIMER.format(refused=(), on_trial=True) + story, folder=device)
    assert said == [[-1, 1], ["passed"], ["restarted"]]


def test_the_timer_of_a_trial_is_held_and_ends_with_it(device):
    story = "print(json.dumps([len(watchdog._timer)]))\npass_ms(20_000)\nprint(json.dumps([len(Timer.armed)]))\n"
    assert told(_TIMER.format(refused=(), on_trial=False) + story, folder=device) == [[-1, 1], [1], [0]]
