"""The exception that ended an image, told in one line. MicroPython only."""

import io
import sys

from fota.boot_note import one_line


def last_line(error: BaseException, root: str) -> str:
    """File, line and error, from the innermost line of its traceback in the image, which is mounted at `root`."""
    text = io.StringIO()
    sys.print_exception(error, text)  # type: ignore[attr-defined]  # MicroPython's own
    lines = text.getvalue().strip().split("\n")
    place = ""
    for line in lines:
        found = line.strip().split('"')
        if found[0] == "File " and len(found) > 2:
            path, number = found[1], found[2].replace(",", " ").split()[1]
            is_inside = path.startswith(root + "/")
            if is_inside or not place.startswith(root):
                place = f"{path}:{number}"
    return one_line(f"{place[len(root) + 1 :] if place.startswith(root + '/') else place or '?'}: {lines[-1]}")
