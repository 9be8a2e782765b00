"""The kinds of board that files can be made for: the names that people type, and how a board says which one it is."""

from dataclasses import dataclass

from fota_operator.errors import BadInput


@dataclass(frozen=True)
class BoardKind:
    """A kind of board. `platform` is `sys.platform` of its MicroPython, `chip` the end of its machine's name."""

    name: str
    title: str
    platform: str
    chip: str
    has_ota: bool = False
    """Whether the port can update its whole firmware, in OTA partitions."""


KINDS: tuple[BoardKind, ...] = (
    BoardKind("esp32", "ESP32", "esp32", "ESP32", has_ota=True),
    BoardKind("esp32-s2", "ESP32-S2", "esp32", "ESP32S2", has_ota=True),
    BoardKind("esp32-s3", "ESP32-S3", "esp32", "ESP32S3", has_ota=True),
    BoardKind("esp32-c3", "ESP32-C3", "esp32", "ESP32C3", has_ota=True),
    BoardKind("esp32-c6", "ESP32-C6", "esp32", "ESP32C6", has_ota=True),
    BoardKind("pico-w", "Raspberry Pi Pico W", "rp2", "RP2040"),
    BoardKind("pico2-w", "Raspberry Pi Pico 2 W", "rp2", "RP2350"),
    BoardKind("unix", "MicroPython on a PC", "linux", ""),
)

_NOT_SUPPORTED = {
    "esp8266": "its heap is smaller than an update with TLS needs",
    "nrf": "MicroPython has no TCP and no TLS there",
}


def kind_of(name: str) -> BoardKind:
    """The kind that is called so. *Raises* BadInput, which says why for boards that cannot work."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    why = next((why for prefix, why in _NOT_SUPPORTED.items() if name.lower().startswith(prefix)), "no such board")
    raise BadInput(f"{name}: {why}", f"take one of {', '.join(kind.name for kind in KINDS)}")
