"""Every way an update can end badly: one tree of errors, each leaf with the reason that the job reports.

FotaError
├── Refused                  will not be done, now or later; AWS never retries it (REJECTED)
│   ├── BadDocument          "bad-document"      a field of the job document is missing, odd or unknown
│   ├── NoSuchSlot           "no-such-slot"      the document names a slot that this device does not have
│   ├── SlotIsRunning        "slot-is-running"   the document names the slot that executes now
│   ├── ImageTooLarge        "image-too-large"   the slot cannot hold the image
│   ├── KnownBad             "known-bad"         this image was rolled back here before
│   └── Declined             "declined"          the policy of the device's program said no
├── Failed                   tried and could not; a retry may help (FAILED)
│   ├── DownloadFailed
│   │   ├── Unreachable      "unreachable"       no connection to the server of the image
│   │   ├── UntrustedServer  "untrusted-server"  its certificate does not prove who it is
│   │   ├── BadHttpStatus    "http-status"       it answered with another status than 200 or 206
│   │   ├── BadHttpAnswer    "http-answer"       its answer contradicts itself or our request
│   │   ├── BodyTooShort     "body-too-short"    the body ended, every time, before the promised size
│   │   ├── BodyTooLong      "body-too-long"     the server offers more bytes than the promised size
│   │   ├── DownloadTimeout  "download-timeout"  silence, or too slow for the time allowed
│   │   └── BudgetSpent      "budget-spent"      the job cost more bytes or restarts than it may
│   ├── HashMismatch         "hash-mismatch"     the bytes that came are not the promised ones
│   │   └── PatchFailed      "patch-failed"      no patch does, and the whole image may not be fetched
│   ├── StorageFailed        "storage-failed"    the disk or flash refused, or reads back other bytes
│   │   └── NoSpace          "no-space"          there is no room left on it
│   ├── InternalError        "internal-error"    an error that nobody expected ended the update
│   ├── Busy                 "busy"              another update, or a trial, is under way
│   └── RolledBack           "rolled-back"       the new image was tried and given up
└── DeviceError              this device cannot take part; no job reports it
    ├── NotProvisioned       the home folder holds no slots, or FOTA_HOME is not set
    ├── AlreadyProvisioned   the home folder holds slots already
    ├── UnsafeFileSystem     the file system of the home folder cannot keep its promises
    └── NothingBootable      no slot holds an image that can be verified

`fota.trust.errors` adds a branch to Refused, `aws.iot.errors` one to FotaError.
Refused and Failed say whether a retry can help; `reason` is what the job reports. The list of reasons is closed.
"""


class FotaError(Exception):
    """The root. `cause` is the error underneath, where there is one (MicroPython has no chaining)."""

    reason = "failed"

    def __init__(self, message: str = "", *, cause: "BaseException | None" = None) -> None:
        super().__init__(message)
        self.cause = cause


class Refused(FotaError):
    """This will not be done, now or later: the job is REJECTED, and nothing was erased or written."""

    reason = "refused"


class BadDocument(Refused):
    """A field of the job document is missing, of the wrong type, out of range or unknown."""

    reason = "bad-document"


class NoSuchSlot(Refused):
    """The document names a slot that this device does not have."""

    reason = "no-such-slot"


class SlotIsRunning(Refused):
    """The document names the slot that executes now, or the one kept to fall back on."""

    reason = "slot-is-running"


class ImageTooLarge(Refused):
    """The slot cannot hold the image."""

    reason = "image-too-large"


class KnownBad(Refused):
    """This image was tried here and rolled back; the document does not insist on another try."""

    reason = "known-bad"


class Declined(Refused):
    """The policy of the device's program said no, before the download or before the restart."""

    reason = "declined"


class Failed(FotaError):
    """The device tried and failed: the job is FAILED, and a retry may help."""

    reason = "failed"


class DownloadFailed(Failed):
    """The bytes of the image could not be downloaded."""

    reason = "download-failed"


class Unreachable(DownloadFailed):
    """No connection to the server of the image: name, route, refusal or reset."""

    reason = "unreachable"


class UntrustedServer(DownloadFailed):
    """The certificate of the server could not be verified for the host that the URL names."""

    reason = "untrusted-server"


class BadHttpStatus(DownloadFailed):
    """The server answered with a status other than 200 or 206, which is in `status`.

    `wait_s`: the seconds that the server asks to wait before the next request; 0 if it does not.
    """

    reason = "http-status"

    def __init__(self, message: str = "", *, status: int, cause: "BaseException | None" = None) -> None:
        super().__init__(message, cause=cause)
        self.status = status
        self.wait_s = 0


class BadHttpAnswer(DownloadFailed):
    """The answer contradicts itself or what was asked: a wrong range, an encoding, odd headers."""

    reason = "http-answer"


class BodyTooShort(DownloadFailed):
    """The body ended before the promised size, at every try."""

    reason = "body-too-short"


class BodyTooLong(DownloadFailed):
    """The server offers more bytes than the promised size; none past it was written."""

    reason = "body-too-long"


class DownloadTimeout(DownloadFailed):
    """The server fell silent, or was too slow for the time allowed."""

    reason = "download-timeout"


class BudgetSpent(DownloadFailed):
    """The job cost more bytes, or was taken up more often, than one job may."""

    reason = "budget-spent"


class HashMismatch(Failed):
    """The bytes that came are not the promised ones: MD5 or SHA-256 differs."""

    reason = "hash-mismatch"


class PatchFailed(HashMismatch):
    """The patch is damaged, or is for another image than the one that is there. The whole image may still do.

    A job reports it where the whole image may not be fetched.
    """

    reason = "patch-failed"


class StorageFailed(Failed):
    """The disk or flash refused a read, a write or a flush, or reads back other bytes than were written."""

    reason = "storage-failed"


class NoSpace(StorageFailed):
    """There is no room left on the disk."""

    reason = "no-space"


class Busy(Failed):
    """Another update is under way, or an image is on trial: one thing at a time."""

    reason = "busy"


class InternalError(Failed):
    """An error that nobody expected ended the update: of the library, the program or the system."""

    reason = "internal-error"


class RolledBack(Failed):
    """The new image was tried and given up; the device runs the image it had before."""

    reason = "rolled-back"


class DeviceError(FotaError):
    """This device cannot take part in updates as it is; no job reports it."""

    reason = "device-error"


class NotProvisioned(DeviceError):
    """There is no home folder with slots."""


class AlreadyProvisioned(DeviceError):
    """The home folder holds slots already; provisioning would destroy them."""


class UnsafeFileSystem(DeviceError):
    """The file system of the home folder does not keep what was flushed to it."""


class NothingBootable(DeviceError):
    """No slot holds an image that can be verified."""
