"""Asks AWS once, and again after a while if it throttles or has trouble: a long list must not end for that."""

from collections.abc import Callable
from typing import TypeVar

from fota_operator.cloud import is_passing
from fota_operator.errors import OperatorError
from fota_operator.rate_limiter import WallClock, jittered

MAX_TROUBLES = 5
"""In a row. boto3 itself tries each of them several times."""

Answer = TypeVar("Answer")


def patiently(ask: Callable[[], Answer], clock: WallClock) -> Answer:
    """The answer. *Raises* what `ask` raises when waiting cannot help, or did not help MAX_TROUBLES times."""
    for trouble in range(MAX_TROUBLES):
        try:
            return ask()
        except OperatorError as error:
            if not is_passing(error):
                raise
            clock.sleep(jittered(2.0**trouble))
    return ask()
