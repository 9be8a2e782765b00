"""Let every process that a test starts keep the byte code that it compiles."""

import os
import sys


def keep_byte_code() -> None:
    """From here on, a module is compiled once, and not by each of the thousand processes that the tests start.

    Images of containers often set PYTHONDONTWRITEBYTECODE. To compile what `fota-boot` imports takes four times as
    long as to run it.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
