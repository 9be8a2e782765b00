"""Our device installs an image; measures how long that takes."""

import json
import sys
import time
from typing import Any

from aws.iot import fota as awsfota
from fota.device import open_device


def main(settings: dict[str, Any]) -> dict[str, float]:
    """Install once into the spare slot of a home."""
    device = open_device(settings["home"], 0)
    began = time.monotonic()
    awsfota.update(settings["document"], device=device)
    return {"seconds": time.monotonic() - began}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
