"""Job handling for programs with asyncio: `await awsfota.aio.handle_fota_jobs(...)`. The event loop is not held up.

`fota.handle_fota_jobs` does the work, in a thread that lasts as long as the call.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

from aws.iot._interruptible_cpython import Interruptible
from aws.iot.jobs import Job, Jobs
from fota.device import Device
from fota.progress import Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.policy import Policy


class Aio:
    """The functions of `fota` that wait, to be awaited."""

    def __init__(self, handle: "Callable[..., bool]") -> None:
        """`handle` is `fota.handle_fota_jobs`."""
        self._handle = handle

    async def handle_fota_jobs(
        self,
        jobs: Jobs,
        force: bool = False,
        disconnect_mqtt: bool = True,
        auto_reset: bool = True,
        job_cbk: "Callable[[Job], object] | None" = None,
        *,
        health_check: "Callable[[], bool] | None" = None,
        progress: Progress | None = None,
        device: Device | None = None,
        may_restart: "Callable[[], bool] | None" = None,
        policy: "Policy | None" = None,
    ) -> bool:
        """Do what `fota.handle_fota_jobs` does, with the same arguments, result and errors, in a thread.

        With nothing to do it returns without a thread. The callbacks are called in the thread.
        A cancelled task ends it, within a second or two as a rule, before CancelledError leaves this call: a download
        goes on near that place at a later call. Cancelled once more, the task does not wait for that.
        """
        if not force and not jobs.policy_is_due():
            if not jobs.changed():
                return False
            # `changed` is True once only, and the call asks it again.
            jobs.look_now()
        steering = Interruptible(progress)
        return await _in_thread(
            steering,
            lambda: self._handle(
                jobs,
                force,
                disconnect_mqtt,
                auto_reset,
                job_cbk,
                health_check=health_check,
                progress=steering,
                device=device,
                may_restart=may_restart,
                policy=policy,
            ),
        )


async def _in_thread(steering: Interruptible, call: "Callable[[], bool]") -> bool:
    # Imported late: a program without asyncio does not pay for it.
    import asyncio

    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[bool] = loop.create_future()

    def tell(result: bool, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(result)
        else:
            outcome.set_exception(error)

    def run() -> None:
        result, problem = False, None
        steering.begin()
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - it is raised where the call is awaited
            problem = error
        # A loop that was closed meanwhile hears of nothing.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result, problem)

    # Not a thread of the loop's pool, which would be waited for at the end of the program, without a bound.
    threading.Thread(target=run, name="aws-iot-fota", daemon=True).start()
    try:
        return await asyncio.shield(outcome)
    except asyncio.CancelledError:
        steering.stopping.set()
        await asyncio.wait({outcome})
        # Looked at, so that asyncio does not complain of an error that nobody saw.
        outcome.exception()
        raise
