"""When a policy is asked, and what the service is told: printed line by line, by both interpreters alike.

Itself in the portable subset. Prints results and never judges them; `test_micropython.py` compares the lines.
"""

from aws.iot.deferrals import Deferrals
from fota import policy, strict_json
from fota.digests import Digests
from fota.fetched import Fetched
from fota.journal import Journal
from fota.pace import Pacing
from fota.policy.asking import Asking
from fota.trust import manifest
from fota.trust.releases import Admitted
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import MemoryCell

WANTED = Digests(1_000, b"m" * 16, b"s" * 32)
QUEUED_S = 1_767_225_600


class Stage:
    """As much of a device as the question needs."""

    def __init__(self):
        self.clock = FakeClock()
        journal = Journal(MemoryCell(), MemoryCell())
        self.pace = Pacing(journal, self.clock)
        self.fetched = Fetched(journal, self.pace)


def new_stage():
    return Stage()


def release(urgency, within):
    fields = {"format": 1, "hardware": ["a"], "image": "zipapp", "md5": "0" * 32, "product": "p", "release": "r-1"}
    fields.update({"secver": 0, "seq": 7, "sha256": "0" * 64, "size": 1000, "slot": "any", "version": "1"})
    if urgency:
        fields["urgency"] = urgency
    if within:
        fields["within"] = within
    return manifest.parse(strict_json.canonical(fields))


def told(offer):
    times = [offer.within_s, offer.waited_s, offer.time_s]
    return [offer.moment, offer.left_bytes, offer.urgency, times, offer.day_bytes]


ANSWERS = (
    True,
    False,
    None,
    policy.Now(max_bytes=100, for_s=5),
    policy.Later("busy", 7),
    policy.Later("closed", 200_000),
    policy.No("never"),
    ValueError("odd"),
)


class Scripted:
    """Gives one answer, whatever it is asked; an error is raised."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def __call__(self, offer):
        self.asked.append(told(offer))
        if isinstance(self.answer, ValueError):
            raise self.answer
        return self.answer


def main():
    """All of it."""
    for answer in ANSWERS:
        found = Asking().answer(Scripted(answer), policy.Offer())
        print(type(found).__name__, getattr(found, "reason", ""), getattr(found, "again_s", ""))
    for urgency, within in (("", 0), ("", 3_600), ("now", 0), ("when-convenient", 31_622_400)):
        for moment in (policy.DOWNLOAD, policy.RESTART):
            play(release(urgency, within), moment)
    play(None, policy.DOWNLOAD)


def play(signed, moment):
    """A policy says later, and goes on saying so."""
    stage, busy = new_stage(), Scripted(policy.Later("busy", 600))
    jobs, name = Deferrals(stage), ("job-1", 1)
    jobs.look([name])
    question = jobs.about(name)
    question.see({"queuedAt": QUEUED_S}, QUEUED_S + 10, Admitted(WANTED, None, None, signed))
    answer = question.answer_at(busy, moment, 400)
    if not isinstance(answer, policy.Later):
        print(moment, type(answer).__name__, busy.asked)
        return
    print(moment, sorted(question.put_off().items()))
    question.was_told()
    for _ in range(20):
        stage.clock.advance_ms(300_000)
        if jobs.is_due():
            print("news", jobs.ask_again(busy), question.wake_ms, busy.asked[-1])


main()
