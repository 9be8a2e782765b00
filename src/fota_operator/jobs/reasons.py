"""What the statuses, reasons and rollback causes that a device reports mean, and what an operator does about each.

Only tables; the page of the reasons is made from them, and a test compares them with the lists of `fota.errors` and
`fota.record`. Leaves to others: reading the words from AWS (`progress`), telling a device's story (`explain`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """What happened, and what to do about it; an empty remedy means that there is nothing to do."""

    when: str
    remedy: str = ""


REFUSED = {
    "bad-document": Meaning(
        "a field of the job document is missing, unknown, of the wrong type or out of range; the message names it",
        "correct the document; the page The job document of the reference says what each field may hold",
    ),
    "no-such-slot": Meaning(
        "the document names a slot that this device does not have, or the device has no spare slot",
        'write `"any"`, or a number below the number of slots of the device',
    ),
    "slot-is-running": Meaning(
        "the document names the slot that runs, or the slot that a rollback needs",
        'write `"any"`, or the number of another slot',
    ),
    "image-too-large": Meaning(
        "the image is larger than the slot; the message says how many bytes the slot can hold",
        "make the image smaller; the size of slots is fixed when a device is provisioned",
    ),
    "known-bad": Meaning(
        "this image was tried on this device and rolled back; the device remembers the newest eight such images, "
        "also after a restart",
        "correct the image and make a new one; if the image was not at fault, offer it again: "
        "`fota start ... insist=yes`, or `insist = true` in the plan of a rollout",
    ),
    "declined": Meaning(
        "the policy of the program on the device said no; the message is its reason",
        "ask the owner of the device; when the policy says yes, offer the release again with a new job",
    ),
    "unsigned": Meaning(
        "the device has a keyring, so it takes signed releases only, and the document holds no envelope",
        "make a release with `fota release create`, and start that",
    ),
    "bad-envelope": Meaning(
        "the envelope does not have the form that DSSE prescribes, is too long, or holds another kind of payload",
        "make the release again with `fota release create`; find out who made the job",
    ),
    "unknown-key": Meaning(
        "no signature is by a key of the device's keyring",
        "sign with a key that the device knows, or first send the device the next keyring",
    ),
    "bad-signature": Meaning(
        "a signature names a key of the keyring and does not match the signed bytes",
        "the release was changed or forged: find out who made the job",
    ),
    "too-few-signatures": Meaning(
        "fewer keys have signed than the threshold of the keyring asks for",
        "let the holders of the other keys sign too",
    ),
    "bad-manifest": Meaning(
        "the signed payload is no manifest, or it has a field that is marked critical and that this device does not "
        "understand",
        "update the library on the device to a version that understands the manifest",
    ),
    "contradiction": Meaning(
        "the job document, which is not signed, does not agree with the manifest, which is signed",
        "start the release with `fota start`; find out who made the job",
    ),
    "wrong-product": Meaning(
        "the release is for another product",
        "offer the release to other things, or offer another release",
    ),
    "wrong-hardware": Meaning(
        "the release is not for the hardware of this device",
        "offer the release to other things, or make a release for that hardware",
    ),
    "wrong-format": Meaning(
        "the image is of a kind that the device cannot start",
        "build the image for the kind of device",
    ),
    "wrong-runtime": Meaning(
        "the image needs another Python, another platform or a newer `fota-boot` than the device has; FAILED, with "
        "the same reason, if the image is not signed: the device reads it at the beginning of the download",
        "build the image for the Python and the platform of the device; or update `fota-boot` on the device",
    ),
    "older-release": Meaning(
        "the number of the manifest is lower than that of a release that was confirmed on the device, or it is the "
        "same and the image is another one; or the keyring voids it",
        "make a new release; this is also the way to go back to an older image: `fota rollout revert`",
    ),
    "below-floor": Meaning(
        "the security version of the release is lower than the one that the device has reached",
        "offer an image with that security version or a higher one; the device never goes back",
    ),
    "not-valid-now": Meaning(
        "by the clock of AWS IoT, the release is not valid yet or no longer valid",
        "make a release with other times",
    ),
    "bad-keyring": Meaning(
        "the keyring that was sent is malformed, is not the very next version, or is not signed by enough of its own "
        "keys; or the keyring of the device can no longer be read",
        "read the message, which says which of these it is; put a lost keyring back with "
        "`fota-boot --home DIR --keyring FILE`",
    ),
    "no-keyring": Meaning(
        "a keyring was sent to a device that has no keyring to check it with",
        "put the first keyring on the device with `fota-boot --home DIR --keyring FILE`",
    ),
}
"""Each reason that comes with REJECTED."""

FAILED = {
    "unreachable": Meaning(
        "the device could not connect to the server of the image in five tries in a row",
        "check the device's network, name resolution and firewall; then start the job again",
    ),
    "untrusted-server": Meaning(
        "the certificate of the server is not valid for the host that the URL names, or the device does not trust it",
        "check the device's clock and its CA certificates, and whether another server answers for that host",
    ),
    "http-status": Meaning(
        "the server answered with a status other than 200 or 206",
        "403: the role that signs the URL may not read the object (the device renews an expired URL by itself). "
        "404: the object is gone. 5xx: the server had an error at every try; start the job again",
    ),
    "http-answer": Meaning(
        "the server's answer contradicts itself or the request: a wrong range, a compressed body, malformed headers",
        "check whether there is a proxy between the device and S3",
    ),
    "body-too-short": Meaning(
        "the body ended before the promised size in five tries in a row, or the object is smaller than promised",
        "check that the object is the image; check the network",
    ),
    "body-too-long": Meaning(
        "the server offers more bytes than promised; the device wrote none beyond the promised size",
        "check that the object is the image",
    ),
    "download-timeout": Meaning(
        "the server was silent for 30 s in five tries in a row, or the download took more than an hour",
        "check the network; then start the job again",
    ),
    "budget-spent": Meaning(
        "the device received more than four times the image and 1 MiB for this job, or was reset more than a hundred "
        "times during it",
        "find out what breaks the connection or resets the device; then start the job again",
    ),
    "hash-mismatch": Meaning(
        "the bytes that came are not the promised ones: MD5 or SHA-256 differs",
        "the object was changed or damaged after the job was made: find out by whom, and start again from the image",
    ),
    "patch-failed": Meaning(
        "no patch that the job offers fits the device, or the one that fits is damaged or has no room, and the job "
        "does not let the device fetch the whole image; the message says which of these it is",
        "let devices fetch the whole image, or offer a patch from the image that the device runs",
    ),
    "storage-failed": Meaning(
        "the device's disk refused a read, a write or a flush, or returned other bytes than were written",
        "check the device's disk; it may be worn out",
    ),
    "no-space": Meaning(
        "the device's disk is full",
        "free some space; then start the job again",
    ),
    "internal-error": Meaning(
        "an error that nobody expected ended the update, of the library, the program or the system; the message has "
        "its type and its place in the source. Memory or file descriptors that were lacking eleven times count too",
        "read the log of the device, which has the text of the error; then start the job again",
    ),
    "busy": Meaning(
        "another update, or a trial, is under way",
        "wait for it to end. A program gets this when it calls `update` or `test` during a trial, and `fota-boot` "
        "when another one runs in its home",
    ),
    "rolled-back": Meaning(
        "the new image was tried and given up; the device runs the image it had before",
        "find the cause with `fota explain THING` or in the device's log; correct the image",
    ),
}
"""Each reason that comes with FAILED."""

CAUSES = {
    "crashed": Meaning(
        "the process of the image ended by itself during its trial",
        "see how it ended, and the last line of its traceback, in the details of the job; "
        "without them, read the log of the device from the restart on",
    ),
    "deadline": Meaning(
        "the image was not confirmed within the time allowed, and was stopped; a newer library tells "
        "hung from offline",
        "check that the image connects and calls `handle_fota_jobs`, and that the deadline is long enough",
    ),
    "not-confirmed": Meaning(
        "the attempts are used up: the device restarted before the image was confirmed",
        "find out what restarts the device: a watchdog, its power supply, or the image itself; "
        "the image may be offered again, and is known to be bad only after the third time",
    ),
    "health-check": Meaning(
        "the image started and connected, and its own health check failed",
        "read the log of the device; it says what the health check found",
    ),
    "image-damaged": Meaning(
        "the bytes in the slot no longer matched their seal when the image was to start",
        "check the device's disk or flash; it may be worn out",
    ),
    "offline": Meaning(
        "the time for the trial passed, and the device could not reach the cloud, although it tried",
        "nothing is known against the image: check the network, the clock and the certificate of the device, "
        "then offer the image again",
    ),
    "hung": Meaning(
        "the image broke its promise of a heartbeat, or was not confirmed by the deadline of the trial although it "
        "reported no trouble with the network",
        "if the reported error says that the application hangs, find out where: its log shows the line if it calls "
        "`faulthandler.enable()`. Else check that the image connects and calls `handle_fota_jobs`, and that the "
        "deadline is long enough",
    ),
    "not-started": Meaning(
        "the time for the trial passed, and the system of the device could not make a process for the image",
        "nothing is known against the image: check the memory of the device and the limits of the service, "
        "then offer the image again",
    ),
    "wrong-runtime": Meaning(
        "the Python or the `fota-boot` of the device was replaced, and the image does not fit the new one",
        "nothing is known against the image: build it for the Python that the device has now, or put the former one "
        "back and offer the image again; `fota-boot --home DIR --doctor` names both",
    ),
}
"""Why a trial was given up: the cause that is reported with the reason `rolled-back`."""

STATUSES = {
    "QUEUED": Meaning(
        "the job is offered, and the device has not taken it yet",
        "if this lasts, check that the device is connected and calls `handle_fota_jobs`",
    ),
    "IN_PROGRESS": Meaning(
        "the device is working on the job",
        "if this lasts, check that the device is connected; after a restart it continues where it was",
    ),
    "SUCCEEDED": Meaning("the release runs and is confirmed"),
    "FAILED": Meaning("the device tried and could not; a retry may help"),
    "REJECTED": Meaning("the device will not do this, now or later; AWS does not retry it"),
    "TIMED_OUT": Meaning(
        "the device took the job and did not end it within the time that the job allows",
        "check that the device is connected; then start the job again, with more time if the image is large",
    ),
    "CANCELED": Meaning(
        "it was called off, by a person or by the abort rule of the rollout",
        "if it was the abort rule, see why others failed with `fota watch` or `fota explain JOB`",
    ),
    "REMOVED": Meaning(
        "the thing was deleted, or left the group that the job was for",
        "if this was not intended, put the thing back and start the job again",
    ),
}
"""Each status of a job execution."""

_UNKNOWN = Meaning(
    "the device used a word that this version of fota does not know", "read the message and the log of the device"
)
_NO_REASON = "the device gave no reason: read its log"


def meaning(status: str, details: Mapping[str, str]) -> Meaning:
    """What the status and the details of a job execution mean, as exactly as they allow."""
    reason = details.get("reason")
    if status not in ("FAILED", "REJECTED"):
        return STATUSES.get(status, _UNKNOWN)
    if reason is None:
        return Meaning(STATUSES[status].when, _NO_REASON)
    found = REFUSED.get(reason) or FAILED.get(reason) or _UNKNOWN
    cause = CAUSES.get(details.get("cause", ""))
    if reason != "rolled-back" or cause is None:
        return found
    return Meaning(f"{found.when}: {cause.when}", cause.remedy)
