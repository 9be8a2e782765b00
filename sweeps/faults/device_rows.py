"""The faults of a device's own life: its processes, its clock, its images, and the jobs that follow one another."""

from __future__ import annotations

from dataclasses import replace

from sweeps.faults.halves import CPYTHON, HALVES
from sweeps.faults.row import (
    CRASHED,
    ENDED,
    FELL_BACK,
    HUNG,
    LASTING_S,
    NOT_CONFIRMED,
    STORAGE,
    UPDATED,
    Row,
    cut,
    lasting,
    once,
)

_A_DAY_AND_MORE_S = 88_200
_HALF_AN_HOUR_S = 1_800
_SOME_STEPS = ("power-on", "claiming", "download-middle", "trial-started", "confirmed", "idle", "back-listing")
"""Half an hour of jobs takes seconds of real time."""

_WITH_THE_RECORD = (
    *("power-on", "started", "listing", "claiming", "noting", "download-middle", "installed", "beginning-trial"),
    *("restarting", "trial-attempt", "trial-started", "health-check", "confirming", "reporting", "clearing", "idle"),
    *("bad-trial", "giving-up", "back-started", "back-listing", "back-reporting", "back-clearing"),
)
"""Where a boot by guess is not taken for a fall back."""

_BEFORE_THE_TRIAL = ("power-on", "listing", "claiming", "download-middle", "installed", "idle")
_PUT_OFF_AT = {"download": ("power-on", "listing"), "restart": ("power-on", "listing", "download-middle")}
_UNTRUSTED = ("failed untrusted-server",)


def _policy(name: str, about: str, *, halves: tuple[str, ...] = HALVES) -> list[Row]:
    row = Row(name, "policy", about, (name,), halves=halves, at=_BEFORE_THE_TRIAL, has_policy=True)
    # Not for hours: a policy that never says now is no fault, and its update waits as long.
    return lasting(row, (75, 600))


_MEANWHILE = {
    "power-cut": "the power is cut",
    "power-cut-lost": "the power is cut, and what was not flushed is lost",
    "service-restarted": "the service is restarted",
    "kicked": "the broker hangs up",
    "cancelled": "the operator cancels the job",
    "replaced": "a job with a newer release comes",
    "urls-expire": "every URL that was delivered expires",
    "clock-hour-on": "the clock jumps an hour on",
    "clock-hour-back": "the clock jumps an hour back",
    "clock-2000": "the clock jumps to the year 2000",
}


def _put_off(moment: str) -> list[Row]:
    """What happens to a device while its policy says later at that moment."""
    kind, rows = f"policy-later-{moment}", []
    for meanwhile, happens in _MEANWHILE.items():
        name, about = f"put-off-{moment}-{meanwhile}", f"an update is put off before the {moment}, and {happens}"
        outcomes = (UPDATED, ENDED) if meanwhile == "cancelled" else (UPDATED,)
        row = Row(name, "policy", about, (kind,), outcomes=outcomes, at=_PUT_OFF_AT[moment], has_policy=True)
        rows += lasting(replace(row, meanwhile=meanwhile), (600,))
    return rows


def _dst(name: str, about: str) -> list[Row]:
    row = Row(name, "policy", about, (name,), halves=(CPYTHON,), at=_BEFORE_THE_TRIAL, has_policy=True)
    # It opens within the hour, long before this ends.
    return lasting(row, (LASTING_S,))


DEVICE_ROWS: tuple[Row, ...] = (
    *_dst("dst-on", "clocks are put forward over the whole window of the program's policy"),
    *_dst("dst-back", "clocks are put back, and show the window of the program's policy twice"),
    *_put_off("download"),
    *_put_off("restart"),
    *_policy("policy-later-download", "the program's policy says later, before the download"),
    *_policy("policy-later-restart", "the program's policy says later, before the restart"),
    *_policy("policy-raises", "the program's policy raises"),
    *_policy("policy-talks-nonsense", "the program's policy returns what is no answer"),
    *_policy("policy-hangs", "the program's policy comes back after 90 s only", halves=(CPYTHON,)),
    *lasting(
        Row(
            "helper-left",
            "processes",
            "each image starts a process in a session of its own, which holds the port of the images",
            ("helper-left",),
            halves=(CPYTHON,),
        ),
        (LASTING_S,),
    ),
    *once("chooser-killed", "processes", "`fota-boot` is killed, and nothing else", halves=(CPYTHON,)),
    *once(
        "chooser-killed-helper-left",
        "processes",
        "the same, and the image has started a process in a session of its own",
        halves=(CPYTHON,),
    ),
    *lasting(
        Row(
            "record-unreadable",
            "disk",
            "the boot record cannot be read, while all else can",
            ("record-unreadable",),
            outcomes=(UPDATED, STORAGE),
            in_trial=(NOT_CONFIRMED,),
            at=_WITH_THE_RECORD,
        ),
        (75, LASTING_S),
    ),
    *lasting(
        Row(
            "client-breaks",
            "memory",
            "the client for HTTPS raises what nobody expected, also in an `update` that the program calls itself",
            ("client-breaks",),
            outcomes=(UPDATED, "failed internal-error"),
            at=("claiming", "looking-up", "download-begin", "proving", "trial-started", "idle", "back-listing"),
        ),
        (75, LASTING_S),
    ),
    *once("crashes-from-second-start", "images", "the image crashes from its second start on", FELL_BACK, CRASHED),
    *once("crashes-from-third-start", "images", "the image crashes from its third start on", FELL_BACK, CRASHED),
    *once(
        "hangs-from-second-start",
        "images",
        "the image promises a heartbeat and hangs, from its second start on",
        FELL_BACK,
        HUNG,
        halves=(CPYTHON,),
    ),
    *lasting(
        Row(
            "bad-image-again",
            "jobs",
            "whenever no other job is pending, a job comes that insists on an image that crashes",
            ("bad-image-again",),
            at=_SOME_STEPS,
            is_whole=True,
        ),
        (_HALF_AN_HOUR_S,),
    ),
    *lasting(
        Row(
            "wrong-object-again",
            "jobs",
            "whenever no other job is pending, a job comes whose object is another one than its document says",
            ("wrong-object-again",),
            at=_SOME_STEPS,
            is_whole=True,
        ),
        (_HALF_AN_HOUR_S,),
    ),
    *lasting(
        Row(
            "good-image-again",
            "jobs",
            "for more than a day, an update comes whenever the one before is over",
            ("good-image-again",),
            halves=(CPYTHON,),
            at=("idle",),
            is_whole=True,
        ),
        (_A_DAY_AND_MORE_S,),
    ),
    *lasting(Row("v6-only", "dns", "the names have IPv6 addresses alone, good ones", ("v6-only",)), (LASTING_S,)),
    *cut("v6-only-dead", "the names have IPv6 addresses alone, and the network has no IPv6", "dns"),
    *cut("dns-empty", "the name server knows the names, and no address of them", "dns"),
    *lasting(Row("clock-hour-on", "clock", "the clock jumps an hour on", ("clock-hour-on",)), (75, LASTING_S)),
    *lasting(Row("clock-hour-back", "clock", "the clock jumps an hour back", ("clock-hour-back",)), (75, LASTING_S)),
    *cut("clock-2000", "the clock jumps to the year 2000: no certificate is valid yet", "clock", _UNTRUSTED),
    *cut("clock-2040", "the clock jumps to the year 2040: every certificate has expired", "clock", _UNTRUSTED),
    *lasting(
        Row(
            "no-authorities",
            "tls",
            "the file with the certificates to trust is not there",
            ("no-authorities",),
            outcomes=(UPDATED, *_UNTRUSTED),
        ),
        (75, LASTING_S),
    ),
)
