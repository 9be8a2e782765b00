"""What the portable modules decide, printed line by line: run by both interpreters, whose lines must be the same.

Itself in the portable subset. Prints results and never judges them; that is the business of the other tests.
"""

from aws.iot import document
from fota import boot, fields, journal, table, trial
from fota import digests as image_digests
from fota.digests import Digests, Hasher
from fota.durable import DurableValue
from fota.errors import FotaError
from fota.install import Installer
from fota.journal import Entry
from fota.progress import Progress
from fota.record import CAUSES, Record, RecordStore, decode, encode
from fota.transfer import http_head
from fota.transfer.backoff import Backoff
from fota.transfer.download import Source
from fota.transfer.limits import Limits
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import MemoryCell, PowerCut
from fota_testing.memory_slots import MemorySlots
from fota_testing.misuse import Misuse
from fota_testing.slots_contract import check_slots

FACTS = (False, True)


def tell(*words):
    print(*words)


def answer(ask, *arguments):
    """The answer, or the error's kind and sentence."""
    try:
        return ask(*arguments)
    except FotaError as error:
        return f"{type(error).__name__} {error.reason}: {error}"


def tables():
    for one in FACTS:
        for two in FACTS:
            for three in FACTS:
                facts = (one, two, three)
                tell("verdict", facts, table.decide(trial.VERDICTS, facts))
                tell("action", facts, table.decide(boot.ACTIONS, facts))


def records():
    for confirmed in (0, 1, 15, 16, 255):
        for boots in (0, 1, 2, 15, 255):
            for tried in (0, 1, 2, 16, 255):
                for form, attempts, cause in ((1, 0, 0), (1, 255, 5), (2, 3, 1), (0, 0, 0), (1, 0, 6)):
                    tell("record", decode(bytes((form, confirmed, boots, tried, attempts, cause))))
    for length in range(8):
        tell("record", decode(b"\x01\x00\x00\xff\x00\x00more"[:length]))
    first = Record(0, boot_slot=1, trial_slot=1, attempts_spent=300)
    tell("encoded", encode(first).hex(), first == decode(encode(first)), CAUSES)
    for step in (trial.attempt_spent, trial.confirmed, trial.settled):
        tell("step", step(first))
    tell("step", trial.rolled_back(first, "deadline"), trial.begun(first, 2))
    tell("means", [trial.verdict(first, slot) for slot in (0, 1, 2)])


def stored(record):
    cells = (MemoryCell(64), MemoryCell(64))
    store = RecordStore(cells[0], cells[1])
    if record is not None:
        store.save(record)
    return store, cells


def boots():
    begun = [None, Record(0), Record(2), Record(7), Record(0, trial_slot=1, attempts_spent=1, cause="crashed")]
    for spent in range(3):
        begun.append(Record(0, boot_slot=1, trial_slot=1, attempts_spent=spent))
    for record in begun:
        for proven in ((), (0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)):
            store, _ = stored(record)
            chosen = answer(lambda s=store, p=proven: boot.choose(s, 3, lambda slot: slot in p, attempts=2))
            tell("boot", record, proven, chosen, store.load())


def cuts():
    for erases in FACTS:
        for cut_bytes in range(27):
            store, cells = stored(Record(0, boot_slot=1, trial_slot=1))
            for cell in cells:
                cell.cut_after(cut_bytes, erases=erases)
            try:
                tell("boots", boot.choose(store, 2, lambda slot: True))
            except PowerCut as cut:
                tell("cut", cut)
            tell("left", store.load())


def damage():
    cells = (MemoryCell(40), MemoryCell(40))
    value = DurableValue(b"TEST", cells[0], cells[1])
    value.save(b"old")
    value.save(b"new")
    for bit in range(21 * 8):
        spoilt = bytearray(cells[1].read())
        spoilt[bit // 8] ^= 1 << bit % 8
        tell("damage", bit, DurableValue(b"TEST", cells[0], MemoryCell(40, bytes(spoilt))).load())
    tell("too long", answer(value.save, bytes(40)))


GOOD: "dict[str, object]" = {
    "operation": "fota",
    "bc_idx": 1,
    "bc_crc": "0" * 32,
    "bc_size": 10,
    "bc_url": "https://host/key?secret",
}
CHANGES: "list[dict[str, object]]" = [
    {},
    {"bc_idx": "any"},
    {"bc_idx": "1"},
    {"bc_idx": -1},
    {"bc_idx": True},
    {"bc_idx": 1.0},
    {"bc_idx": None},
    {"bc_idx": []},
    {"bc_idx": {}},
    {"bc_idx": 1 << 80},
    {"bc_idx": "it's"},
    {"bc_idx": "both ' and \""},
    {"bc_idx": "caf\u00e9"},
    {"bc_idx": "line\nend\x00\x7f"},
    {"bc_idx": "x" * 100},
    {"bc_size": 0},
    {"bc_size": -5},
    {"bc_size": True},
    {"bc_size": "10"},
    {"bc_size": 10.5},
    {"bc_size": 0.1},
    {"bc_size": 1e300},
    {"bc_size": 1 << 31},
    {"bc_size": (1 << 31) - 1},
    {"bc_crc": "0" * 31},
    {"bc_crc": "g" * 32},
    {"bc_crc": "AbCdEf01" * 4},
    {"bc_crc": " " * 32},
    {"bc_crc": 0},
    {"bc_sha256": "0" * 64},
    {"bc_sha256": "0" * 63},
    {"bc_sha256": None},
    {"bc_url": "http://host/key?secret"},
    {"bc_url": "ftp://host/key?secret"},
    {"bc_url": "HTTPS://host/key"},
    {"bc_url": "https:///key"},
    {"bc_url": "https://ho st/key"},
    {"bc_url": "https://host:0/key"},
    {"bc_url": "https://host:65536/key"},
    {"bc_url": "https://host:443/key"},
    {"bc_url": "https://user@host/key"},
    {"bc_url": "https://host/\u00e9"},
    {"bc_url": "https://h\u00f6st/"},
    {"bc_url": "https://host/" + "x" * 5000},
    {"bc_url": 5},
    {"operation": "other"},
    {"operation": None},
    {"colour": "blue"},
    {"x-note": {"anything": [1]}},
    {"caf\u00e9": 1},
    {"bc_sha265": "0" * 64},
]


def asked(value):
    wanted = document.parse(value)
    digests = wanted.wanted
    return wanted.slot, digests.size_bytes, digests.md5, digests.sha256, wanted.url


def documents():
    for change in CHANGES:
        changed = dict(GOOD)
        changed.update(change)
        tell("document", len(change), document.is_fota(changed), answer(asked, changed))
    for name in sorted(GOOD):
        tell("without", name, answer(asked, {key: GOOD[key] for key in GOOD if key != name}))
    odds: tuple[object, ...] = (None, [], "fota", 5, True)
    for odd in odds:
        tell("odd", document.is_fota(odd), answer(asked, odd))


RANGES = (
    "bytes 5-9/10",
    "bytes 0-0/1",
    None,
    "",
    "bytes " + "9" * 50 + "-9/10",
    "bytes 5-9",
    "bytes */9",
    "bytes 9-5/10",
    "octets 5-9/10",
    "bytes 5-9/9",
    "bytes +5-9/10",
)


def ranges():
    for text in RANGES:
        tell("range", answer(http_head.parse_content_range, text))
    for offset, etag in ((0, '"tag"'), (5, '"tag"'), (5, None), (5, 'W/"tag"')):
        tell("headers", sorted(http_head.range_headers(offset, etag).items()))
    tell("numbers", [fields.whole_number(text) for text in ("0", "007", "-1", "", "\u0661", "9" * 15, "9" * 16)])


def delays():
    backoff = Backoff(500, 4_000, lambda: 0.5)
    first = [backoff.next_ms() for _ in range(6)]
    backoff.reset()
    tell("delays", first, backoff.next_ms())


def journals():
    entry = Entry("job-1", 7, Digests(5, b"m" * 16, None)).at(journal.FAILED, "hash-mismatch", "x" * 1000)
    for found in (entry, journal.decode(journal.encode(entry))):
        if found is None:
            tell("entry", None)
            continue
        wanted = found.wanted
        tell("entry", found.job_id, found.execution, found.stage, found.reason, len(found.message))
        tell("wanted", wanted.size_bytes, wanted.md5, wanted.sha256)
    for odd in (b"", b"{", b"[]", b"7", b"null", b"{}", b"[" * 4000, b"\xff", b'{"sha256": 5}', b'{"sha256": ""}'):
        tell("odd", journal.decode(odd))


class Answer:
    """A scripted answer: so many bytes of the object from an offset, and no more."""

    def __init__(self, content, offset, count):
        self.status = 206 if offset else 200
        self.length_bytes = len(content) - offset
        self.etag = '"tag"'
        self.content_range = "bytes %d-%d/%d" % (offset, len(content) - 1, len(content))  # noqa: UP031
        self._left = content[offset : offset + count]

    def readinto(self, buffer):
        chunk, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self):
        self._left = b""


class Client:
    """Breaks off after so many bytes of every answer."""

    def __init__(self, content, every_bytes):
        self.content, self.every_bytes, self.asked = content, every_bytes, []

    def get(self, _url, headers, timeout_ms):
        text = headers.get("Range", "bytes=0-")
        self.asked.append((text, timeout_ms))
        return Answer(self.content, int(text[6:-1]), self.every_bytes)


def installs():
    content = bytes((place * 31) % 256 for place in range(9_000))
    hasher = Hasher()
    hasher.update(memoryview(content))
    wanted = hasher.digests()
    tell(
        "digests",
        wanted.size_bytes,
        wanted.md5.hex(),
        (wanted.sha256 or b"").hex(),
        image_digests.encode(wanted).hex(),
    )
    other = Digests(9_000, bytes(16), None)
    for asked_for, every_bytes in ((wanted, 10_000), (wanted, 2_000), (wanted, 10), (other, 10_000)):
        slots, client, clock = MemorySlots(2, 10_000), Client(content, every_bytes), FakeClock()
        limits = Limits(patience_ms=0)
        installer = Installer(slots, client=client, clock=clock, limits=limits, buffer_bytes=700)
        tell("install", answer(installer.install, Source("https://host/key"), asked_for, 1, Progress()))
        tell("asked", client.asked, clock.sleeps != [], slots.content(1) == content, installer.holds(1, wanted))


def slots():
    tell("contract", check_slots(MemorySlots))
    try:
        MemorySlots().writer(5, 1)
    except Misuse as misuse:
        tell("misuse", misuse)


for chapter in (tables, records, boots, cuts, damage, documents, ranges, delays, journals, installs, slots):
    tell("chapter", chapter.__name__)
    chapter()
