"""What can go wrong between a device and AWS IoT: one branch of `fota.errors.FotaError`.

FotaError
└── IotError
    ├── BadCredentials           a key or certificate is not one
    ├── BadThingName             a thing cannot be called that
    ├── BadTopic                 nothing can be published or subscribed to there
    ├── NotConnected             there is no connection, or no room to queue
    │   ├── QueueFull            no more messages can wait until the connection is mended
    │   └── ConnectFailed        the endpoint was not reached, not trusted, or it refused us
    ├── NoAnswer                 nothing came within the time allowed
    └── RequestRejected          the service rejected the request; `code` is its error code
        ├── VersionMismatch      the execution changed since we looked: look again, decide again
        ├── ExecutionOver        it ended without us, or was deleted: nothing is left to report
        └── TryLater             throttled, or an error of the service: the same request may pass later

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html (error codes)
"""

from fota.errors import FotaError


class IotError(FotaError):
    """The root of what can go wrong with AWS IoT; no job reports it, since no report would arrive."""

    reason = "iot-error"


class BadCredentials(IotError):
    """A private key, a certificate or a CA could not be read; the message names which."""


class BadThingName(IotError):
    """A thing's name must be 1 to 128 of the characters `a-z A-Z 0-9 : _ -`."""


class BadTopic(IotError):
    """A topic or a topic filter that MQTT does not allow."""


class NotConnected(IotError):
    """There is no connection, or its queue is full."""


class QueueFull(NotConnected):
    """No more messages can wait until the connection is mended."""


class ConnectFailed(NotConnected):
    """The endpoint was not reached in time, is not trusted, or refused us."""


class NoAnswer(IotError):
    """The service did not answer within the time allowed; whether it acted is unknown."""


class RequestRejected(IotError):
    """The service answered `rejected`. `code` is its error code, `execution_state` what it added, or None."""

    def __init__(
        self, message: str = "", *, code: str = "", execution_state: "dict[str, object] | None" = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.execution_state = execution_state


class VersionMismatch(RequestRejected):
    """`expectedVersion` is not the stored one: somebody changed the execution since we looked."""


class ExecutionOver(RequestRejected):
    """InvalidStateTransition, TerminalStateReached or ResourceNotFound: the execution ended without us."""


class TryLater(RequestRejected):
    """RequestThrottled or InternalError: the same request, with a new token, may pass later."""
