"""When an update may begin: what a program's policy is asked, and the three answers that it can give.

A policy is a function of the program, or an object that is called like one: it takes an `Offer` and returns `Now`,
`Later` or `No`. It is asked at two moments: before the download, and before the restart into the new image.

    def when_idle(offer):
        return policy.Now() if is_idle() else policy.Later("machine-busy", again_s=60)

True is the same as `Now()`, False the same as `Later("not now")`. `aws.iot` asks and carries out the answer; the
ready-made policies are in the files beside this one, and each is loaded only by a program that imports it.
"""

from fota.trust.manifest import NOW, WHEN_CONVENIENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Policy = Callable[["Offer"], "Now | Later | No | bool"]
    """What a program gives as `policy`."""

__all__ = ("DOWNLOAD", "NOW", "RESTART", "WHEN_CONVENIENT", "Later", "No", "Now", "Offer", "as_answer")

DOWNLOAD = "download"
"""The moment before anything is fetched, and each look at the job until the image is installed."""

RESTART = "restart"
"""The moment before the device restarts into an image that is installed and verified."""

AGAIN_S = 300
"""`Later` is asked again after this number of seconds, if it does not say when."""

MAX_AGAIN_S = 86_400
"""A policy is asked again at least once a day."""

_MAX_REASON = 64


class Offer:
    """An update that waits for an answer; a policy reads it and changes nothing in it."""

    moment: "str" = DOWNLOAD
    """DOWNLOAD or RESTART."""
    job_id: "str" = ""
    release: "str | None" = None
    """The id of the release, from the signed manifest; None on a device that has no keyring."""
    version: "str | None" = None
    """What people call the release, from the signed manifest; None on a device that has no keyring."""
    size_bytes: "int" = 0
    left_bytes: "int" = 0
    """What is left to fetch; 0 at RESTART."""
    urgency: "str" = WHEN_CONVENIENT
    """WHEN_CONVENIENT or NOW, from the signed manifest."""
    within_s: "int | None" = None
    """For this number of seconds after it was queued `Later` is heard, after that it counts as `Now`; None: always.

    It is from the signed manifest; 0 with the urgency NOW.
    """
    signed_by: "tuple[str, ...]" = ()
    """The ids of the keys whose signatures counted; empty on a device that has no keyring."""
    waited_s: "int" = 0
    """The seconds since the service queued the job for this device, by the clock of the service; 0 if unknown."""
    time_s: "int | None" = None
    """Now, in seconds since 1970 in UTC, by the clock of the service; None if it has not told it. The clock of the
    device has no part in it."""
    day_bytes: "int" = 0
    """The bytes of images that were fetched within a day; resets of the device do not clear it."""
    month_bytes: "int" = 0
    """The same within 30 days."""


class Now:
    """Yes. The bounds hold until the policy is asked again: a download that reaches one goes on later from there."""

    def __init__(
        self, max_bytes_per_s: "int | None" = None, max_bytes: "int | None" = None, for_s: "int | None" = None
    ) -> None:
        """`max_bytes_per_s` slows the download; `max_bytes` and `for_s` (seconds) pause it. None: no bound.

        *Raises* ValueError for what is no whole number from 1.
        """
        self.max_bytes_per_s: "int | None" = _bound("max_bytes_per_s", max_bytes_per_s)
        self.max_bytes: "int | None" = _bound("max_bytes", max_bytes)
        self.for_s: "int | None" = _bound("for_s", for_s)


class Later:
    """Not now: nothing is lost, and the policy is asked again."""

    def __init__(self, reason: str, again_s: "float | None" = None) -> None:
        """The cloud is told the reason: 1 to 64 printable ASCII characters. *Raises* ValueError for another one.

        again_s: ask again after this number of seconds, at least 1 and at most a day. None: after 5 minutes.
        """
        self.reason: str = _reason(reason)
        self.again_s: int = AGAIN_S if again_s is None else int(min(max(1, again_s), MAX_AGAIN_S))


class No:
    """Never: the job is REJECTED with the reason `declined`, and AWS does not offer it to this device again."""

    def __init__(self, reason: str) -> None:
        """The cloud is told the reason: 1 to 64 printable ASCII characters. *Raises* ValueError for another one."""
        self.reason: str = _reason(reason)


def as_answer(answer: object) -> "Now | Later | No":
    """The answer that a policy meant by what it returned. *Raises* ValueError for what is none."""
    if answer is True:
        return Now()
    if answer is False:
        return Later("not now")
    if isinstance(answer, (Now, Later, No)):
        return answer
    raise ValueError(f"expected Now, Later or No, got {type(answer).__name__}")


def _bound(name: str, value: "int | None") -> "int | None":
    if value is not None and (type(value) is not int or value < 1):
        raise ValueError(f"{name}: expected None or a whole number from 1, got {value!r}")
    return value


def _reason(text: str) -> str:
    if type(text) is not str or not 0 < len(text) <= _MAX_REASON or min(text) < " " or max(text) > "~":
        raise ValueError(f"reason: expected 1 to {_MAX_REASON} printable ASCII characters, got {text!r}")
    return text
