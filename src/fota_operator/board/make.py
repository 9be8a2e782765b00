"""Makes all that goes on a board whose images are files: library, thing, authorities, Wi-Fi, home, `main.py`.

`boot.py` is the user's: none is made. Leaves to others: the folder that holds it (`folder`), the byte code.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fota.boards.provisioning import provision
from fota.errors import FotaError
from fota.storage import SlotReader
from fota.trust.keyring import Keyring
from fota_operator.board.byte_code import device_bytecode
from fota_operator.board.folder import BoardContents, BoardFile
from fota_operator.board.kinds import BoardKind
from fota_operator.board.modules import SOURCE, modules_of
from fota_operator.board.wifi import FILE_NAME, Wifi
from fota_operator.cloud import ca_bundle
from fota_operator.errors import BadInput, NotFound, OperatorError
from fota_operator.images.image import LITTLEFS_KIND, read_image
from fota_operator.things.authorities import amazon_authorities
from fota_operator.things.folder import CACERT, CERTIFICATE, CONF, PRIVATE_KEY, read_conf

HOME = "/fota-home"
"""No name of a module: a folder `/fota` would be found as the package `fota`, before that in `/lib`."""
LIBRARY = "/lib"
MAIN = "/main.py"
DEFAULT_SLOT_SIZE_BYTES = 128 << 10

_SLOTS = 2
_MAX_THING_FILE_BYTES = 65_536
_RECORD = "record-"
_PEM = b"-----BEGIN "


@dataclass(frozen=True)
class BoardRequest:
    """What a board is to be. `thing` is the folder that `fota things add` made."""

    kind: BoardKind
    thing: Path
    image: Path
    wifi: Wifi | None = None
    keyring: Keyring | None = None
    slot_size_bytes: int = DEFAULT_SLOT_SIZE_BYTES


def make_contents(request: BoardRequest) -> BoardContents:
    """All files of the board, in the order in which they are put. *Raises* BadInput, NotFound, OperatorError."""
    files = (*_library(), *_given(request), *_home(request), BoardFile(MAIN, boot_file("main.py")))
    return BoardContents(request.kind.name, request.thing.name, HOME, request.slot_size_bytes, files)


def boot_file(name: str) -> bytes:
    """One of the files that start a board: those of examples/esp32. *Raises* OperatorError."""
    # A package that was built has them beside this file; a clone has them at one place only.
    folders = (Path(__file__).with_name("boot_files"), SOURCE.parent / "examples" / "esp32")
    for folder in folders:
        if (folder / name).exists():
            return (folder / name).read_bytes()
    raise OperatorError(f"{name} is missing in this installation", "install the package again")


def _library() -> Iterator[BoardFile]:
    for path in modules_of("littlefs"):
        code = device_bytecode(path, (SOURCE / path).read_bytes(), keeps_lines=False)
        yield BoardFile(f"{LIBRARY}/{path.with_suffix('.mpy').as_posix()}", code)


def _given(request: BoardRequest) -> Iterator[BoardFile]:
    """Who the device is, whom it trusts, and its network: what may be put again at any time."""
    folder = request.thing
    if read_conf(folder) is None:
        raise NotFound(f"{folder} holds no thing", f"make it with `fota things add {folder.name}`")
    authorities = _of_thing(folder, CACERT, is_needed=False) or amazon_authorities(ca_bundle())
    for name in (PRIVATE_KEY, CERTIFICATE, CONF):
        yield BoardFile(f"{HOME}/thing/{name}", _of_thing(folder, name))
    if (folder / CACERT).exists():
        yield BoardFile(f"{HOME}/thing/{CACERT}", authorities)
    yield BoardFile(f"{HOME}/ca.pem", authorities)
    if request.wifi is not None:
        yield BoardFile(f"{HOME}/{FILE_NAME}", request.wifi.as_json())


def _of_thing(folder: Path, name: str, *, is_needed: bool = True) -> bytes:
    path = folder / name
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_THING_FILE_BYTES + 1)
    except FileNotFoundError as error:
        if not is_needed:
            return b""
        why = "the device that made its own key keeps it" if name == PRIVATE_KEY else "the folder is not whole"
        raise NotFound(f"{path} is missing: {why}", "register a thing with a key made here, or restore it") from error
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}", "make it readable") from error
    if not 0 < len(content) <= _MAX_THING_FILE_BYTES:
        raise BadInput(f"{path}: expected 1 to {_MAX_THING_FILE_BYTES} bytes, got {len(content)}", "restore it")
    if name != CONF and _PEM not in content:
        raise BadInput(f"{path}: expected PEM, got {len(content)} bytes of something else", "restore it")
    return content


def _home(request: BoardRequest) -> Iterator[BoardFile]:
    """The slots and all that the device remembers; its boot record is the last."""
    image = read_image(request.image)
    if image.kind != LITTLEFS_KIND:
        raise BadInput(
            f"{request.image}: expected an image of MicroPython, got one of the kind {image.kind}",
            "build it with `fota image build micropython=yes`",
        )
    with tempfile.TemporaryDirectory(prefix="fota-board-") as folder:
        made = Path(folder) / "home"
        reader = SlotReader(str(request.image))
        try:
            provision(
                str(made),
                reader,
                image_size_bytes=image.size_bytes,
                slot_count=_SLOTS,
                slot_size_bytes=request.slot_size_bytes,
                keyring=request.keyring,
            )
        except (FotaError, ValueError) as error:
            raise BadInput(f"`slot_size`: {error}", "name a larger one, or build a smaller image") from error
        finally:
            reader.close()
        names = sorted(path.name for path in made.iterdir() if path.is_file())
        for name in sorted(names, key=lambda name: name.startswith(_RECORD)):
            content = (made / name).read_bytes()
            # A cell has zeros at its end here, which it needs on no littlefs: each would take blocks of flash.
            yield BoardFile(f"{HOME}/{name}", content.rstrip(b"\0") if _is_cell(name) else content, is_state=True)


def _is_cell(name: str) -> bool:
    return name.endswith(("-0", "-1"))
