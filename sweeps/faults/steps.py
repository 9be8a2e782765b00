"""The first list: the steps of an update, each a moment at which a fault can begin."""

from __future__ import annotations

from dataclasses import dataclass

from sweeps.faults.halves import HALVES, MICROPYTHON

OLD, TRIAL, AFTER, BACK = "the old image", "the trial", "the new image", "the way back"
"""Who is at work: before a trial, in it, after it was confirmed, and after a rollback."""


@dataclass(frozen=True)
class Step:
    """One step; the fault begins just before it."""

    name: str
    about: str
    phase: str = OLD
    event: str = ""
    """What is seen at that moment, as `cell` names it; empty: the very beginning, or the end."""
    behind: str = ""
    """What must have been seen before."""
    is_bad: bool = False
    """Whether the image is one that crashes: the device goes back to the old one."""
    falls_back: bool = False
    """Whether the image is one that crashes from its second start on, after it was confirmed."""
    expires: bool = False
    """Whether the connection breaks in the middle, and the URL has expired by then."""
    is_patched: bool = False
    """Whether only an update by a patch takes it."""
    halves: tuple[str, ...] = HALVES


_BROKER, _CLAIM = "resolve broker.example", "update IN_PROGRESS"

STEPS = (
    Step("power-on", "the boot chooser starts"),
    Step("started", "the old image starts", event="started"),
    Step("connecting", "the name of the broker is looked up", event=_BROKER),
    Step("subscribing", "the first SUBSCRIBE", event="subscribe"),
    Step("listing", "the list of jobs is asked for", event="list"),
    Step("describing", "the document of the job is asked for", event="describe"),
    Step("claiming", "IN_PROGRESS is reported", event=_CLAIM),
    Step("noting", "the job is written into the journal", event="journal"),
    Step("opening", "the slot is opened, its seal is broken", event="slot"),
    Step("looking-up", "the name of the server of images is looked up", event="resolve images.example"),
    Step("download-begin", "the image is asked for", event="http 0.0"),
    Step("download-first", "its first bytes are on their way", event="http 0.25"),
    Step("download-middle", "half of it has come", event="http 0.5"),
    Step("checkpoint", "the journal is told how far it came", event="journal", behind="downloading"),
    Step("download-late", "three quarters have come", event="http 0.75"),
    Step("download-end", "the last bytes are on their way", event="http 1.0"),
    Step(
        "renewing",
        "the URL has expired, and a fresh one is asked for",
        event="describe",
        behind="describe",
        expires=True,
    ),
    Step(
        "renewed",
        "the download goes on with the fresh URL",
        event="http 0.5",
        behind="describe describe",
        expires=True,
    ),
    Step("applying", "the image is made from the patch, part of it is there", event="applying", is_patched=True),
    Step("proving", "the slot is read back", event="proving"),
    Step("sealing", "the slot is sealed", event="slot seal", behind="proving"),
    Step("installed", "the journal is told that the image is there", event="journal", behind="installed"),
    Step("reconnecting", "MQTT is opened again", event=_BROKER, behind="installed", halves=(MICROPYTHON,)),
    Step("asking-again", "the job is asked whether it still stands", event=_CLAIM, behind="installed"),
    Step("beginning-trial", "the trial is written into the record", event="record"),
    Step("restarting", "the device restarts", event="restarting"),
    Step("trial-attempt", "the boot chooser counts an attempt", TRIAL, event="record"),
    Step("trial-started", "the new image starts", TRIAL, event="started"),
    Step("trial-connecting", "the new image looks up the broker", TRIAL, event=_BROKER),
    Step("trial-subscribing", "the new image subscribes", TRIAL, event="subscribe"),
    Step("trial-listing", "the new image asks for its jobs", TRIAL, event="list"),
    Step("trial-telling", "the shadow is told that the new image is on trial", TRIAL, event="state"),
    Step("health-check", "the health check is called", TRIAL, event="health-check"),
    Step("confirming", "the record is told that the image stays", TRIAL, event="record", behind="health-check"),
    Step("confirmed", "the program hears that the image stays", AFTER, event="confirmed"),
    Step("reporting", "SUCCEEDED is reported", AFTER, event="update SUCCEEDED"),
    Step("telling-state", "the shadow is told that the new image stays", AFTER, event="state"),
    Step("clearing", "the journal forgets the job", AFTER, event="journal"),
    Step("idle", "the job is over, and the device has rested for a minute", AFTER),
    Step("bad-trial", "an image that crashes is started", TRIAL, event="started", is_bad=True),
    Step("giving-up", "the rollback is written into the record", TRIAL, event="giving-up", is_bad=True),
    Step("back-started", "the old image starts again", BACK, event="started", is_bad=True),
    Step("back-connecting", "the old image looks up the broker", BACK, event=_BROKER, is_bad=True),
    Step("back-listing", "the old image asks for its jobs", BACK, event="list", is_bad=True),
    Step("back-telling", "the shadow is told that the old image runs", BACK, event="state", is_bad=True),
    Step("back-reporting", "FAILED, rolled-back is reported", BACK, event="update FAILED", is_bad=True),
    Step(
        "back-clearing", "the journal forgets the job and remembers the bad image", BACK, event="journal", is_bad=True
    ),
    Step(
        "second-start",
        "the new image, which was confirmed, starts again and crashes",
        AFTER,
        event="started",
        behind="rebooted",
        falls_back=True,
    ),
    Step(
        "falling-back",
        "the record is told that the old image takes its place",
        AFTER,
        event="falling-back",
        falls_back=True,
    ),
    Step("fallen-back", "the old image starts again", BACK, event="started", falls_back=True),
    Step("telling", "the fall back is written to the shadow", BACK, event="shadow", falls_back=True),
)
