"""CPython's half of `network_errors`."""

NAMES = {
    # This library's.
    "ConnectFailed",
    "NotConnected",
    "NoAnswer",
    "TryLater",
    "Unreachable",
    "DownloadTimeout",
    # Python's.
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "ConnectionAbortedError",
    "TimeoutError",
    "gaierror",
    "herror",
    "timeout",
    "SSLEOFError",
    "SSLZeroReturnError",
    "URLError",
    # Of what programs connect with.
    "MaxRetryError",
    "NewConnectionError",
    "ConnectTimeoutError",
    "NameResolutionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ConnectError",
    "EndpointConnectionError",
    "MqttError",
    "ClientConnectorError",
    "ClientConnectorDNSError",
}
"""Classes of errors: of this library, of Python, and of what programs connect with."""

CLOCK = ("certificate is not yet valid", "certificate has expired")
"""A device without a clock of its own begins years ago, until somebody tells it the time."""

_FIRST, _LAST = 99, 113
"""EADDRNOTAVAIL to EHOSTUNREACH of Linux."""


def is_of_the_network(error: "BaseException | None") -> bool:
    """Whether a program meets this error because it cannot connect: no fault of the image."""
    for _ in range(8):
        if error is None:
            return False
        if any(one.__name__ in NAMES for one in type(error).__mro__):
            return True
        if type(error) is OSError and isinstance(error.errno, int) and _FIRST <= error.errno <= _LAST:
            return True
        if "SSL" in type(error).__name__ and any(word in str(error) for word in CLOCK):
            return True
        error = error.__cause__ or error.__context__
    return False
