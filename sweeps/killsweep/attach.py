"""Run an image with strace at its network thread alone: `python attach.py COMMAND.json IMAGE [ARGUMENT …]`.

For a bundle, IMAGE is the program of `fota-boot` that starts it.
strace counts the calls of each thread for itself, so a point in one thread needs a tracer that sees no other. It is
attached to the first thread that the program starts, before that thread makes its first call; the program is
otherwise what `python IMAGE` runs. Imports nothing of the sweep: it is the device that runs it.
"""

import ctypes
import json
import runpy
import subprocess
import sys
import threading
import time
from pathlib import Path

_PR_SET_PTRACER = 0x59616D61
_PTRACER_ANY = ctypes.c_ulong(-1)
_ATTACHED_WITHIN_S = 20.0
_STOPPED_WITHIN_S = 0.1


class Tracer:
    """Attaches to a thread of this process, which waits for it without making any call of its own."""

    def __init__(self, command: list[str]) -> None:
        self._command = command

    def __call__(self, _frame: object, _event: str, _argument: object) -> None:
        """A profile function, called as a new thread begins."""
        sys.setprofile(None)
        threading.setprofile(None)
        attached = threading.Lock()
        attached.acquire()
        arguments = (threading.get_native_id(), attached)
        threading.Thread(target=self._attach, args=arguments, daemon=True).start()
        attached.acquire()

    def _attach(self, thread_id: int, attached: threading.Lock) -> None:
        # A session of its own: what ends the firmware's session must not end the tracer before it has told.
        tracer = subprocess.Popen(
            [*self._command, "-p", str(thread_id)], start_new_session=True, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + _ATTACHED_WITHIN_S
        status = Path(f"/proc/self/task/{thread_id}/status")
        while "TracerPid:\t0\n" in status.read_text() and tracer.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        # It is attached before it stops the thread, and counts its calls from there on.
        time.sleep(_STOPPED_WITHIN_S)
        attached.release()


def main() -> None:
    """Attach, and run the image as the interpreter would."""
    command_file, image = sys.argv[1:3]
    # Where only ancestors may trace, our child needs to be let; elsewhere this does nothing.
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _PTRACER_ANY, 0, 0, 0)
    threading.setprofile(Tracer(json.loads(Path(command_file).read_text())))
    sys.argv[:] = sys.argv[2:]
    if not sys.flags.isolated:
        # The folder of this script, which the image would not have.
        del sys.path[0]
    runpy.run_path(image, run_name="__main__")


if __name__ == "__main__":
    main()
