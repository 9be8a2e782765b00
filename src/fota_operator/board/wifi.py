"""The name and password of a Wi-Fi, as a board keeps them: a file of its own, which an update can change."""

import json
from dataclasses import dataclass

from fota_operator.errors import BadInput

FILE_NAME = "wifi.json"

_MAX_NAME_BYTES = 32
_PASSWORD_CHARACTERS = (8, 63)


@dataclass(frozen=True)
class Wifi:
    """A network. *Raises* BadInput for a name or a password that no Wi-Fi has."""

    name: str
    password: str
    """Empty for an open network."""

    def __post_init__(self) -> None:
        size_bytes = len(self.name.encode("utf-8", "surrogateescape"))
        if not 1 <= size_bytes <= _MAX_NAME_BYTES:
            raise BadInput(
                f"`wifi`: expected a name of 1 to {_MAX_NAME_BYTES} bytes, got {size_bytes}",
                "take the name as the access point shows it",
            )
        least, most = _PASSWORD_CHARACTERS
        if self.password and not least <= len(self.password) <= most:
            raise BadInput(
                f"the Wi-Fi password: expected {least} to {most} characters, got {len(self.password)}",
                "look at the access point; an open network has an empty one",
            )

    def __repr__(self) -> str:
        return f"Wifi({self.name!r})"

    def as_json(self) -> bytes:
        """The content of the file."""
        return (json.dumps({"name": self.name, "password": self.password}) + "\n").encode()
