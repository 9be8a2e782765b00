"""Calls a program's policy in a thread of its own, and waits for it no longer than some seconds. CPython only."""

import threading
import time
from collections.abc import Callable

from fota.policy import Offer
from fota.waiting import still_waiting

MAX_ANSWER_S = 10.0
"""A policy that takes longer is not waited for."""

_TELL_EVERY_S = 1.0


class PolicySilent(Exception):
    """The policy did not answer in its time; or still has not answered an earlier question."""


class BoundedCall:
    """Calls with a bound. One that hangs keeps its thread, and no other is begun until it came back."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def __call__(self, policy: "Callable[[Offer], object]", offer: Offer) -> object:
        """What the policy returns. *Blocks* up to MAX_ANSWER_S. *Raises* PolicySilent, and what the policy raises."""
        if self._thread is not None and self._thread.is_alive():
            raise PolicySilent("it has not answered the question before")
        returned: list[object] = []
        raised: list[BaseException] = []

        def run() -> None:
            try:
                returned.append(policy(offer))
            except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
                raised.append(error)

        # A daemon: a program that ends does not wait for it.
        self._thread = threading.Thread(target=run, name="aws-iot-fota-policy", daemon=True)
        self._thread.start()
        deadline_s = time.monotonic() + MAX_ANSWER_S
        while self._thread.is_alive() and time.monotonic() < deadline_s:
            self._thread.join(_TELL_EVERY_S)
            still_waiting()
        if raised:
            error = raised[0]
            # What ends a thread, such as SystemExit, is no order to end the program.
            raise error if isinstance(error, Exception) else RuntimeError(f"it raised {type(error).__name__}")
        if not returned:
            raise PolicySilent(f"no answer within {MAX_ANSWER_S:.0f} s")
        return returned[0]
