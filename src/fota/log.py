"""Logs are events: a name from the list of `fota.events`, and facts.

A URL is logged without its query (a presigned URL is a password); keys and certificates never are.
"""

from fota import machine

_MAX_TEXT = 200
_SHORTAGES = (12, 23, 24, -10, 203, -203)
"""ENOMEM, ENFILE, EMFILE: no memory, or no file descriptor. The last three are EAI_MEMORY, for which a name was not
looked up: of an operating system, and of lwIP, in either sign."""
_SHORTAGES_OF_TLS = (0x2880, 0x3F80, 0x4D80, 0x5180, 0x6180, 0x7F00)
_SHORTAGES_BELOW_TLS = (0x10, 0x6A)
"""Parts of an error number of mbedTLS, which MicroPython hands on: ..._ALLOC_FAILED of its modules X509, PK, ECP, MD,
CIPHER and SSL, in its upper bits; of MPI and ASN1, in its lower seven."""


SHORT = "out of memory or sockets: "


def log(event: str, **facts: object) -> None:
    """Record that `event` happened. Never raises, never blocks for long."""
    machine.emit(event, facts)


def without_query(url: str) -> str:
    """The URL up to its query: what may be logged or shown of it."""
    return url.split("?", 1)[0]


def place_of(error: BaseException) -> str:
    """The type of an error and where it was raised: all that the cloud hears of it, since its text may hold a URL."""
    return f"{type(error).__name__} at {machine.place_of(error) or 'an unknown place'}"


def problem_of(error: BaseException) -> str:
    """The same for the log of the device, with the error's own text up to what may be the query of a URL."""
    try:
        text = without_query(str(error))[:_MAX_TEXT]
    except Exception as problem:  # noqa: BLE001 - it is somebody else's class
        text = f"no text: {type(problem).__name__}"
    return f"{place_of(error)}: {text}"


def told(error: BaseException) -> str:
    """The text of an error, or its type; it says so when the error comes of want of memory."""
    text = str(error) or type(error).__name__
    return SHORT + text if is_shortage(error) else text


def is_shortage(error: "BaseException | None") -> bool:
    """Whether an error comes of want of memory or file descriptors, which passes and says nothing of an update."""
    for _ in range(8):
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and _is_shortage(error.errno)):
            return True
        cause = getattr(error, "cause", None) or getattr(error, "__cause__", None)
        error = cause if isinstance(cause, BaseException) else getattr(error, "__context__", None)
    return False


def _is_shortage(number: object) -> bool:
    if type(number) is int and number < -256:
        return -number & ~0x7F in _SHORTAGES_OF_TLS or -number & 0x7F in _SHORTAGES_BELOW_TLS
    return number in _SHORTAGES
