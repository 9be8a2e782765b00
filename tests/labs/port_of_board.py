"""A board of the bench with the home, the library and `main.py` of a lab."""

import json
import shutil
from pathlib import Path

from tests.labs.board import ROOT
from tests.labs.board_lab import BoardLab
from tests.labs.port_lab import PortLab


def make_port(lab: BoardLab, library: Path, folder: Path, *, kind: str = "esp32", **options: object) -> PortLab:
    """The board of the lab with its home, the library and `main.py`, as the documentation copies them."""
    port = PortLab(folder / "port", kind=kind)
    port.flash.rmdir()
    port.flash.mkdir()
    shutil.move(lab.home, port.flash / "fota-home")
    lab.home = port.flash / "fota-home"
    (lab.home / "wifi.json").write_text(json.dumps({"name": "my-wifi", "password": "right"}))
    shutil.copytree(library, port.flash / "lib")
    text = (ROOT / "examples/esp32/main.py").read_text()
    for name, value in options.items():
        text = text.replace('start("/fota-home"', f'start("/fota-home", {name}={value}')
    port.put("main.py", text)
    return port
