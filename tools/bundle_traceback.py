"""Says in a traceback of a board that has a bundle what its short names were: `bundle_traceback.py BOARD.map.json`.

The traceback comes on stdin. A bundle has no line numbers: the module and the function say where it was. A short name
that is that of several methods is followed by all of them.
"""

import json
import re
import sys
from pathlib import Path

_FRAME = re.compile(r'(File "fota_bundle[^"]*", line \d+, in )(\w+)')


def main() -> int:
    """The command. Exit status: 0; 2 without a map."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: bundle_traceback.py BOARD.map.json < TRACEBACK\n")
        return 2
    names = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["functions"]
    for line in sys.stdin:
        sys.stdout.write(_FRAME.sub(lambda found: found[1] + " or ".join(names.get(found[2], [found[2]])), line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
