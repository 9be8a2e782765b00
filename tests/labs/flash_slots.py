"""Slots on the flash of a board, filled and read back, for the tests of such slots."""

import random

from fota.slots.partition import PartitionSlots
from fota_testing.flash.model import SECTOR_BYTES

IMAGE = random.Random(1).randbytes(3 * SECTOR_BYTES + 100)
OTHER = random.Random(2).randbytes(3 * SECTOR_BYTES + 50)


def slots_of(board):
    """As a program finds them after a reset."""
    return PartitionSlots(board.Partition.find(board.Partition.TYPE_APP), board.cells)


def fill(slots, slot, content, chunk_bytes=1000):
    writer = slots.writer(slot, len(content))
    for start in range(0, len(content), chunk_bytes):
        writer.write(memoryview(content)[start : start + chunk_bytes])
    writer.close()


def content_of(slots, slot):
    buffer, content = memoryview(bytearray(777)), b""
    reader = slots.reader(slot)
    while count := reader.readinto(buffer):
        content += bytes(buffer[:count])
    return content
