"""Firmware jobs that a program's policy puts off: when it is asked again, and what the service is to be told.

It decides, and neither asks the service nor tells it: `asked_job` does. All of it is in memory: after a reset the
jobs are listed again, the policy is asked again, and what the service was told before comes with the job. How a
policy is asked is in `fota.policy.asking`.
"""

from fota.log import log
from fota.policy import AGAIN_S, DOWNLOAD, RESTART, Later, Now, Offer
from fota.policy.asking import Asking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.device import Device
    from fota.policy import No, Policy
    from fota.trust.manifest import Manifest
    from fota.trust.releases import Admitted

    Name = tuple[str, int | None]

NEWS_EVERY_MS = 900_000
"""Another reason is told at most so often,"""
TELL_EVERY_MS = 21_600_000
"""and the time of the next question at least so often."""

STEP = "deferred"

_PAUSED = "paused"
_ANSWER_HOLDS_MS = 60_000
"""An answer that has the service asked is good for that look, if the service answers within this time."""


class Deferrals:
    """The jobs that are put off."""

    def __init__(self, device: "Device") -> None:
        self.device = device
        self.asking: "Asking" = Asking()
        self._open: "dict[Name, Deferral]" = {}
        self._order: "list[Name]" = []
        self._behind = 0

    def now_ms(self) -> int:
        """By the clock of the device, which never goes back."""
        return self.device.clock.now_ms()

    def is_due(self) -> bool:
        """Whether the policy is to be asked again about one of them."""
        if self._open:
            now_ms = self.now_ms()
            for deferral in self._open.values():
                if deferral.wake_ms <= now_ms:
                    return True
        return False

    def ask_again(self, policy: "Policy") -> bool:
        """Ask about those that are due; whether that has the service asked or told."""
        for deferral in self._open.values():
            if deferral.wake_ms <= self.now_ms():
                deferral.ask(policy)
                if deferral.is_news():
                    return True
                deferral.wait()
        return False

    def look(self, names: "list[Name]") -> None:
        """A look begins; these jobs wait, in the service's order. What is not among them is over."""
        self._order, self._behind = names, 0
        self._open = {name: self._open[name] for name in names if name in self._open}

    def about(self, name: "Name") -> "Deferral":
        """What the policy is asked about a job that was described just now."""
        return self._open.get(name) or Deferral(self, name)

    def put(self, deferral: "Deferral") -> None:
        """It is put off from now on."""
        self._open[deferral.name] = deferral

    def end(self, name: "Name") -> None:
        """It is put off no longer, or over."""
        self._open.pop(name, None)

    def holds(self, name: "Name") -> bool:
        """Whether that job is put off."""
        return name in self._open

    def any_open(self) -> bool:
        """Whether a job is put off."""
        return len(self._open) > 0

    def all_wait(self) -> bool:
        """Whether all jobs that were listed are put off, or wait behind one that is."""
        return len(self._open) + self._behind >= len(self._order)

    def is_behind(self, name: "Name", seq: int) -> bool:
        """Whether a job before this one is put off, and this one brings no newer release in its place."""
        for other in self._order:
            if other == name:
                break
            if other in self._open and not seq > self._open[other].seq > 0:
                self._behind += 1
                self.end(name)
                return True
        return False


class Deferral:
    """One job that the policy is asked about; it is put off while `Deferrals` hold it."""

    def __init__(self, among: Deferrals, name: "Name") -> None:
        self.name = name
        self.answer: "Now | Later | No | None" = None
        """What the policy says in this look, at this moment."""
        self.wake_ms: "int" = 0
        """When the policy is asked again."""
        self.told: "tuple[object, object] | None" = None
        """The moment and the reason that the service was told; None if it was told another step since."""
        self.seq: "int" = 0
        """The number of the signed manifest; 0 without one."""
        self._among = among
        self._first_ms = self._told_ms = self._asked_ms = among.now_ms()
        self._again_s = AGAIN_S
        self._paused_until_ms = 0
        self._moment, self._reason = DOWNLOAD, ""
        self._left_bytes = self._size_bytes = 0
        self._queued_at_s: "int | None" = None
        self._release: "Manifest | None" = None

    def see(self, state: "dict[str, object]", told_at_s: "int | None", admitted: "Admitted") -> None:
        """Take over what the service said, and what was admitted; an answer that led to this look is kept."""
        queued_at_s, updated_at_s = state.get("queuedAt"), state.get("lastUpdatedAt")
        details, now_ms = state.get("statusDetails"), self._among.now_ms()
        self._queued_at_s = queued_at_s if type(queued_at_s) is int else None
        self._among.device.pace.time_s(told_at_s)
        # The envelope and the document are not kept: they may be long.
        self._release, self._size_bytes = admitted.release, admitted.wanted.size_bytes
        self.seq = 0 if admitted.release is None else admitted.release.seq
        self.told = None
        if isinstance(details, dict) and details.get("step") == STEP:
            self.told = (details.get("moment"), details.get("reason"))
            if type(updated_at_s) is int and told_at_s is not None:
                self._told_ms = now_ms - max(0, told_at_s - updated_at_s) * 1000
        if now_ms - self._asked_ms > _ANSWER_HOLDS_MS:
            self.answer = None

    def answer_at(self, policy: "Policy", moment: str, left_bytes: int) -> "Now | Later | No":
        """What the policy says; it is asked about a moment once in each look, and not in a pause."""
        if self.answer is None or moment != self._moment:
            self._moment, self._left_bytes = moment, left_bytes
            pause_ms = self._paused_until_ms - self._among.now_ms()
            if pause_ms > 0:
                return self._take(Later(_PAUSED, pause_ms // 1000 + 1))
            return self.ask(policy)
        return self.answer

    def ask(self, policy: "Policy") -> "Now | Later | No":
        """Ask the policy; `Later` and a pause count for nothing once the release may be put off no longer."""
        offer = self._offer()
        is_over = offer.within_s is not None and offer.waited_s >= offer.within_s
        answer = self._among.asking.answer(policy, offer)
        if is_over and isinstance(answer, Later):
            log("deferral-over", job=self.name[0], moment=self._moment, waited_s=self._waited_s())
            answer = Now()
        elif is_over and isinstance(answer, Now):
            answer = Now(answer.max_bytes_per_s)
        return self._take(answer)

    def pause(self, left_bytes: int) -> None:
        """A bound of `Now` ended the download, with that left to fetch: it counts as `Later`, and nobody is asked."""
        self._left_bytes = left_bytes
        self._take(Later(_PAUSED))
        self._paused_until_ms = self.wake_ms

    def put_off(self) -> "dict[str, str]":
        """The answer is `Later`: what the service is to be told now; empty if it knows enough.

        Once it is told, call `was_told`.
        """
        among, details = self._among, {}
        among.put(self)
        if self.is_news():
            log("job-deferred", job=self.name[0], moment=self._moment, reason=self._reason, again_s=self._again_s)
            details = {"step": STEP, "moment": self._moment, "reason": self._reason}
            time_s = among.device.pace.time_s()
            if time_s is not None:
                details["again_at"] = str(time_s + self._again_s)
        else:
            self.wait()
        return details

    def was_told(self) -> None:
        """The service took what `put_off` returned."""
        self.told, self._told_ms = (self._moment, self._reason), self._among.now_ms()
        self.wait()

    def wait(self) -> None:
        """The service knows enough for now."""
        self.answer = None
        self.wake_ms = min(self.wake_ms, self._told_ms + self._tell_after_ms())

    def is_news(self) -> bool:
        """Whether the answer has the service asked or told."""
        if self.told is None or not isinstance(self.answer, Later):
            return True
        return self._among.now_ms() >= self._told_ms + self._tell_after_ms()

    def _tell_after_ms(self) -> int:
        return TELL_EVERY_MS if self.told == (self._moment, self._reason) else NEWS_EVERY_MS

    def _take(self, answer: "Now | Later | No") -> "Now | Later | No":
        again_s, reason, release = AGAIN_S, "", self._release
        if isinstance(answer, Later):
            again_s, reason = answer.again_s, answer.reason
        if release is not None and release.within_s is not None:
            # Asked again when it may be put off no longer, at the latest.
            again_s = min(again_s, max(1, release.within_s - self._waited_s()))
        self.answer, self._again_s, self._reason, self._asked_ms = answer, again_s, reason, self._among.now_ms()
        # If the network fails now, `Jobs.put_off` says when it is tried again.
        self.wake_ms = self._asked_ms + again_s * 1000
        return answer

    def _waited_s(self) -> int:
        time_s = self._among.device.pace.time_s()
        if time_s is None or self._queued_at_s is None:
            return (self._among.now_ms() - self._first_ms) // 1000
        return max(0, time_s - self._queued_at_s)

    def _offer(self) -> Offer:
        device, release, offer = self._among.device, self._release, Offer()
        offer.moment, offer.job_id, offer.size_bytes = self._moment, self.name[0], self._size_bytes
        offer.left_bytes = 0 if self._moment == RESTART else self._left_bytes
        if release is not None:
            offer.release, offer.version, offer.signed_by = release.release, release.version, release.signed_by
            offer.urgency, offer.within_s = release.urgency, release.within_s
        offer.waited_s, offer.time_s = self._waited_s(), device.pace.time_s()
        offer.day_bytes, offer.month_bytes = device.fetched.day_bytes(), device.fetched.month_bytes()
        return offer
