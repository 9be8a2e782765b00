"""What goes on a board, for tests: a thing, an image, and few small files of each kind."""

import json
from pathlib import Path

from fota_operator.board.folder import BoardContents, BoardFile
from fota_operator.images.micropython import build_micropython_image

PEM = b"-----BEGIN %s-----\nAAAA\n-----END %s-----\n"
PROGRAM = "import time\nprint('the program runs')\nwhile True:\n    time.sleep_ms(20)\n"
MAIN = b"import fota.started, time\nprint('main runs', fota.started.VERSION)\nwhile True:\n    time.sleep_ms(20)\n"


def thing_in(folder: Path) -> Path:
    """The folder of the thing pump-1, as `fota things add` makes it."""
    thing = folder / "things" / "pump-1"
    thing.mkdir(parents=True)
    conf = {"endpoint": "e.example", "mqttid": "pump-1", "thingname": "pump-1", "policy_name": "p", "cert_arn": "a"}
    (thing / "thing.conf.json").write_text(json.dumps(conf))
    (thing / "certificate.pem.crt").write_bytes(PEM % (b"CERTIFICATE", b"CERTIFICATE"))
    (thing / "private.pem.key").write_bytes(PEM % (b"PRIVATE KEY", b"PRIVATE KEY"))
    return thing


def image_in(folder: Path, text: str = PROGRAM) -> Path:
    """An image of MicroPython with that program."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    (source / "main.py").write_text(text)
    build_micropython_image(source, "1", folder / "pump-1.img", compile_sources=True)
    return folder / "pump-1.img"


def small_contents(version: int = 1, thing: str = "pump-1", slot: bytes = b"slot" * 3000) -> BoardContents:
    """As many kinds of files as a board has, few and small."""
    conf = json.dumps({"thingname": thing}).encode()
    files = (
        BoardFile("/lib/fota/__init__.py", b""),
        BoardFile("/lib/fota/started.py", b"VERSION = %d\n" % version),
        BoardFile("/lib/fota/large.bin", bytes(range(256)) * 80),
        BoardFile("/fota-home/thing/thing.conf.json", conf),
        BoardFile("/fota-home/slot-0.img", slot, is_state=True),
        BoardFile("/fota-home/record-0", b"a record", is_state=True),
        BoardFile("/main.py", MAIN),
    )
    return BoardContents("unix", thing, "/fota-home", 32768, files)
