"""A program that samples every 100 ms while a shell downloads and hashes a file beside it; measures its gaps."""

import json
import subprocess
import sys
import time
from typing import Any

from bench.programs.gaps import longest_gap_s


def main(settings: dict[str, Any]) -> dict[str, float]:
    """Start the command, and sample until it has ended."""
    began = time.monotonic()
    with subprocess.Popen(["sh", "-c", settings["command"]], stdout=subprocess.DEVNULL) as command:
        busy_s = longest_gap_s(lambda _: command.poll() is not None)
    if command.returncode:
        raise RuntimeError(f"the command ended with status {command.returncode}")
    return {"gap": busy_s, "seconds": time.monotonic() - began}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
