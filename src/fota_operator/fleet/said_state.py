"""What a device says that it runs, read from its named shadow. Nonsense becomes a doubt, never a version. Pure.

A shadow is data from a device, and anybody with its permissions may have written it.
Leaves to others: fetching the shadow (`search`, `one_by_one`), and how a doubt is shown (`cli.fleet`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from fota_operator.account.names import DEVICE_SHADOW
from fota_operator.bounded_text import parse_json

FORMAT = 1
"""The only format of its content so far."""
MAX_SHADOW_BYTES = 65_536
"""AWS lets a shadow have 8 KB of state; with its metadata it is longer."""

NOT_TOLD = "not-told"
NO_VERSION = "no-version"
NONSENSE = "nonsense"
OTHER_WRITER = "other-writer"
OLDER_THING = "older-thing"

DOUBTS = {
    NOT_TOLD: "the thing has no shadow `fota`: its device has not told what it runs, or was removed just now",
    NO_VERSION: "the device runs an image without a version, as one that is not signed",
    NONSENSE: "the shadow `fota` is not as a device writes it",
    OTHER_WRITER: "somebody else than the device has written to the shadow `fota`",
    OLDER_THING: "the shadow `fota` is older than the thing: it is of a former device of that name",
}
"""Every kind of doubt about what a thing runs, and what it means."""

_MAX_CHARACTERS = 64
_MAX_TEXT = 128
_MAX_NUMBER = 9_007_199_254_740_991
_STATES = ("confirmed", "on-trial")


@dataclass(frozen=True)
class Doubt:
    """Why it is not known what a thing runs: one of DOUBTS, and a sentence for people."""

    kind: str
    text: str


class Doubtful(Exception):
    """A shadow does not say what its device runs; `doubt` says why."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(text or DOUBTS[kind])
        self.doubt: Doubt = Doubt(kind, text or DOUBTS[kind])


@dataclass(frozen=True)
class SaidFailure:
    """The last update that failed, since the last that succeeded. None: not said."""

    job: str | None = None
    reason: str | None = None
    cause: str | None = None
    version: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class SaidState:
    """What a device says. None: it does not say it. `reported_at` is AWS's time of the last report."""

    product: str | None = None
    version: str | None = None
    seq: int | None = None
    sha256: str | None = None
    slot: int | None = None
    state: str | None = None
    library: str | None = None
    interpreter: str | None = None
    board: str | None = None
    platform: str | None = None
    free_bytes: int | None = None
    last_failure: SaidFailure | None = None
    reported_at: datetime | None = None


def state_in(text: str | bytes) -> SaidState:
    """What a shadow's document says, as AWS returns it for one thing. *Raises* Doubtful."""
    document = _object(text)
    return read_state(document.get("state"), document.get("metadata"))


def state_in_index(text: str) -> SaidState:
    """What the shadow of a thing says in the index, which has all its shadows in one text. *Raises* Doubtful."""
    named = _object(text).get("name")
    document = named.get(DEVICE_SHADOW) if isinstance(named, Mapping) else None
    if not isinstance(document, Mapping):
        raise Doubtful(NOT_TOLD)
    return read_state(document, document.get("metadata"))


def read_state(state: object, metadata: object) -> SaidState:
    """The state and the metadata of a shadow as a value. *Raises* Doubtful for what no device writes."""
    if not isinstance(state, Mapping) or not isinstance(state.get("reported", {}), Mapping):
        raise Doubtful(NONSENSE, "the shadow is no object with a reported state")
    if state.get("desired"):
        raise Doubtful(OTHER_WRITER, "the shadow has a desired state, and no device writes one")
    reported = state.get("reported", {})
    if not reported:
        raise Doubtful(NOT_TOLD)
    found = reported.get("format")
    if type(found) is not int or found != FORMAT:
        raise Doubtful(NONSENSE, f"format: expected {FORMAT}, got {_shown(found)}")
    values = {name: _taken(reported, name, check, expected) for name, (check, expected) in _FIELDS.items()}
    # Any other type was refused; mypy cannot follow a table.
    return SaidState(**values, last_failure=_failure(reported), reported_at=_reported_at(metadata))  # type: ignore[arg-type]


def _object(text: str | bytes) -> Mapping[str, object]:
    if len(text) > MAX_SHADOW_BYTES:
        raise Doubtful(NONSENSE, f"the shadow has {len(text)} bytes, and at most {MAX_SHADOW_BYTES} are read")
    try:
        found = parse_json(text)
    except ValueError as error:
        raise Doubtful(NONSENSE, "the shadow is no JSON") from error
    if not isinstance(found, Mapping):
        raise Doubtful(NONSENSE, f"the shadow is no object: {_shown(found)}")
    return found


def _text(most: int) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return isinstance(value, str) and 0 < len(value) <= most and min(value) >= " " and max(value) <= "~"

    return check


def _whole(least: int, most: int) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return type(value) is int and least <= value <= most

    return check


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and not value.strip("0123456789abcdef")


_NAME = (_text(_MAX_CHARACTERS), "1 to 64 printable characters")
_WORDS = (_text(_MAX_TEXT), "1 to 128 printable characters")
_SHA256 = (_is_sha256, "a SHA-256 in hex")
_FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "product": _NAME,
    "version": _NAME,
    "seq": (_whole(1, _MAX_NUMBER), "a sequence number"),
    "sha256": _SHA256,
    "slot": (_whole(0, 255), "the number of a slot"),
    "state": (_STATES.__contains__, " or ".join(_STATES)),
    "library": _WORDS,
    "interpreter": _WORDS,
    "board": _WORDS,
    "platform": _WORDS,
    "free_bytes": (_whole(0, _MAX_NUMBER), "a number of bytes"),
}
_FAILURE_FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "job": _WORDS,
    "reason": _WORDS,
    "cause": _WORDS,
    "version": _NAME,
    "sha256": _SHA256,
}


def _taken(fields: Mapping[str, object], name: str, check: Callable[[object], bool], expected: str) -> object:
    value = fields.get(name)
    if value is None:
        return None
    if not check(value):
        raise Doubtful(NONSENSE, f"{name}: expected {expected}, got {_shown(value)}")
    return value


def _failure(reported: Mapping[str, object]) -> SaidFailure | None:
    found = reported.get("last_failure")
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise Doubtful(NONSENSE, f"last_failure: expected an object, got {_shown(found)}")
    values = {name: _taken(found, name, check, expected) for name, (check, expected) in _FAILURE_FIELDS.items()}
    return SaidFailure(**values)  # type: ignore[arg-type]


def _reported_at(metadata: object) -> datetime | None:
    """The latest of the times that AWS keeps for each reported field; the index may lack them."""
    reported = metadata.get("reported") if isinstance(metadata, Mapping) else None
    found = max(_times(reported), default=None)
    return None if found is None else datetime.fromtimestamp(found, timezone.utc)


def _times(metadata: object) -> list[int]:
    if isinstance(metadata, list):
        return [time for one in metadata for time in _times(one)]
    if not isinstance(metadata, Mapping):
        return []
    times = [time for name, one in metadata.items() if name != "timestamp" for time in _times(one)]
    at = metadata.get("timestamp")
    if type(at) is int and 0 < at < 100_000_000_000:
        times.append(at)
    return times


def _shown(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
