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
import json
import machine
from fota.boards import watchdog

class Timer:
    ONE_SHOT = 0
    def __init__(self, number):
        if number in refused:
            raise ValueError("no such timer")
        self.number = number
    def init(self, mode, period, callback):
        print(json.dumps([self.number, period]))
        callback(self)

class Board:
    pass

Board.Timer = Timer
watchdog.__import__ = lambda name: Board
watchdog.machine.restart = lambda: print('["restarted"]')
watchdog.log = lambda event, problem: print(json.dumps([event]))
refused = {refused}
watchdog.end_trial_after(5000, lambda: {on_trial})
"""


@pytest.mark.parametrize(
    ("refused", "on_trial", "expected"),
    [
        ((), True, [[-1, 5000], ["restarted"]]),
        ((), False, [[-1, 5000]]),
        ((-1,), True, [[0, 5000], ["restarted"]]),
        ((-1, 0), True, [["no-watchdog"]]),
    ],
    ids=["a trial that lasts", "a trial that is over", "hardware timers alone", "no timer"],
)
def test_a_timer_restarts_a_board_whose_trial_is_not_over(device, refused, on_trial, expected):
    assert told(_TIMER.format(refused=refused, on_trial=on_trial), folder=device) == expected
