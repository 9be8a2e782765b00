"""Makes or applies one patch, ours or bsdiff4's: the time, and the peak of resident memory above the start."""

import json
import resource
import sys
import time
from pathlib import Path

import bsdiff4

from fota_operator.patches.make import apply_patch, make_patch


def main(settings: dict[str, object]) -> dict[str, float]:
    """Do what the settings say: `tool` and `act`, with the files `old`, `new` and `patch`."""
    old, new, patch = (str(settings[name]) for name in ("old", "new", "patch"))
    # Linux: the peak of resident memory counts from here on.
    Path("/proc/self/clear_refs").write_text("5")
    before, began = _peak_bytes(), time.perf_counter()
    if (settings["tool"], settings["act"]) == ("ours", "make"):
        made = make_patch(
            Path(old).read_bytes(), Path(new).read_bytes(), window_bits=int(str(settings["window_bits"]))
        )
        Path(patch).write_bytes(made.content)
    elif settings["tool"] == "ours":
        Path(new).write_bytes(apply_patch(Path(patch).read_bytes(), Path(old).read_bytes()))
    elif settings["act"] == "make":
        bsdiff4.file_diff(old, new, patch)
    else:
        bsdiff4.file_patch(old, new, patch)
    took_s = time.perf_counter() - began
    # A process that was forked begins with the memory of this one.
    forked = max(0, 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before)
    return {"seconds": took_s, "bytes": float(_peak_bytes() - before + forked)}


def _peak_bytes() -> int:
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:")]
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
