"""Checks of single values that came from outside: whole numbers, hexadecimal digits, letters, `host:port`. Pure.

The caller knows what a value means, and which error names it.
"""

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether a value is a whole number within bounds; True and 1.0 are no whole numbers."""
    return type(value) is int and least <= value <= most


def is_hexadecimal(value: object, digits: int) -> bool:
    """Whether a value is a text of that many hexadecimal digits in lower case."""
    return type(value) is str and len(value) == digits and not value.strip("0123456789abcdef")


def is_of_letters(text: str, others: str) -> bool:
    """Whether a text has only ASCII letters, ASCII digits and the `others`. True for an empty text."""
    return not text.strip(_LETTERS + others)


def whole_number(text: str) -> "int | None":
    """The number that a text of at most 15 decimal digits means; None for any other text.

    Only ASCII digits count: `isdigit` alone accepts others, and `int` refuses some of those.
    """
    return int(text) if 0 < len(text) < 16 and not text.strip("0123456789") else None


def host_and_port(text: str, default_port: int) -> "tuple[str, int]":
    """The host and the port of `host` or `host:port`; port 0 if the text is neither."""
    host, colon, digits = text.partition(":")
    port = whole_number(digits) if colon else default_port
    return host, port if host and "/" not in text and port and port < 65_536 else 0
