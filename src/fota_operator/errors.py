"""Every way an operator's wish can end badly: one tree. Each error is one line that says what to do.

OperatorError              refused or failed; the command ends with exit status 1
├── BadInput               what was asked for cannot be meant; exit status 2
├── NotFound               it names something that is not there
├── AlreadyThere           it would make something that exists
├── NoCredentials          nobody said on whose behalf to ask AWS
├── CloudUnreachable       no answer, or none that can be trusted; whether AWS acted is unknown
├── CloudRefused           AWS said no; `code` is its word
├── StoredObjectDiffers    what lies in S3 is not the image
├── KeyUnusable            a signing key cannot be used, or must not be
├── DeviceWouldRefuse      a device with that keyring would not take it; `reason` is its word for why
├── LocalAwsFailed         the local AWS does not start, run or stop as it should
└── TimedOut               it did not end within the time allowed
"""

IOT_NOT_FOUND = "ResourceNotFoundException"
"""The code by which AWS IoT says that what was named is not there."""
IOT_ALREADY_EXISTS = "ResourceAlreadyExistsException"
"""The code by which AWS IoT says that a name is taken."""
IAM_NOT_FOUND = "NoSuchEntity"
"""The code by which IAM says that what was named is not there."""


class OperatorError(Exception):
    """The root. `message` says what is wrong, `remedy` what the operator can do about it."""

    exit_status = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(_one_line(f"{message}; {remedy}" if remedy else message))
        self.message = _one_line(message)
        self.remedy = _one_line(remedy)


class BadInput(OperatorError):
    """What was asked for cannot be meant: out of range, malformed or contradictory."""

    exit_status = 2


class NotFound(OperatorError):
    """The thing, role, bucket, job or file that was named is not there."""


class AlreadyThere(OperatorError):
    """What was to be made exists, and is not known to be ours."""


class NoCredentials(OperatorError):
    """There are no AWS credentials, or they are incomplete, expired or wrong."""


class CloudUnreachable(OperatorError):
    """AWS did not answer, or not in a way that can be trusted; whether it acted is unknown."""


class CloudNotTrusted(CloudUnreachable):
    """What answers has a certificate that nobody here vouches for: it will have it at the next try too."""


class CloudRefused(OperatorError):
    """AWS said no; `code` is its word for why, which is more reliable than an HTTP status."""

    def __init__(self, message: str, remedy: str = "", *, code: str) -> None:
        super().__init__(message, remedy)
        self.code = code


class StoredObjectDiffers(OperatorError):
    """The object in S3 under the image's name does not hold the image's bytes."""


class KeyUnusable(OperatorError):
    """A signing key cannot be used, as with a wrong passphrase, or must not be, as when others can read it."""


class DeviceWouldRefuse(OperatorError):
    """A device with that keyring would not take it; `reason` is the device's word for why."""

    def __init__(self, message: str, remedy: str = "", *, reason: str) -> None:
        super().__init__(message, remedy)
        self.reason = reason


class LocalAwsFailed(OperatorError):
    """The local AWS does not start, run or stop as it should."""


class TimedOut(OperatorError):
    """It did not end within the time allowed."""


def _one_line(text: str) -> str:
    return " ".join(text.split())
