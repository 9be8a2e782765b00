"""What a device's words mean, and what an operator does about each: statuses, reasons, causes of a rollback.

Tables alone; the page of the reasons is made of them. A test holds them to the lists of `fota.errors` and
`fota.record`. Leaves to others: reading the words from AWS (`progress`), telling a device's story (`explain`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """What happened, and what to do about it; an empty remedy says that nothing is to be done."""

    when: str
    remedy: str = ""


REFUSED = {
    "bad-document": Meaning(
        "a field of the job document is missing, of the wrong type, out of range or unknown; the message names it",
        "correct the document; the reference, The job document, says what its fields hold",
    ),
    "no-such-slot": Meaning(
        "the document names a slot that this device does not have, or no slot is spare",
        'use `"any"`, or a number below the device\'s number of slots',
    ),
    "slot-is-running": Meaning(
        "the document names the slot that runs, or the one that a rollback needs",
        'use `"any"`, or the other number',
    ),
    "image-too-large": Meaning(
        "the slot cannot hold the image; the message says how much it holds",
        "make the image smaller; the size of slots is fixed when a device is provisioned",
    ),
    "known-bad": Meaning(
        "this image was tried on this device and rolled back; the newest eight are remembered, across restarts",
        'mend the image; or, if the image was not at fault, start a job whose document has `"bc_insist": true`',
    ),
    "unsigned": Meaning(
        "the device has a keyring, and the document no envelope",
        "make a release with `fota release create`, and start that",
    ),
    "bad-envelope": Meaning(
        "the envelope is not what DSSE prescribes, is too long, or holds another kind of payload",
        "make the release again with `fota release create`; look who made the job",
    ),
    "unknown-key": Meaning(
        "no signature is by a key of the device's keyring",
        "sign with a key that the device knows, or send it the next keyring first",
    ),
    "bad-signature": Meaning(
        "a signature that names a key of the keyring does not fit what was signed",
        "somebody changed the release or forged it: find out who made the job",
    ),
    "too-few-signatures": Meaning(
        "fewer keys have signed than the keyring asks for",
        "have the others sign too",
    ),
    "bad-manifest": Meaning(
        "what was signed is no manifest, or names something critical that this device does not understand",
        "update the device to a library that understands it first",
    ),
    "contradiction": Meaning(
        "the job document, which is not signed, says something else than the manifest, which is",
        "start the release with `fota start`; look who made the job",
    ),
    "wrong-product": Meaning(
        "the release is for another product",
        "choose the things, or the release",
    ),
    "wrong-hardware": Meaning(
        "the release does not name the device's hardware",
        "choose the things, or make a release for that hardware",
    ),
    "wrong-format": Meaning(
        "the image is of a kind that the device cannot start",
        "build the image for that device",
    ),
    "older-release": Meaning(
        "the number of the manifest is below that of a release that was confirmed there, or the same for another "
        "image",
        "make a new release; of an older image too, if that is what you want",
    ),
    "below-floor": Meaning(
        "the security version is below what the device has reached",
        "offer an image with that security version or a higher one; there is no way back",
    ),
    "not-valid-now": Meaning(
        "by the clock of AWS IoT the release is not valid yet, or not any more",
        "make a release with other times",
    ),
    "bad-keyring": Meaning(
        "a keyring is odd, or not the very next version, or not signed by its own threshold; or the device's own "
        "cannot be read any more",
        "the message says which; a lost keyring is put there again with `fota-boot --home DIR --keyring FILE`",
    ),
    "no-keyring": Meaning(
        "a keyring was sent to a device that has none to check it with",
        "the first keyring is put there with `fota-boot --home DIR --keyring FILE`",
    ),
}
"""Each reason that comes with REJECTED."""

FAILED = {
    "unreachable": Meaning(
        "no connection to the server of the image, at five tries in a row",
        "look at the device's network, name resolution and firewall; start the job again",
    ),
    "untrusted-server": Meaning(
        "the certificate of the server does not prove that it is who the URL names",
        "look at the device's clock and its CA certificates, and who answers in the server's place",
    ),
    "http-status": Meaning(
        "the server answered with another status than 200 or 206",
        "403: the role of the presigned URL may not read the object; an expired URL alone is renewed by the "
        "device. 404: the object is gone. 5xx: the server was ill at every try; start the job again",
    ),
    "http-answer": Meaning(
        "the server's answer contradicts itself or the request: a wrong range, a content coding, odd headers",
        "look for a proxy between the device and S3",
    ),
    "body-too-short": Meaning(
        "the body ended before the promised size, at five tries in a row, or the object is smaller than promised",
        "look whether the object is the image; look at the network",
    ),
    "body-too-long": Meaning(
        "the server offers more bytes than promised; none past the promised size was written",
        "look whether the object is the image",
    ),
    "download-timeout": Meaning(
        "the server was silent for 30 s at five tries in a row, or the download took more than an hour",
        "look at the network; start the job again",
    ),
    "budget-spent": Meaning(
        "the job received more than four times its image and 1 MiB, or was taken up after more than a hundred resets",
        "look what breaks the connection or resets the device; start the job again",
    ),
    "hash-mismatch": Meaning(
        "the bytes that came are not the promised ones: MD5 or SHA-256 differs",
        "the object was changed or damaged after the job was made: find out by whom, and start again from the image",
    ),
    "storage-failed": Meaning(
        "the device's disk refused a read, a write or a flush, or reads back other bytes than were written",
        "look at the device's disk; it may be at its end",
    ),
    "no-space": Meaning(
        "no room is left on the device's disk",
        "make room; start the job again",
    ),
    "busy": Meaning(
        "another update, or a trial, is under way",
        "wait for it to end. A program sees it when it calls `update` or `test` during a trial, and `fota-boot` "
        "when another one runs in its home",
    ),
    "rolled-back": Meaning(
        "the new image was tried and given up; the device runs the image it had before",
        "its cause is in `fota explain THING`, or else in the log of the device; mend the image",
    ),
}
"""Each reason that comes with FAILED."""

CAUSES = {
    "crashed": Meaning(
        "the image's process ended by itself during its trial",
        "read the device's log from the restart on: the error of the new image stands there",
    ),
    "deadline": Meaning(
        "it was not confirmed within the time allowed, and was stopped",
        "look whether the image connects and calls `handle_fota_jobs`, and whether the deadline is long enough",
    ),
    "not-confirmed": Meaning(
        "its attempts are spent: the device restarted before it was confirmed",
        "look what restarts the device: a watchdog, its power, or the image itself",
    ),
    "health-check": Meaning(
        "it started, connected, and its own health check refused",
        "read the device's log for what the health check found",
    ),
    "image-damaged": Meaning(
        "its slot no longer proved itself when it was to start",
        "look at the device's disk or flash; it may be at its end",
    ),
}
"""Why a trial was given up: what comes beside the reason `rolled-back`."""

STATUSES = {
    "QUEUED": Meaning(
        "offered; the device has not taken it up",
        "if that lasts: look whether the device is connected and calls `handle_fota_jobs`",
    ),
    "IN_PROGRESS": Meaning(
        "the device is at work on it",
        "if that lasts: look whether the device is connected; it goes on where it was after a restart",
    ),
    "SUCCEEDED": Meaning("the release runs, and has declared itself good"),
    "FAILED": Meaning("the device tried and could not; a retry may help"),
    "REJECTED": Meaning("the device will not do it, now or later; AWS does not retry it"),
    "TIMED_OUT": Meaning(
        "the device took it up, and did not end it within the time that the job allows",
        "look whether the device is connected; then start the job again, with more time if the image is large",
    ),
    "CANCELED": Meaning(
        "it was called off: by somebody, or by the abort rule of the rollout",
        "if it was the abort rule: see why others failed, with `fota watch` or `fota explain JOB`",
    ),
    "REMOVED": Meaning(
        "the thing was deleted, or left the group that the job was for",
        "nothing, if that was meant; else put it back and start the job again",
    ),
}
"""Each status of a job execution."""

_UNKNOWN = Meaning("a word that this version of fota does not know", "read the message, and the log of the device")
_NO_REASON = "the device gave no reason: read its log"


def meaning(status: str, details: Mapping[str, str]) -> Meaning:
    """What a job execution's status and details mean, as exactly as they tell."""
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
