"""What the device makes of vectors, in a word: for those who see that a bug changes it."""

from __future__ import annotations

from fota_testing.misuse import Misuse
from sweeps.escapes import Escaped, errors_escape
from tests.labs import vector_files
from tests.labs.trust_lab import of_vector


def verdict(vector: vector_files.Vector) -> str:
    """What the device makes of a vector: the reason of a refusal, else the status."""
    bench = of_vector(vector.device)
    try:
        with errors_escape():
            bench.publish_vector(vector.document, image=vector.image)
            bench.wake()
            bench.wake()
    except Escaped as escaped:
        if isinstance(escaped.error, NameError):
            raise escaped.error from escaped
        return type(escaped.error).__name__
    except NameError:
        # The bug itself is broken: it changes nothing that was meant.
        raise
    except (Exception, Misuse) as error:
        # A bug may stumble over what the check would have kept away.
        return type(error).__name__
    if bench.status() == "REJECTED":
        return bench.reason()
    return "accepted" if bench.status() == "SUCCEEDED" else bench.status()


def first_of_another_verdict(file: str) -> str:
    """The first vector in a file that gets another verdict than the file says; "" if every verdict is right."""
    for vector in vector_files.read(file):
        if vector.device["now_s"] is not None and verdict(vector) != vector.verdict:
            return vector.name
    return ""
