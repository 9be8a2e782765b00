"""MicroPython's half of `network_errors`."""

_OF_THE_NETWORK = ("ConnectFailed", "NotConnected", "NoAnswer", "TryLater", "Unreachable", "DownloadTimeout")
_FIRST_OF_THE_NETWORK = 99
"""Errors of sockets have numbers from EADDRNOTAVAIL on, those of the resolver and of TLS are negative."""


def is_of_the_network(error: "BaseException | None") -> bool:
    """Whether a program meets this error because it cannot connect: no fault of the image."""
    if not isinstance(error, OSError):
        return type(error).__name__ in _OF_THE_NETWORK
    number = error.args[0] if error.args else ""
    # WLAN raises errors without a number, only with a text.
    return not isinstance(number, int) or number < 0 or number >= _FIRST_OF_THE_NETWORK
