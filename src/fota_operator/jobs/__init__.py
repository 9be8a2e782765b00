"""Jobs of AWS IoT: start them, follow them, cancel them, and say what came of them.

Its functions are imported when they are first asked for: some modules of this room need no AWS, and boto3 is slow.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fota_operator.jobs.cancel import cancel_job
    from fota_operator.jobs.start import StartedJob, StartRequest, start_job

__all__ = ["StartRequest", "StartedJob", "cancel_job", "start_job"]

_MODULES = {"StartRequest": "start", "StartedJob": "start", "cancel_job": "cancel", "start_job": "start"}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
