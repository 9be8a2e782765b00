"""Every event that the device library logs, with its facts. Not imported there: a board need not hold the list.

Leaves logging to `log`. That nothing else is logged, a test sees to.
"""

EVENTS = (
    "no-watchdog",  # problem: nothing ends the trial of an image that hangs
    "boot",  # slot, verdict: an image is about to start
    "rollback",  # slot, cause: a trial was given up
    "image-ended",  # slot, status: the image's process is gone
    "image-killed",  # slot, signal: it did not end when asked
    "restart-delayed",  # delay_s: an image that ends too soon is started again later
    "record-not-saved",  # problem: the boot goes on without
    "keyring-put",  # version, product: whoever provisions the device gave it its first keyring
    "keyring-replaced",  # version: by a job that the keyring before had signed
    "keyring-lost",  # problem: both copies are damaged; nothing is installed any more
    "unsigned-accepted",  # problem: anybody who can make a job can install anything here
    "release-admitted",  # release, version, seq: signed, and for this device
    "floor-not-saved",  # problem: this healthy boot is counted later
    "floor-raised",  # secver: no release below it is taken any more
    "record-rebuilt",  # slot: the record was unreadable, or named no slot that proves itself
    "stopped",  # status: the boot chooser ends
    "provisioned",  # home, slots
    "download-started",  # url, offset_bytes
    "download-retried",  # url, offset_bytes, problem, delay_ms
    "installed",  # slot, size_bytes
    "trial-started",  # slot
    "confirmed",  # slot
    "health-check-failed",  # problem
    "restarting",
    "connected",  # endpoint
    "connection-lost",  # problem
    "connect-failed",  # endpoint, problem
    "subscribe-refused",  # topics
    "message-unreadable",  # topic: an answer to us; a job whose document it brought is REJECTED
    "message-dropped",  # topic, problem
    "request-retried",  # topic, problem
    "job-taken",  # job, execution
    "job-refused",  # job, reason, problem
    "job-failed",  # job, reason, problem
    "job-reported",  # job, status, reason
    "job-over",  # job, problem: the service says that it ended without us
    "job-left",  # job: not a firmware job, and nobody to hand it to
    "job-callback-failed",  # job, problem
    "put-off",  # problem, delay_ms: what is left to do is tried again later
)
