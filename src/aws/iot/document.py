"""The FOTA job document: parsed into a FirmwareRequest, or refused with the name of the field.

This is the one place that reads raw fields. It decides nothing about this device.

operation   "fota"; a document with another operation, or without one, is not for this library
bc_idx      the slot, a number from 0; or "any": any spare slot
bc_crc      MD5 of the image, 32 hexadecimal digits
bc_size     its length in bytes, 1 to 2,147,483,647
bc_url      its URL: https, at most 16,384 printable ASCII characters
bc_sha256   SHA-256 of the image, 64 hexadecimal digits; optional
envelope    the signed manifest of the release, a DSSE envelope; needed by a device that has a keyring
bc_insist   force, true: try an image again that was rolled back here; optional
x-progress-reports   the most reports of progress, 0 to 20; optional, and ignored if it is anything else
x-progress-share     the percentage of devices that report progress, 1 to 100; the same
x-patches, x-whole   see `aws.iot.offered_patches`
x-...       anything, ignored: for the operator's own notes

Any other field is refused: a misspelled check must not become a missing check.
"""

from fota.digests import Digests
from fota.errors import BadDocument
from fota.fields import is_hexadecimal, is_whole
from fota.log import without_query
from fota.transfer.http_head import url_authority

_OPERATION = "fota"
_KEYRING_OPERATION = "fota-keyring"
_ANY_SLOT = "any"
MAX_SIZE_BYTES = 2_147_483_647
MAX_URL_CHARACTERS = 16_384
"""The session token in a presigned URL has no maximum; a whole job document has 32,768 characters."""

_REQUIRED = ("bc_idx", "bc_crc", "bc_size", "bc_url")
_KNOWN = ("operation", "bc_sha256", "bc_insist", "envelope") + _REQUIRED
_MAX_SHOWN = 40

MAX_REPORTS = 20
ALL_DEVICES = 100


class FotaDocument:
    """The request of a FOTA job."""

    def __init__(
        self, slot: "int | None", wanted: Digests, url: str, *, insists: bool = False, envelope: object = None
    ) -> None:
        self.slot = slot
        """The slot asked for; None for any spare slot."""
        self.wanted = wanted
        self.url = url
        """The URL of the image. It works as a password until it expires: it is never logged with its query."""
        self.insists = insists
        """Force: whether to try again an image that was rolled back here."""
        self.envelope = envelope
        """The envelope as it came, for `fota.trust.releases` to verify; None if there is none."""
        self.progress_reports: "int" = MAX_REPORTS
        """The most reports of progress that a device sends for this job."""
        self.progress_share: "int" = ALL_DEVICES
        """The percentage of devices that send any."""
        self.patches: "object" = None
        """The patches that it offers, as they came, for `offered_patches`; None if it offers none."""
        self.whole: "object" = None
        """Whether the whole image may be fetched, as it came; None if it does not say."""

    def speaks_of_patches(self) -> bool:
        """Whether it says anything about them."""
        return self.patches is not None or self.whole is not None


def is_fota(document: object) -> bool:
    """Whether a document is a FOTA job, which we carry out or refuse."""
    return isinstance(document, dict) and document.get("operation") == _OPERATION


def is_keyring(document: object) -> bool:
    """Whether a document carries a keyring."""
    return isinstance(document, dict) and document.get("operation") == _KEYRING_OPERATION


def is_ours(document: object) -> bool:
    """Whether a document is for us to carry out or to refuse; what is no object is nobody else's."""
    return is_fota(document) or is_keyring(document) or not isinstance(document, dict)


def keyring_envelope(document: object) -> object:
    """The envelope of a document that carries a keyring. *Raises* BadDocument."""
    return _fields(document, ("operation", "envelope"), ("envelope",))["envelope"]


def parse(document: object) -> FotaDocument:
    """The request of the document. *Raises* BadDocument, which names the field, what was expected and what came."""
    fields = _fields(document, _KNOWN, _REQUIRED)
    operation, insists = fields.get("operation", _OPERATION), fields.get("bc_insist", False)
    if operation != _OPERATION:
        raise BadDocument(f"operation: expected {_OPERATION!r}, got {_shown(operation)}")
    wanted = Digests(
        _size(fields["bc_size"]),
        checked_digest("bc_crc", fields["bc_crc"], 32),
        checked_digest("bc_sha256", fields["bc_sha256"], 64) if "bc_sha256" in fields else None,
    )
    if type(insists) is not bool:
        raise BadDocument(f"bc_insist: expected true or false, got {_shown(insists)}")
    slot, url = _slot(fields["bc_idx"]), checked_url(fields["bc_url"])
    asked = FotaDocument(slot, wanted, url, insists=insists, envelope=fields.get("envelope"))
    # Nonsense there must not cost an update: the default counts.
    asked.progress_reports = _whole(fields.get("x-progress-reports"), 0, MAX_REPORTS)
    asked.progress_share = _whole(fields.get("x-progress-share"), 1, ALL_DEVICES)
    asked.patches, asked.whole = fields.get("x-patches"), fields.get("x-whole")
    return asked


def _whole(value: object, least: int, most: int) -> int:
    """A whole number within bounds; the greatest one in place of anything else."""
    return value if is_whole(value, least, most) and isinstance(value, int) else most


def _fields(document: object, known: "tuple[str, ...]", required: "tuple[str, ...]") -> "dict[str, object]":
    """The document, which has no unknown field and every required one. *Raises* BadDocument."""
    if not isinstance(document, dict):
        raise BadDocument(f"document: expected an object, got {_shown(document)}")
    # Sorted, so that both interpreters name the same field: dictionaries have no order on MicroPython.
    for name in sorted(map(str, document)):
        if name not in known and not name.startswith("x-"):
            raise BadDocument(f"{_cut(without_query(name))}: unknown field; expected {', '.join(known)} or x-...")
    for name in required:
        if name not in document:
            raise BadDocument(f"{name}: missing")
    return document


def _slot(value: object) -> "int | None":
    if value == _ANY_SLOT:
        return None
    if type(value) is not int or value < 0:
        raise BadDocument(f"bc_idx: expected a slot number from 0, or {_ANY_SLOT!r}, got {_shown(value)}")
    return value


def _size(value: object) -> int:
    if type(value) is not int or not 0 < value <= MAX_SIZE_BYTES:
        raise BadDocument(f"bc_size: expected a number of bytes from 1 to {MAX_SIZE_BYTES}, got {_shown(value)}")
    return value


def checked_digest(name: str, value: object, digits: int) -> bytes:
    """The bytes of a digest. *Raises* BadDocument."""
    # bytes.fromhex alone would accept spaces.
    if type(value) is not str or not is_hexadecimal(value.lower(), digits):
        raise BadDocument(f"{name}: expected {digits} hexadecimal digits, got {_shown(value)}")
    return bytes.fromhex(value)


def checked_url(value: object) -> str:
    """A URL that every parser reads alike. Never shows the value: its query is a password."""
    if type(value) is not str:
        raise BadDocument(f"bc_url: expected a string, got {type(value).__name__}")
    if len(value) > MAX_URL_CHARACTERS:
        raise BadDocument(f"bc_url: expected at most {MAX_URL_CHARACTERS} characters, got {len(value)}")
    if not value.startswith("https://"):
        # Outside the f-string: MicroPython does not accept a colon within its braces.
        scheme = value.split(":", 1)[0] + ":"
        raise BadDocument(f"bc_url: expected https://, got {_shown(scheme)}")
    for c in value:
        if not "!" <= c <= "~" or c in '\\"<>^`{|}':
            raise BadDocument("bc_url: expected printable ASCII without spaces, quotes or braces, got others")
    _, port = url_authority(value[8:].split("/", 1)[0].split("?", 1)[0].split("#", 1)[0])
    if not port:
        raise BadDocument("bc_url: expected a host name and perhaps a port after https://, got something else")
    return value


def _shown(value: object) -> str:
    """The value that came, short enough for a report, the same on every interpreter, and without a URL's query."""
    if isinstance(value, str):
        # The two interpreters write characters other than ASCII differently.
        return _cut(repr("".join(c if c <= "~" else "?" for c in without_query(value))))
    if type(value) is float:
        # Its digits are not written out: the two interpreters write them differently.
        return "a number with a fraction or an exponent"
    if value is None or isinstance(value, bool):
        return _cut(repr(value))
    if type(value) is int:
        # Its digits are not written out: a number may have thousands of them.
        return repr(value) if -(1 << 64) < value < (1 << 64) else "a number of more than 64 bits"
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else type(value).__name__


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
