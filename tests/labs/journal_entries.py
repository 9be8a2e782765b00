"""A journal in memory and an entry for it, for the tests of the journal."""

import json

from fota import journal
from fota.digests import Digests
from fota.journal import Entry, Journal
from fota.transfer.checkpoint import Checkpoint
from fota_testing.flash.cells import MemoryCell

WANTED = Digests(1000, b"m" * 16, b"s" * 32)
ENTRY = Entry("job-1", 1, WANTED)


def kept(*entries):
    cells = (MemoryCell(), MemoryCell())
    made = Journal(*cells)
    for entry in entries:
        made.save(entry)
    return made, cells


def seen(entry):
    """All that an entry says, to be compared."""
    if entry is None:
        return None
    wanted = entry.wanted
    told = (entry.job_id, entry.execution, entry.stage, entry.reason, entry.message)
    return (*told, wanted.size_bytes, wanted.md5, wanted.sha256)


def altered(**fields):
    """The entry's bytes with some fields replaced; those that are None are left out."""
    content = {**json.loads(journal.encode(ENTRY)), **fields}
    return json.dumps({name: value for name, value in content.items() if value is not None}).encode()


PROVEN = Checkpoint(700, check32=0xDEADBEEF, etag='"e-1"', received_bytes=900, spent_ms=12_345)
