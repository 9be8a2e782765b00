"""The note of a trial: whether the image reached the cloud, and how it ended. It outlives the image and a reset.

The boot chooser begins a note with each start of an image on trial; `fota-boot`, which runs in another process,
names its place in the setting FOTA_NOTE. The library tells the note when a connection failed or was made. A program
that connects by other means, and waits long, may call `offline` itself: then a trial whose time is over is no
evidence against the image.
The note decides no boot: one that is lost makes a cause less exact, no more.
"""

import json

from fota import machine
from fota.durable import DurableValue
from fota.errors import StorageFailed
from fota.log import log
from fota.storage import cell_pair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.durable import Cell

MAGIC = b"NOTE"
SETTING = "FOTA_NOTE"
MAX_ERROR = 200
"""Characters of an error."""

OFFLINE = "offline"
ONLINE = "online"

_MAX_WRITES = 16
"""A connection that comes and goes is noted this often in one boot: storage wears out."""

_told: "list[str]" = []
"""What this boot has noted, in order."""

_begun: "list[BootNote]" = []
"""The note of this boot, where the boot chooser runs in this process."""


class BootNote:
    """The note in its two cells: a few short texts, each under a name."""

    def __init__(self, first: "Cell", second: "Cell") -> None:
        self._value = DurableValue(MAGIC, first, second)

    def load(self) -> "dict[str, str]":
        """The texts saved last; empty if there are none, or they are unreadable."""
        try:
            fields = json.loads(self._value.load() or b"{}")
        except (ValueError, RuntimeError, StorageFailed):
            return {}
        if not isinstance(fields, dict):
            return {}
        return {name: text for name, text in fields.items() if isinstance(text, str)}

    def save(self, fields: "dict[str, str]") -> bool:
        """Replace the note; survives a reset. Returns whether that worked: no boot depends on it."""
        try:
            self._value.save(json.dumps(fields).encode())
        except StorageFailed as error:
            log("note-not-saved", problem=error)
            return False
        return True

    def add(self, **fields: str) -> bool:
        """Save the note with some texts more."""
        known = self.load()
        known.update(fields)
        return self.save(known)

    def is_offline(self) -> bool:
        """Whether the image, since its start, could not reach the cloud when it was last heard of."""
        return self.load().get("network") == OFFLINE

    def was_offline(self) -> bool:
        """The same; while nothing is known of this start, the answer is that of the start before in this attempt."""
        fields = self.load()
        return fields.get("network", fields.get("before")) == OFFLINE

    def last_words(self) -> "dict[str, str]":
        """How the image ended, as far as that is known: `exit` and `error`, for the report of a rollback."""
        fields = self.load()
        return {name: fields[name] for name in ("exit", "error") if fields.get(name)}


def note_of(home: str) -> BootNote:
    """The note in a home folder."""
    return BootNote(*cell_pair(home + "/note"))


def begin(note: BootNote, **fields: str) -> None:
    """The image that is about to start, in this process, is on trial: its note begins anew, with these texts."""
    if note.load() != fields:
        note.save(fields)
    _begun[:] = [note]
    _told.clear()


def offline(error: str = "") -> None:
    """The image on trial could not reach the cloud. Only a change is written; does nothing when there is no trial.

    `error`: what the report of a rollback says of it, where that is more than no connection.
    """
    _tell(OFFLINE, error)


def online() -> None:
    """The image on trial has reached the cloud. Only a change is written; does nothing when there is no trial."""
    _tell(ONLINE, "")


def _tell(network: str, error: str) -> None:
    path = machine.setting(SETTING)
    last = _told[-1] if _told else ""
    # That there is no connection says no more than why there was none.
    is_known = last == network + error or (not error and last.startswith(network))
    if not (path or _begun) or is_known or len(_told) >= _MAX_WRITES:
        return
    _told.append(network + error)
    note = _begun[0] if _begun else BootNote(*cell_pair(path or ""))
    fields = note.load()
    fields.pop("error", None)
    if error:
        fields["error"] = one_line(error)
    fields["network"] = network
    note.save(fields)


def one_line(text: str) -> str:
    """An error as one short line that may be shown to anybody: printable, and without the query of any URL.

    A presigned URL is a password, and errors quote URLs, or their paths.
    """
    words = "".join([letter if " " <= letter != "\x7f" else " " for letter in text]).split()
    line = " ".join([word.split("?", 1)[0] + ("?..." if "?" in word[:-1] else "") for word in words])
    return line if len(line) <= MAX_ERROR else line[: MAX_ERROR - 3] + "..."
