"""The verdicts of the parsers on a text, spelled alike by both interpreters. It is in the portable subset itself.

A verdict is, for each parser that the text reaches, the reason and the message of its refusal, or a digest of all
that it read. If the devices are known, the judgement by one of them follows, with its check of signatures.

A file of texts: the state of each device (keyring, floor), then per text a device (0: none) and its bytes; every
piece after its length. This module leaves the comparison to `differential`.
"""

import hashlib
import struct

from aws.iot import document as documents
from aws.iot.mqtt import parse_object
from fota import strict_json
from fota.errors import FotaError
from fota.trust import envelope as envelopes
from fota.trust import keyring as keyrings
from fota.trust import manifest
from fota.trust.floor import FloorStore, decode
from fota.trust.keyring import KeyringStore
from fota.trust.releases import Releases
from fota_testing.flash.cells import MemoryCell
from fota_testing.memory_slots import MemorySlots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from fota.digests import Digests

IMAGE_KINDS = ("zipapp",)
SLOTS = 2
NOW_S = 1767226600

_HEAD = "<BI"
_HEAD_BYTES = 5
_NOTHING = object()

STATE = 255
"""In the place of a device: the piece is the state of one."""
ESCAPED = "\t"
"""The prefix of an exception that is not of the library; `plain` lets no other one through."""


class Judge:
    """A device's releases, as far as no storage is needed."""

    def __init__(self, keyring: bytes, floor: bytes) -> None:
        """`keyring` is empty for a device that has none."""
        size_bytes = 4096 if keyring else 0
        self._keyrings = KeyringStore(MemoryCell(size_bytes), MemoryCell(size_bytes))
        if keyring:
            self._keyrings.save(keyrings.parse(keyring))
        floors = FloorStore(MemoryCell(), MemoryCell())
        reached = decode(floor)
        if reached is not None:
            floors.save(reached)
        cells = [(MemoryCell(), MemoryCell()) for _ in range(SLOTS)]
        self._releases = Releases(
            MemorySlots(SLOTS), self._keyrings, floors, lambda slot: cells[slot], image_kinds=IMAGE_KINDS
        )

    def admitted(self, document: object) -> object:
        """What is admitted of a job document. *Raises* Refused."""
        if documents.is_keyring(document):
            return keyrings.successor(self._keyrings.load(), documents.keyring_envelope(document))
        asked = documents.parse(document)
        admitted = self._releases.admit(asked.wanted, asked.slot, asked.envelope, NOW_S)
        return [told_digests(admitted.wanted), admitted.slot, admitted.envelope]


def main(texts: str, verdicts: str) -> None:
    """Read a file of texts, write a file with a line for each."""
    with open(texts, "rb") as file, open(verdicts, "w") as answers:  # noqa: PTH123 - runs where there is no pathlib
        for line in lines(file):
            answers.write(line + "\n")


def lines(file: "BinaryIO") -> "Iterator[str]":
    """The verdict of each text of a file."""
    judges = []
    while True:
        head = file.read(_HEAD_BYTES)
        if not head:
            return
        device, length = struct.unpack(_HEAD, head)
        piece = file.read(length)
        if device == STATE:
            (size,) = struct.unpack("<I", piece[:4])
            judges.append(Judge(piece[4 : 4 + size], piece[4 + size :]))
        else:
            yield verdict(piece, judges[device - 1] if device else None)


def text_piece(text: bytes, device: int) -> bytes:
    """A text, for a file of texts."""
    return struct.pack(_HEAD, device, len(text)) + text


def state_piece(keyring: bytes, floor: bytes) -> bytes:
    """The state of a device, for a file of texts; the first is that of device 1."""
    return text_piece(struct.pack("<I", len(keyring)) + keyring + floor, STATE)


def verdict(text: bytes, judge: "Judge | None" = None) -> str:
    """What is said of a text, in one line."""
    said: list[str] = []
    document = _ask(said, "json", strict_json.parse, text)
    # What a device reads is an object; it is more patient with numbers.
    document = _ask(said, "object", lambda question: parse_object(question, clips=True), text) or document
    if document is _NOTHING:
        return said[0] + "; " + said[1]
    _ask(said, "canonical", strict_json.canonical, document)
    _ask(said, "document", documents.parse, document)
    _ask(said, "keyring-document", documents.keyring_envelope, document)
    carried = document.get("envelope", document) if isinstance(document, dict) else document
    envelope = _ask(said, "envelope", envelopes.parse, carried)
    if isinstance(envelope, envelopes.Envelope):
        _ask(said, "manifest", manifest.parse, envelope.payload)
        _ask(said, "keyring", keyrings.parse, envelope.payload)
    if judge is not None:
        _ask(said, "device", judge.admitted, document)
    return "; ".join(said)


def _ask(said: "list[str]", name: str, parser: "Callable[..., object]", question: object) -> object:
    """What a parser makes of it; `said` gets that in words."""
    found = _NOTHING
    try:
        found = parser(question)
        words = digest(found)
    except FotaError as error:
        words = error.reason + ": " + plain(str(error))
    except Exception as error:  # noqa: BLE001 - whatever comes out is the verdict
        # Of JSON a ValueError is the refusal.
        words = "" if type(error) is ValueError and name in ("json", "canonical") else ESCAPED
        words += type(error).__name__ + ": " + plain(str(error))
    said.append(name + " " + words)
    return found


def digest(value: object) -> str:
    """A few digits that identify a value."""
    return hashlib.sha256(told(value).encode()).digest().hex()[:16]


def told(value: object) -> str:
    """A value in words, with its types, the members of an object sorted."""
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([told(member) for member in value]) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(sorted([told(name) + ":" + told(member) for name, member in value.items()])) + "}"
    if value is None or type(value) in (bool, int):
        return repr(value)
    return told_text(value) or told(read_of(value))


def told_text(value: object) -> str:
    """The bytes of a value that can be spelled in several ways; empty for any other value."""
    if isinstance(value, str):
        return "s" + value.encode().hex()
    if isinstance(value, bytes):
        return "b" + value.hex()
    if isinstance(value, float):
        # Without its last bits: MicroPython's float() may be one off in the very last.
        return "f" + str((int.from_bytes(struct.pack(">d", value), "big") + 1024) >> 11)
    return ""


def read_of(value: object) -> "list[object]":
    """All that was read into an object of ours."""
    if isinstance(value, documents.FotaDocument):
        return [value.slot, told_digests(value.wanted), value.url, value.insists, value.envelope]
    if isinstance(value, envelopes.Envelope):
        return [value.payload_type, value.payload, value.signatures]
    if isinstance(value, manifest.Manifest):
        names = [value.product, value.hardware, value.version, value.image, value.release]
        numbers = [value.seq, value.secver, value.slot, value.not_before, value.not_after]
        return [names, numbers, value.sha256, told_digests(value.wanted)]
    if isinstance(value, keyrings.Keyring):
        return [keyrings.encode(value)]
    raise TypeError(type(value).__name__)


def told_digests(wanted: "Digests") -> "list[object]":
    """Of an image."""
    return [wanted.size_bytes, wanted.md5, wanted.sha256]


def plain(text: str) -> str:
    """The text on one line, in ASCII."""
    return "".join([c if " " <= c <= "~" else f"<{ord(c)}>" for c in text])
