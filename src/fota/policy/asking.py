"""Asks a program's policy, whatever the program does: what comes back is always Now, Later or No.

A policy that fails puts the update off: it ends neither loop nor device. Leaves to others: what an answer leads to.
"""

from fota import machine
from fota.log import log, problem_of
from fota.policy import Later, No, Now, as_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.policy import Offer, Policy

FAILED = "policy-failed"
"""The reason of `Later` in place of an answer that a policy did not give."""


class Asking:
    """Asks one question at a time, for one device."""

    def __init__(self) -> None:
        self._call: "Callable[[Policy, Offer], object]" = _call
        if TYPE_CHECKING or machine.INTERPRETER == "cpython":
            # Imported here, since a program for MicroPython has one thread.
            from fota.policy._asking_cpython import BoundedCall

            self._call = BoundedCall()

    def answer(self, policy: "Policy", offer: "Offer") -> "Now | Later | No":
        """The answer of the policy; `Later` if it raises, answers anything else or, on CPython, takes 10 s.

        *Blocks* as long as the policy takes.
        """
        try:
            return _made_again(as_answer(self._call(policy, offer)))
        except Exception as error:  # noqa: BLE001 - the program's own code
            log("policy-failed", job=offer.job_id, moment=offer.moment, problem=problem_of(error))
            return Later(FAILED)


def _call(policy: "Policy", offer: "Offer") -> object:
    return policy(offer)


def _made_again(answer: "Now | Later | No") -> "Now | Later | No":
    """The answer, made again of its parts: the program may have changed them. *Raises* what an odd one leads to."""
    if isinstance(answer, Now):
        return Now(answer.max_bytes_per_s, answer.max_bytes, answer.for_s)
    return Later(answer.reason, answer.again_s) if isinstance(answer, Later) else No(answer.reason)
