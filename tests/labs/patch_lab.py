"""Patches applied by the interpreter of the microcontrollers, each line of a file one after the other."""

ON_MICROPYTHON = """
import binascii, json
from fota.patch.apply import apply, read_head
from fota.errors import PatchFailed

class Reader:
    def __init__(self, content):
        self.content, self.place = content, 0

    def readinto(self, buffer):
        chunk = self.content[self.place : self.place + len(buffer)]
        buffer[: len(chunk)] = chunk
        self.place += len(chunk)
        return len(chunk)

    def seek(self, place):
        self.place = place

def made(patch, old, buffer):
    out = bytearray()
    reader = Reader(patch)
    try:
        head = read_head(reader, buffer)
        apply(head, reader, None if head.starts_from_nothing else Reader(old), out.extend, buffer)
    except PatchFailed:
        return None, len(out)
    return binascii.hexlify(out).decode(), len(out)

buffer = memoryview(bytearray(512))
with open("vectors.jsonl") as file:
    for line in file:
        one = json.loads(line)
        print(json.dumps(list(made(binascii.unhexlify(one["patch"]), binascii.unhexlify(one["old"]), buffer))))
"""
