"""All errors of the operator's side, in one tree. Each error is one line that says what to do.

OperatorError              refused or failed
├── BadInput               what was asked for cannot be meant
├── NotFound               it names something that is not there
├── AlreadyThere           it would make something that exists
├── NoCredentials          nobody said on whose behalf to ask AWS
├── CloudUnreachable       no answer; whether AWS acted is unknown
│   └── CloudNotTrusted    what answers has a certificate that nobody here vouches for
├── CloudRefused           AWS said no; `code` is its word
├── StoredObjectDiffers    the object in S3 is not the image
├── KeyUnusable            a signing key cannot be used, or must not be
├── DeviceWouldRefuse      a device with that keyring would not take it; `reason` is its word for why
├── LocalAwsFailed         the local AWS does not start, run or stop as it should
├── BoardFailed            a board on a cable does not answer, or cannot do what is asked
└── TimedOut               it did not end within the time allowed
"""

from fota_operator import former_names

IN_THE_CLONE = "in a clone of this library's repository"
"""Where an extra of ours is installed: no name of a package index is ours, so no message names one."""
IOT_NOT_FOUND = "ResourceNotFoundException"
"""The code of AWS IoT for something that does not exist."""
IOT_ALREADY_EXISTS = "ResourceAlreadyExistsException"
"""The code of AWS IoT for a name that is taken."""
IOT_LIMIT = "LimitExceededException"
"""The code of AWS IoT for a quota of the account that is used up."""
SNS_NOT_FOUND = "NotFound"
"""The code of SNS for a topic that does not exist."""
IAM_NOT_FOUND = "NoSuchEntity"
"""The code of IAM for something that does not exist."""


class OperatorError(Exception):
    """The root. `message` says what is wrong, `remedy` what the operator can do about it.

    Both name a field, a parameter of the function that was called, as `field`; and a command of `fota` with fields as
    `fota bootstrap bucket=NAME`. The command shows its own options in their places.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(_one_line(f"{message}; {remedy}" if remedy else message))
        self.message: str = _one_line(message)
        self.remedy: str = _one_line(remedy)

    @property
    def exit_status(self) -> int:
        """Deprecated: the command alone knows its exit statuses."""
        return former_names.exit_status(self, 2 if isinstance(self, BadInput) else 1)


class BadInput(OperatorError):
    """What was asked for cannot be meant: out of range, malformed or contradictory."""


class NotFound(OperatorError):
    """The thing, role, bucket, job or file that was named is not there."""


class AlreadyThere(OperatorError):
    """What was to be made exists, and is not known to be ours."""


class NoCredentials(OperatorError):
    """There are no AWS credentials, or they are incomplete, expired or wrong."""


class CloudUnreachable(OperatorError):
    """AWS did not answer, or not in a way that can be trusted; whether it acted is unknown."""


class CloudNotTrusted(CloudUnreachable):
    """What answers has a certificate that nobody here vouches for; another try will not help."""


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


class BoardFailed(OperatorError):
    """A board on a cable does not answer, or cannot do what is asked."""


class TimedOut(OperatorError):
    """It did not end within the time allowed."""


def _one_line(text: str) -> str:
    return " ".join(text.split())
