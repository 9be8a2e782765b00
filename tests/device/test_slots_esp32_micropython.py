"""The board in memory, cut at every operation, on the interpreter of the microcontrollers: the same as here."""

import subprocess
import sys

import pytest

from tests.labs.docs_pages import blocks, read
from tests.labs.interpreter import installed, micropython
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("installed", "pytestmark")

_SILENT = "from fota import _machine_micropython\n_machine_micropython.send_log_to(len)\n"
_SCENARIO = """
import sys
from fota import image, trial
from fota.record import RecordStore
from fota.boards.boot_loader import BootLoaderRecords
from fota.boards.esp32 import OtaBootLoader
from fota.slots.partition import PartitionSlots
from fota_testing.flash.cells import PowerCut
from fota_testing.flash.esp32 import Esp32, firmware
from fota_testing.flash.esp_boot import VALID
from fota_testing.memory_slots import measured
from fota_testing.slots_contract import check_slots

OLD, NEW = firmware(b"old" * 300), firmware(b"new" * 400)


def opened(board):
    loader = OtaBootLoader(board.Partition)
    slots = PartitionSlots(loader.devices, board.cells)
    records = BootLoaderRecords(RecordStore(*board.cells(2)), slots, loader)
    records.reconcile()
    return slots, records


def boot(board, is_good, done):
    # One boot; True when nothing is left to do.
    board.boot()
    slots, records = opened(board)
    record, buffer = records.load(), memoryview(bytearray(512))
    verdict = trial.verdict(record, records.running_slot)
    if verdict == "on-trial" and is_good:
        records.save_in_both(trial.confirmed(record))
        done.append("confirmed")
    elif verdict == "rolled-back":
        done.append("rolled-back")
        records.save(trial.settled(record))
    elif verdict == "settled" and not done and records.running_slot == 0:
        if not image.proves_itself(slots, 1, buffer):
            writer = slots.writer(1, len(NEW))
            writer.write(memoryview(NEW))
            writer.close()
            slots.seal(1, measured(slots, 1, buffer))
        records.save(trial.begun(record, 1))
    else:
        return verdict == "settled"
    return False


def lived(is_good, operation, shape):
    board, done, cuts = Esp32(app_blocks=1, data_blocks=6), [], 0
    board.put(0, OLD)
    board.flash.cut_at(operation, shape)
    for _ in range(12):
        try:
            if boot(board, is_good, done):
                break
        except PowerCut:
            cuts += 1
            board.flash.restore()
    running = board.loader.running_slot
    record = RecordStore(*board.cells(2)).load()
    assert (record.confirmed_slot, record.trial_slot) == (running, None), (operation, shape)
    assert board.loader.next_slot() == running and board.loader.states()[running] == VALID, (operation, shape)
    assert "rolled-back" not in done or running == 0, (operation, shape)
    return cuts, running


for is_good in (True, False):
    cuts, ended = 0, [0, 0]
    for shape in ("nothing", "half", "all"):
        operation, came = 0, 1
        while came:
            operation += 1
            came, running = lived(is_good, operation, shape)
            cuts += came
            ended[running] += 1
    print("good" if is_good else "bad", cuts, ended)
made = check_slots(lambda: PartitionSlots(Esp32(app_blocks=6).Partition.find(), Esp32().cells))
print(len(made), sys.implementation.name)
"""


@pytest.mark.slow
def test_the_device_comes_to_the_same_rest_there(installed):
    there = micropython(_SILENT + _SCENARIO, folder=installed).splitlines()
    here = subprocess.run([sys.executable, "-c", _SCENARIO], capture_output=True, text=True)
    assert here.stderr == ""
    assert there == [*here.stdout.splitlines()[:-1], "3 micropython"]


def test_the_check_of_a_board_runs_there_too(installed):
    (block,) = (one for one in blocks(read("docs/how-to/port-a-board.md")) if "check_board(" in one.content)
    told = [line for line in micropython(block.content, folder=installed).splitlines() if line.startswith("clause")]
    assert [line.split(":")[0] for line in told] == [
        "clause 4",
        "clauses 3 and 7",
        "clauses 7 and 11",
    ]
