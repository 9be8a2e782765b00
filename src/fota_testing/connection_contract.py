"""The contract of `aws.iot.mqtt` as a check that any connection must pass.

It is published for porters: call `check_connection` with a function that makes your connection, not connected yet,
from an endpoint `host:port` and the PEM text of the authority to trust. A scripted broker on this
machine serves the endpoint. The check raises AssertionError with the number of the broken clause and a sentence. It
needs no test runner.
It runs on CPython with the package `cryptography`; the connection may be anywhere that reaches this machine.

`_connection_clauses`, `_connection_losses` and `_connection_pace` hold the clauses themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fota_testing._connection_clauses import CALLS
from fota_testing._connection_losses import LOSSES
from fota_testing._connection_pace import PACE
from fota_testing._connection_scene import ConnectionScene, ConnectionTraits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from aws.iot.mqtt import Connection

__all__ = ("CLAUSES", "ConnectionTraits", "check_connection")

CLAUSES = tuple(sorted((*CALLS, *LOSSES, *PACE), key=lambda clause: clause[0]))
"""Each check with the number that its clause has in `aws.iot.mqtt`, in the order in which they are run."""

_REPEATED, _FORBIDDEN = 8, 9


def check_connection(
    make_connection: Callable[[str, str], Connection],
    traits: ConnectionTraits | None = None,
    *,
    clauses: Collection[int] = tuple(range(1, 11)),
) -> list[str]:
    """Check a connection against the clauses of `aws.iot.mqtt`, all of them or those asked for.

    `make_connection(endpoint, authorities)` gives a fresh connection at every call. Returns the clauses left out.
    *Raises* AssertionError.
    """
    traits = traits or ConnectionTraits()
    left_out: list[str] = []
    if not traits.marks_repeated and _REPEATED in clauses:
        left_out.append("clause 8: the mark of a repeated message, since `marks_repeated` is False")
    if not traits.minds_aws:
        left_out.append("clauses 3, 7 and 8: quotas, silence and refusals of AWS IoT, since `minds_aws` is False")
    for number, check in CLAUSES:
        if number not in clauses or ((number, check) in PACE and not traits.minds_aws):
            continue
        if number == _FORBIDDEN and not traits.drops_forbidden:
            sentence = "clause 9: what the broker hangs up on, since `drops_forbidden` is False"
            left_out += [sentence] if sentence not in left_out else []
            continue
        with ConnectionScene(number, make_connection, traits) as scene:
            check(scene)
    return left_out
