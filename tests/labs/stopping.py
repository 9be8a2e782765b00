"""The program of a board that stands still once, in the middle of an update, so that its power can be cut there."""

from sweeps.seeding.verbs import Patch, before, replace


def stops_once(moment: str, at_bytes: int, *, each_lasts_ms: int = 0) -> tuple[Patch, ...]:
    """Patches of the program: at that method of its progress it stands still, from that byte on.

    `each_lasts_ms`: how long each call of the method takes.
    """
    return (
        before(
            "_.mqtt.connect(timeout_ms=_)",
            f"""
import os
from fota.progress import Progress

class Stops(Progress):
    def {moment}(self, done_bytes, total_bytes):
        machine.sleep_ms({each_lasts_ms})
        if done_bytes >= {at_bytes} and "has-stopped" not in os.listdir(folder):
            open(folder + "has-stopped", "w").close()
            print("stands still")
            while True:
                machine.sleep_ms(1000)
""",
        ),
        replace("_1.handle_fota_jobs(_2)", "_1.handle_fota_jobs(_2, progress=Stops())"),
        replace("_1.handle_fota_jobs(_2, force=_3)", "_1.handle_fota_jobs(_2, force=_3, progress=Stops())"),
    )
