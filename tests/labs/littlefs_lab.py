"""Scripts that run with a littlefs of their own, on the interpreter of the microcontrollers."""

from tests.labs.interpreter import told

_PROMISES = """
import json
import os
import vfs
from fota.errors import FotaError
from fota.storage import FileCell, HomeLock, SlotReader, SlotWriter, make_folder, write_whole_file
from fota._storage_micropython import file_system_kind
from fota_testing.flash.block_device import MemoryBlockDevice
from fota_testing.flash.model import FlashModel

block_bytes, blocks, make = 4096, 16, vfs.VfsLfs2


def mounted():
    device = MemoryBlockDevice(FlashModel(blocks, block_bytes))
    make.mkfs(device)
    vfs.mount(make(device), "/flash")


def answer(ask, *arguments):
    try:
        return ask(*arguments)
    except FotaError as error:
        return type(error).__name__ + ": " + str(error)


def text(content):
    return str(content, "ascii") if isinstance(content, (bytes, bytearray)) else content


def content(path):
    with open(path, "rb") as file:
        return text(file.read())


def read(path, buffer_bytes=7):
    reader, buffer, came = SlotReader(path), memoryview(bytearray(buffer_bytes)), b""
    count = reader.readinto(buffer)
    while count:
        came += bytes(buffer[:count])
        count = reader.readinto(buffer)
    reader.close()
    reader.close()
    return text(came)


def filled(writer, count, letter=b"x"):
    for _ in range(count):
        writer.write(memoryview(letter * 1000))


def tell(*words):
    print(json.dumps(words))


mounted()
cell = FileCell("/flash/cell", 64)
"""


def on_flash(script, device, before="mounted()"):
    """What a script tells that runs with an empty littlefs in /flash."""
    return told(_PROMISES.replace("\nmounted()\n", f"\n{before}\n") + script, folder=device)
