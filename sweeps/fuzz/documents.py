"""Makes the documents. A document depends on a seed and its number alone, and is the same in every run.

A document is built from the inside out: payload, envelope, document, text. At some of these levels it is changed; a
payload is signed after its change, so that the checks behind the signature are reached.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from random import Random

from fota.trust import keyring, manifest
from sweeps.fuzz import payloads, raw, signing, structure
from sweeps.fuzz.stage import IMAGES, KEYRINGS, OPEN, PAIR, SINGLE
from sweeps.fuzz.trees import Members, in_order, tree_of, written

MAX_TEXT_BYTES = 140_000
"""More than AWS IoT sends; what would be longer is cut off."""

WHOLE_FLOW_IN, SIGNATURES_IN = 10, 20
"""One document in this number goes through the whole flow too, and one has its signatures verified twice."""

_PAYLOAD, _PAYLOAD_TEXT, _SIGNERS, _ENVELOPE, _DOCUMENT, _TEXT = range(6)
_LEVELS = (
    (), (_PAYLOAD,), (_PAYLOAD,), (_PAYLOAD,), (_PAYLOAD,), (_PAYLOAD_TEXT,), (_SIGNERS,), (_ENVELOPE,), (_ENVELOPE,),
    (_DOCUMENT,), (_DOCUMENT,), (_TEXT,), (_TEXT,), (_PAYLOAD, _DOCUMENT), (_PAYLOAD, _ENVELOPE), (_DOCUMENT, _TEXT),
    (_PAYLOAD, _SIGNERS),
)  # fmt: skip
"""Where a document with an envelope is changed; each as often as another."""
_LEVELS_UNSIGNED = ((), (_DOCUMENT,), (_DOCUMENT,), (_DOCUMENT,), (_TEXT,))

_RELEASE, _UNSIGNED, _KEYRING, _FOREIGN = "release", "unsigned", "keyring", "foreign"
_KINDS = {
    OPEN: (_UNSIGNED,) * 12 + (_RELEASE,) * 5 + (_KEYRING,) * 2 + (_FOREIGN,),
    SINGLE: (_RELEASE,) * 14 + (_UNSIGNED,) * 2 + (_KEYRING,) * 4,
    PAIR: (_RELEASE,) * 14 + (_UNSIGNED,) + (_KEYRING,) * 4 + (_FOREIGN,),
}
_DEVICES = (OPEN, SINGLE, OPEN, SINGLE, OPEN, PAIR)


@dataclass(frozen=True)
class Document:
    """One document, and the device that it is sent to."""

    number: int
    device: str
    text: bytes
    signed: frozenset[tuple[int, str, bytes]]
    """Every signature that is or was in any part of it: key, payload type, payload."""

    @property
    def is_whole(self) -> bool:
        """Whether it goes through the whole flow, too."""
        return self.number // len(_DEVICES) % WHOLE_FLOW_IN == 0

    @property
    def has_signatures(self) -> bool:
        """Whether its signatures are verified on both interpreters, too: slow where that is done in Python."""
        return has_signatures(self.number)


def document(seed: int, number: int) -> Document:
    """The document of that number."""
    device = _DEVICES[number % len(_DEVICES)]
    draft = _Draft(Random(seed << 48 | number), device)
    return Document(number, device, draft.text(), frozenset(draft.signed))


def has_signatures(number: int) -> bool:
    """As `Document.has_signatures`, asked before there is a document."""
    return number // len(_DEVICES) % SIGNATURES_IN == 0


class _Draft:
    """A document in the making."""

    def __init__(self, dice: Random, device: str) -> None:
        self.signed: set[tuple[int, str, bytes]] = set()
        self._dice = dice
        self._device = device

    def text(self) -> bytes:
        """The finished text."""
        dice = self._dice
        kind = dice.choice(_KINDS[self._device])
        levels = dice.choice(_LEVELS_UNSIGNED if kind in {_UNSIGNED, _FOREIGN} else _LEVELS)
        text = self._unspoilt(kind, levels)
        if _TEXT in levels:
            text = raw.change(dice, text, self._unspoilt(dice.choice(_KINDS[self._device]), ()))
        return text[:MAX_TEXT_BYTES]

    def _unspoilt(self, kind: str, levels: tuple[int, ...]) -> bytes:
        """A document that was changed at these levels, above its text."""
        tree = {
            _RELEASE: self._release,
            _UNSIGNED: self._fields,
            _KEYRING: self._keyring,
            _FOREIGN: self._foreign,
        }[kind](levels)
        if _DOCUMENT in levels:
            tree = structure.change(self._dice, tree)
        comma, colon = self._dice.choice(((",", ":"), (",", ":"), (", ", ": "), (" ,\r\n", "\t:")))
        return written(tree, comma=comma, colon=colon, ascii_only=self._dice.random() < 0.7).encode(
            "utf-8", "surrogatepass"
        )

    def _release(self, levels: tuple[int, ...]) -> object:
        image = self._dice.choice(IMAGES)
        fields = payloads.manifest_fields(self._dice, image)
        payload = self._payload(fields, levels)
        tree = Members(payloads.document_members(self._dice, image))
        if self._dice.random() < 0.5:
            _follow(tree, fields)
        tree.append(("envelope", self._envelope(manifest.PAYLOAD_TYPE, payload, self._signers(levels), levels)))
        return tree

    def _fields(self, _levels: tuple[int, ...]) -> object:
        return Members(payloads.document_members(self._dice, self._dice.choice(IMAGES)))

    def _keyring(self, levels: tuple[int, ...]) -> object:
        keys, fields = payloads.keyring_fields(self._dice, KEYRINGS[self._device])
        payload = self._payload(fields, levels)
        signers = sorted({*self._signers(levels), *keys})[:8]
        tree = Members([("operation", "fota-keyring")])
        tree.append(("envelope", self._envelope(keyring.PAYLOAD_TYPE, payload, signers, levels)))
        return tree

    def _foreign(self, _levels: tuple[int, ...]) -> object:
        return tree_of(self._dice.choice(payloads.FOREIGN))

    def _payload(self, fields: Members, levels: tuple[int, ...]) -> bytes:
        """The payload, as it is signed; `fields` is changed with it."""
        tree: object = fields
        if _PAYLOAD in levels:
            tree = structure.change(self._dice, fields)
        if self._dice.random() < 0.97:
            tree = in_order(tree)
        payload = written(tree, ascii_only=self._dice.random() < 0.9).encode("utf-8", "surrogatepass")
        if _PAYLOAD_TEXT in levels:
            payload = raw.change(self._dice, payload, b'{"format":1,"keys":{}}')
        return payload

    def _signers(self, levels: tuple[int, ...]) -> list[int]:
        """Keys that sign: enough of them, unless that is the level that is changed."""
        dice = self._dice
        if _SIGNERS in levels:
            return dice.sample(range(6), dice.choice((0, 1, 1, 2, 3, 6)))
        return dice.choice(([0], [0, 1], [0, 5])) if self._device == SINGLE else dice.choice(([0, 1], [0, 2, 5]))

    def _envelope(self, kind: str, payload: bytes, signers: list[int], levels: tuple[int, ...]) -> object:
        dice = self._dice
        if _SIGNERS in levels and dice.random() < 0.3:
            kind = dice.choice((manifest.PAYLOAD_TYPE, keyring.PAYLOAD_TYPE, "text/plain"))
        signatures = [self._signature(key, kind, payload) for key in signers]
        if _SIGNERS in levels and dice.random() < 0.3:
            _spoil(dice, signatures)
        tree: object = Members([("payload", _base64(payload)), ("payloadType", kind), ("signatures", signatures)])
        return structure.change(dice, tree) if _ENVELOPE in levels else tree

    def _signature(self, key: int, kind: str, payload: bytes) -> Members:
        self.signed.add((key, kind, payload))
        signature = signing.signature(key, kind, payload)
        return Members([("keyid", signing.IDS[key]), ("sig", _base64(signature))])


def _follow(tree: Members, fields: Members) -> None:
    """The document says what the manifest says, right or wrong."""
    for theirs, ours in (("size", "bc_size"), ("md5", "bc_crc"), ("sha256", "bc_sha256"), ("slot", "bc_idx")):
        found = fields.get(theirs)
        if found is not None:
            tree.put(ours, in_order(found))


def _spoil(dice: Random, signatures: list[Members]) -> None:
    """A bit of a signature, an edge of its range, or another key's name over it."""
    for one in signatures:
        signature = bytearray(binascii.a2b_base64(str(one.get("sig"))))
        kind = dice.randrange(4)
        if kind == 0:
            signature[dice.randrange(64)] ^= 1 << dice.randrange(8)
        elif kind == 1:
            half = dice.choice((0, 32))
            signature[half : half + 32] = dice.choice(_EDGES).to_bytes(32, "big")
        elif kind == 2:
            one.put("keyid", dice.choice(signing.IDS))
        one.put("sig", _base64(bytes(signature)))


def _base64(content: bytes) -> str:
    return binascii.b2a_base64(content, newline=False).decode()


_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_EDGES = (0, 1, _N - 1, _N, _N + 1, 2**256 - 1)
