"""Every event that the device library logs, with its facts. No device code imports this list.

`log` does the logging. A test checks that no other event is logged. A board need not hold the list.
"""

EVENTS = (
    "no-watchdog",  # problem: nothing ends the trial of an image that hangs
    "no-heartbeat",  # problem: no socket could be made, so no application can promise a heartbeat
    "image-hangs",  # slot, problem: it gave no sign of life in the time that it promised, and is stopped
    "board-not-opened",  # problem: the program of the firmware runs, and takes no update
    "boot",  # slot, verdict: an image is about to start
    "rollback",  # slot, cause: a trial was given up
    "fell-back",  # slot, crashes or cause: a confirmed image crashed in its probation, or does not fit any more
    "image-misfit",  # slot, problem: this Python, or this fota-boot, is not the one that the image was made for
    "no-image-fits",  # slot, problem: the best there is starts all the same; send an image for this Python
    "image-ended",  # slot, status: the image's process is gone
    "image-killed",  # slot, signal: it did not end when asked
    "image-unguarded",  # problem: what an image starts may outlive it, or outlive fota-boot
    "leftovers-killed",  # processes: a fota-boot that was killed had left them running
    "restart-delayed",  # delay_s: an image that ends too soon is started again later
    "note-not-saved",  # problem: a rollback will be reported with less detail
    "record-not-read",  # problem: nothing is decided or written in its place, and it is asked for again later
    "record-not-saved",  # problem: the boot goes on without it
    "keyring-put",  # version, product: the device got its first keyring when it was provisioned
    "keyring-replaced",  # version: a job brought a new keyring, signed by the former one
    "keyring-lost",  # problem: both copies are damaged; nothing is installed any more
    "unsigned-accepted",  # problem: anybody who can make a job can install anything here
    "release-admitted",  # release, version, seq: signed, and for this device
    "floor-not-saved",  # problem: this healthy boot is counted later
    "floor-raised",  # secver: no release below it is taken any more
    "sealed-again",  # slot: every seal was lost, and the image proved itself by its release, or its own checksums
    "record-rebuilt",  # slot: the record was unreadable, or named no slot that could be verified
    "stopped",  # status: the boot chooser ends
    "provisioned",  # home, slots
    "home-in-doubt",  # problem: the file system of the home may forget what was written
    "download-started",  # url, offset_bytes
    "download-retried",  # url, offset_bytes, problem, delay_ms
    "patch-ignored",  # field: an entry of the job document is not right, and counts as if it were not offered
    "patch-given-up",  # why, problem: the whole image is fetched instead, if the job lets it
    "patch-not-removed",  # problem: it takes room until the next update ends
    "unpacked",  # slot, files, tree_bytes: the tree of a bundle was made
    "not-unpacked",  # slot, problem: nothing could be started, and this bundle cannot be unpacked again either
    "installed",  # slot, size_bytes
    "trial-started",  # slot
    "confirmed",  # slot
    "health-check-failed",  # problem
    "restarting",
    "connected",  # endpoint
    "state-told",  # slot, state: the service has taken what the device said of itself
    "state-not-told",  # problem, again_s: the shadow is out of date until then
    "look-put-off",  # wait_s: the connection was lost for a while, maybe to all devices
    "connection-lost",  # problem
    "connect-failed",  # endpoint, problem
    "subscribe-refused",  # topics, problem: asked for again by itself, later each time
    "subscribed-again",  # topics: granted after a refusal
    "message-unreadable",  # topic: an answer to us; a job whose document it brought is REJECTED
    "message-dropped",  # topic, problem
    "request-retried",  # topic, problem
    "list-full",  # listed: the list is full, and more jobs may wait unseen behind it
    "job-taken",  # job, execution
    "job-waits",  # job, wait_s: too many updates were begun of late
    "job-deferred",  # job, moment, reason, again_s: the program's policy puts the update off, and the service is told
    "deferral-over",  # job, moment, waited_s: the release may be put off no longer; `Later` counts as `Now`
    "job-declined",  # job, moment, reason: the program's policy said no
    "policy-failed",  # job, moment, problem: the program's policy gave no answer; the update is put off
    "job-refused",  # job, reason, problem
    "job-failed",  # job, reason, problem
    "job-reported",  # job, status, reason
    "job-over",  # job, problem: the service says that the job ended without us
    "job-left",  # job: it is no firmware job, and the program has no callback for it
    "job-callback-failed",  # job, problem
    "internal-error",  # problem: nobody expected this error; the job gets its type and place
    "may-restart-failed",  # problem: the program's own callback raised it; the device does not restart now
    "background-failed",  # problem: the thread that handles jobs met an error, and goes on after a pause
    "progress-failed",  # method, problem: the program's own `Progress`; logged once for each method
    "put-off",  # problem, delay_ms: the rest of the work is tried again later
)
