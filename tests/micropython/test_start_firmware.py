"""What `fota.start_firmware` does when the program of a firmware ends, on trial and settled."""

import pytest

from tests.labs.interpreter import device, told
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ["device", "pytestmark"]

_STORY = """
import json
import os
import sys
from fota import _machine_micropython as machine, start_firmware
from fota.boards.esp32 import open_board
from fota.digests import Hasher
from fota_testing.flash.esp32 import Esp32, firmware

machine.send_log_to(lambda line: line.startswith(("image-ended", "board-not")) and print(json.dumps([line])))
for module in (start_firmware.machine, machine):
    module.sleep_ms = lambda ms: None

class Ended(BaseException):
    pass

def ends(how):
    def end():
        raise Ended(how)
    return end

start_firmware.machine.restart, start_firmware.restart_softly = ends("reset"), ends("soft reset")
board = Esp32()
OLD, NEW = firmware(b"old" * 600), firmware(b"new" * 600)
board.put(0, OLD)
board.boot()
sys.path.insert(0, "programs")
try:
    os.mkdir("programs")
except OSError:
    pass

def boot(text):
    with open("programs/pump_program.py", "w") as file:
        file.write(text)
    sys.modules.pop("pump_program", None)
    how = "?"
    try:
        start_firmware.start("home", "pump_program", arm=lambda ms: None, partitions=board.Partition)
    except Ended as error:
        how = error.args[0]
    except SystemExit:
        how = "exit"
    return how

def begin_trial():
    device = open_board("home", arm=lambda ms: None, partitions=board.Partition)
    hasher = Hasher()
    hasher.update(memoryview(NEW))
    writer = device._slots.writer(1, len(NEW))
    writer.write(memoryview(NEW))
    writer.close()
    digests = hasher.digests()
    device._slots.seal(1, digests)
    device.begin_trial(1, digests)
    board.boot()

def found():
    record = open_board("home", arm=lambda ms: None, partitions=board.Partition).record()
    return [board.loader.running_slot, record.trial_slot, record.cause]

CONFIRM = "from fota import device\\ndevice.current().confirm()\\n"
CRASH = "raise ValueError('a bad release')\\n"
OFFLINE = "raise OSError(113, 'EHOSTUNREACH')\\n"
EXIT = "raise SystemExit\\n"
"""


def played(story, folder):
    return told(_STORY + story, folder=folder)


def test_a_settled_program_that_ends_is_started_again_by_a_reset(device):
    story = "print(json.dumps([boot('x = 1\\n'), boot(CRASH), boot(EXIT)]))"
    assert played(story, device) == [
        ["image-ended problem=the program returned"],
        ["image-ended problem=programs/pump_program.py:1: ValueError: a bad release"],
        ["reset", "reset", "exit"],
    ]


def test_a_crash_on_trial_is_given_up_and_the_boot_loader_goes_back(device):
    story = "begin_trial()\nhow = boot(CRASH)\nboard.boot()\nprint(json.dumps([how, found()]))"
    assert played(story, device)[-1] == ["reset", [0, 1, "crashed"]]


def test_a_program_on_trial_that_cannot_connect_goes_on_within_one_boot_of_the_boot_loader(device):
    story = "begin_trial()\nhows = [boot(OFFLINE) for _ in range(5)] + [boot(CONFIRM)]\nboard.boot()\n"
    assert played(story + "print(json.dumps([hows, found()]))", device)[-1] == [
        ["soft reset"] * 5 + ["reset"],
        [1, None, "none"],
    ]


def test_when_its_time_is_over_it_is_given_up_as_offline(device):
    later = "same_attempt.MAX_DELAY_MS = same_attempt.FIRST_DELAY_MS = 200_000\n"
    story = "from fota import same_attempt\n" + later + "begin_trial()\nhows = [boot(OFFLINE) for _ in range(3)]\n"
    assert played(story + "board.boot()\nprint(json.dumps([hows, found()]))", device)[-1] == [
        ["soft reset", "soft reset", "reset"],
        [0, 1, "offline"],
    ]


def test_a_soft_reset_that_the_program_asks_for_counts_as_a_start(device):
    story = "begin_trial()\nhows = [boot(EXIT) for _ in range(3)]\nboard.boot()\nprint(json.dumps([hows, found()]))"
    assert played(story, device)[-1] == [["exit"] * 3, [0, 1, "not-confirmed"]]


@pytest.mark.parametrize("slots", [1, 2])
def test_a_board_that_cannot_be_opened_runs_its_program_all_the_same(device, slots):
    story = f"board = Esp32(slots={slots})\nboard.put(0, OLD)\nboard.boot()\nboot('print(\"[1]\")')\n"
    said = played(story, device)
    assert said[-2] == [1]
    assert [line[0].startswith("board-not-opened") for line in said[:-2]] == [True] * (slots == 1)
