"""A policy that asks a person: it puts the question into a file, and takes the answer from another. CPython only.

    policy = AskPerson("/run/pump/update")
    handle_fota_jobs(jobs, policy=policy, progress=policy.progress)

What shows the question, a screen or a web page, is another process in any language. It reads `offer.json` and
`progress.json`, and writes `answer`; the page docs/reference/ask-a-person.md says what is in them. Leaves to others:
what is shown. No file is waited for, so a screen that hangs stops nothing.
"""

import json
import os
import stat
import time
from contextlib import suppress

from fota.fields import whole_number
from fota.policy import DOWNLOAD, MAX_AGAIN_S, RESTART, Later, No, Now, Offer
from fota.progress import Progress

FRESH_S = 30
"""The files of an open question and of work under way are touched at least this often while the program lives."""

_LOOK_S = 5
_LATER_S = 3_600
"""How long `later` without a number lasts."""
_MAX_ANSWER_BYTES = 256
_PROGRESS_S = 1.0
_ANSWER_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""No link is followed, and nobody waits for the other end of a pipe."""
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class AskPerson:
    """`Later("no-answer")` until the file `answer` says `yes`, `no` or `later` to this very offer.

    folder: where the three files are; it is made if its parent is there. One in memory, below /run, wears no flash.
    moments: those at which a person is asked; at another one the answer is `Now`.
    user: the number of the user, besides root and that of this program, whose answers count.

    The question of an earlier run is removed. A `yes` holds until the update is over; a `no` declines the job; a
    `later` holds for its number of seconds, and a new answer replaces it. Why an answer is not taken is said in
    `offer.json`. *Raises* ValueError, which names the argument. When it is called, it *raises* OSError if it cannot
    write into the folder, which counts as `Later`.
    """

    def __init__(
        self, folder: str, *, moments: "tuple[str, ...]" = (DOWNLOAD, RESTART), user: "int | None" = None
    ) -> None:
        if type(folder) is not str or not folder or "\0" in folder:
            raise ValueError(f"folder: expected the name of a folder, got {folder!r}")
        if type(moments) is not tuple or not moments or not set(moments) <= {DOWNLOAD, RESTART}:
            raise ValueError(f"moments: expected ('download',), ('restart',) or both, got {moments!r}")
        if user is not None and (type(user) is not int or user < 0):
            raise ValueError(f"user: expected the number of a user, got {user!r}")
        self._folder = folder
        self._moments = moments
        self._trusted = {0, os.geteuid()} if user is None else {0, os.geteuid(), user}
        self._question = _Shown(os.path.join(folder, "offer.json"))
        self._put_off: "tuple[str, float]" = ("", 0.0)
        """The offer that was put off last, and until when, by `time.monotonic`."""
        self._due: "tuple[str, int | None]" = ("", None)
        """The offer that was seen last, and when it may be put off no longer."""
        self.progress: PersonProgress = PersonProgress(folder)
        """Writes how far the update is, and removes the files when it is over: give it to `handle_fota_jobs`."""
        # A folder that cannot be written is no reason for a program not to start.
        with suppress(OSError):
            self._question.remove()
            self.progress.shown.remove()

    def __call__(self, offer: Offer) -> "Now | Later | No":
        """Look for an answer once, and keep the question up to date."""
        if offer.moment not in self._moments:
            return Now()
        name = f"{offer.job_id}/{offer.moment}"
        word, seconds, problem = self._answer(name)
        if word in ("yes", "no"):
            self._question.remove()
            return Now() if word == "yes" else No("declined by a person")
        if word == "later":
            # Taken away once it is heard: otherwise it would begin again when it is over.
            os.unlink(self._path_of_answer())
            self._put_off = (name, time.monotonic() + min(max(1, seconds), MAX_AGAIN_S))
        self._question.show({**self._facts(name, offer), "problem": problem})
        is_put_off = self._put_off[0] == name and time.monotonic() < self._put_off[1]
        return Later("put off by a person" if is_put_off else "no-answer", again_s=_LOOK_S)

    def _facts(self, name: str, offer: Offer) -> "dict[str, object]":
        if self._due[0] != name or self._due[1] is None:
            # Kept, so that a second more or less by the clock of the service does not rewrite the file.
            is_known = offer.within_s is not None and offer.time_s is not None
            due_at = (offer.time_s or 0) - offer.waited_s + (offer.within_s or 0) if is_known else None
            self._due = (name, due_at)
        return {
            "offer": name,
            "job": offer.job_id,
            "moment": offer.moment,
            "release": offer.release,
            "version": offer.version,
            "size_bytes": offer.size_bytes,
            "left_bytes": offer.left_bytes,
            "urgency": offer.urgency,
            "due_at": self._due[1],
        }

    def _path_of_answer(self) -> str:
        return os.path.join(self._folder, "answer")

    def _answer(self, name: str) -> "tuple[str, int, str | None]":
        """The word and the seconds of an answer to this offer; or no word, and what is wrong with the file."""
        try:
            line, problem = _read(self._path_of_answer(), self._trusted)
        except FileNotFoundError:
            return "", 0, None
        except OSError as error:
            return "", 0, f"cannot be read: {os.strerror(error.errno or 0)}"
        words = line.split(" ")
        seconds = whole_number(words[2]) if len(words) == 3 and words[0] == "later" else _LATER_S
        if problem is None and (len(words) not in (2, 3) or words[0] not in ("yes", "no", "later")):
            problem = "expected yes, no or later, and the name of the offer"
        elif problem is None and (seconds is None or (len(words) == 3 and words[0] != "later")):
            problem = "expected a whole number of seconds after later, and nothing after yes and no"
        elif problem is None and words[1] != name:
            problem = "names another offer"
        return ("", 0, problem) if problem or seconds is None else (words[0], seconds, None)


class PersonProgress(Progress):
    """Writes `progress.json`, at most once in a second while bytes come in. Its methods *raise* OSError."""

    def __init__(self, folder: str) -> None:
        self.shown: _Shown = _Shown(os.path.join(folder, "progress.json"))
        self._folder = folder
        self._job: "str | None" = None
        self._written_s = 0.0

    def taken(self, job_id: str) -> None:
        """A job was claimed."""
        self._job = job_id

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        """That much is there."""
        if done_bytes >= total_bytes or time.monotonic() - self._written_s >= _PROGRESS_S:
            self._show("downloading", done_bytes=done_bytes, total_bytes=total_bytes)

    def retrying(self, reason: str, delay_ms: int) -> None:
        """The download broke off."""
        self._show("retrying", problem=reason, delay_s=delay_ms // 1000)

    def waiting(self) -> None:
        """Nothing happens for now."""
        self.shown.touch()

    def proving(self, _slot: int) -> None:
        """All bytes came."""
        self._show("verifying")

    def installed(self, _slot: int) -> None:
        """The image is verified."""
        self._show("installed")

    def restarting(self) -> None:
        """The device is about to restart."""
        self._show("restarting")

    def ended(self, _job_id: str, _status: str, _reason: str) -> None:
        """The update is over: nothing is asked, answered or under way."""
        self.shown.remove()
        for name in ("offer.json", "answer"):
            _remove(os.path.join(self._folder, name))

    def _show(self, state: str, **facts: object) -> None:
        self._written_s = time.monotonic()
        self.shown.show({"job": self._job, "state": state, **facts})


class _Shown:
    """A file of JSON that a reader finds whole or not at all."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._text = ""
        self._touched_s = 0.0

    def show(self, facts: "dict[str, object]") -> None:
        """Write the file if it would change, or else touch it."""
        text = json.dumps(facts) + "\n"
        if text == self._text and self.touch():
            return
        with suppress(FileExistsError):
            os.mkdir(os.path.dirname(self._path) or ".", 0o755)
        beside = self._path + ".new"
        _remove(beside)
        # Not flushed to disk: a power cut may leave an empty file, and the next start removes it.
        descriptor = os.open(beside, _NEW_FLAGS, 0o644)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            # The screen may belong to another user, whatever this program's umask is. Nothing in it is a secret.
            os.fchmod(descriptor, 0o644)
        os.rename(beside, self._path)
        self._text, self._touched_s = text, time.monotonic()

    def touch(self) -> bool:
        """Renew the file's time if that is due; returns whether the file is there, as far as was looked."""
        if self._text and time.monotonic() - self._touched_s >= FRESH_S / 2:
            try:
                os.utime(self._path, follow_symlinks=False)
            except FileNotFoundError:
                self._text = ""
            self._touched_s = time.monotonic()
        return bool(self._text)

    def remove(self) -> None:
        """The file is gone afterwards."""
        self._text = ""
        _remove(self._path)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)


def _read(path: str, trusted: "set[int]") -> "tuple[str, str | None]":
    """The line of an answer, or what is wrong with the file. *Raises* OSError."""
    descriptor = os.open(path, _ANSWER_FLAGS)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            return "", "is no file of its own"
        if found.st_uid not in trusted or found.st_mode & stat.S_IWOTH:
            return "", f"belongs to user {found.st_uid}, whose answer does not count, or anybody could write it"
        content = os.read(descriptor, _MAX_ANSWER_BYTES)
    finally:
        os.close(descriptor)
    if not content.endswith(b"\n") or not content.isascii():
        return "", f"expected one line of at most {_MAX_ANSWER_BYTES} bytes, with a line feed at its end"
    return content[:-1].decode("ascii"), None
