"""Logs are events: a name from the list of `fota.events`, and facts.

A URL is logged without its query (a presigned URL is a password); keys and certificates never are.
"""

from fota import machine


def log(event: str, **facts: object) -> None:
    """Record that `event` happened. Never raises, never blocks for long."""
    machine.emit(event, facts)


def without_query(url: str) -> str:
    """The URL up to its query: what may be logged or shown of it."""
    return url.split("?", 1)[0]
