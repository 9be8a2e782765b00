"""The patches that a job document offers, and how the image comes: parsed, chosen, and given up for the whole image.

x-patches   a list; its first 8 entries count. Each has `from`, `url`, `size` and `sha256`, and nothing else
x-whole     "never", or a number of bytes: whether the whole image may be fetched; always, if it is anything else

An entry that is not right costs no update: it is logged, and counts as if it were not offered. Loaded only for a job
that has one of these fields. How an image is made from a patch is in `fota.patch`.
"""

from aws.iot.document import checked_digest, checked_url
from fota import errors, journal
from fota.fields import is_whole
from fota.journal_entry import PatchTaken
from fota.log import log
from fota.transfer.download import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.document import FotaDocument
    from fota.journal import UpdateInProgress
    from fota.patches import Patches

MAX_PATCHES = 8
_NOTHING = b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
"""What a compressed image starts from."""

_DIGITS = 64
_MEMBERS = ("from", "sha256", "size", "url")

PATCH, COMPRESSED, WHOLE = "patch", "compressed", "whole"
"""The ways, as the job is told."""

NO_PATCH_FITS, NO_ROOM, PATCH_FAILED, CANNOT_PATCH = "no-patch-fits", "no-room", "patch-failed", "cannot-patch"
"""Why the image comes whole though patches were offered, as the job is told."""

_NOT_AS_PROMISED = (
    errors.PatchFailed,
    errors.NoSpace,
    errors.BadHttpStatus,
    errors.BadHttpAnswer,
    errors.BodyTooShort,
    errors.BodyTooLong,
)
"""After these the whole image may do; what the network or the storage does to a patch, it does to any image."""


class OfferedPatch:
    """A patch as the document offers it. Nothing of it is trusted: the digest of the image decides."""

    def __init__(self, starts_from: bytes, url: str, taken: PatchTaken) -> None:
        self.starts_from = starts_from
        """The SHA-256 of the image that it starts from; zeros if it starts from nothing."""
        self.url = url
        """It works as a password until it expires."""
        self.taken = taken
        """What is remembered of it if it is taken."""


def offered(asked: "FotaDocument") -> "list[OfferedPatch]":
    """The patches of the document that are as they should be."""
    found = []
    entries = asked.patches
    if not isinstance(entries, list):
        if entries is not None:
            log("patch-ignored", field="x-patches")
        entries = []
    for number, entry in enumerate(entries[:MAX_PATCHES]):
        patch = _offered(entry, asked.wanted.size_bytes, f"x-patches[{number}]")
        if patch is not None:
            found.append(patch)
    return found


def choose(asked: "FotaDocument", update: "UpdateInProgress", patches: "Patches", slot: int) -> None:
    """Decide how the image of an update comes, unless that is decided. To be saved. *Raises* StorageFailed."""
    entry, found = update.entry, offered(asked)
    is_decided = entry.way.get("way") == WHOLE or _is_among(found, entry.patch)
    if not is_decided and (found or entry.way):
        update.choose(*_chosen(found, patches, slot, entry.wanted.size_bytes))


def source(asked: "FotaDocument", update: "UpdateInProgress", fresh: "Callable[[], FotaDocument]") -> Source:
    """Where the bytes come from that the update needs; `fresh` asks for the document again.

    *Raises* PatchFailed if that is the whole image, and it may not be fetched.
    """
    taken = update.entry.patch
    if taken is not None:
        patch = taken
        return Source(_url_of(asked, patch), renew=lambda: _url_of(fresh(), patch))
    _require_whole_allowed(asked, update.entry.way.get("why") or NO_PATCH_FITS)
    return Source(asked.url, renew=lambda: fresh().url)


def give_up(asked: "FotaDocument", update: "UpdateInProgress", patches: "Patches", error: errors.FotaError) -> bool:
    """Whether the whole image is to be fetched after this error, which survives a reset then.

    *Raises* PatchFailed if the whole image may not be fetched; StorageFailed.
    """
    if not isinstance(error, _NOT_AS_PROMISED):
        return False
    why = NO_ROOM if isinstance(error, errors.NoSpace) else PATCH_FAILED
    log("patch-given-up", why=why, problem=error)
    _require_whole_allowed(asked, str(error))
    # Cut after this: the patch is fetched again, once.
    patches.remove()
    update.choose({"way": WHOLE, "why": why}, None)
    # Cut after this: the whole image is fetched.
    update.save_stage(journal.CLAIMED)
    return True


def _offered(entry: object, most_bytes: int, field: str) -> "OfferedPatch | None":
    """One entry; None, and logged, if it is not right."""
    if not isinstance(entry, dict) or tuple(sorted(map(str, entry))) != _MEMBERS:
        log("patch-ignored", field=field)
        return None
    name = "from"
    try:
        starts_from = checked_digest(name, entry[name], _DIGITS)
        name = "sha256"
        sha256 = checked_digest(name, entry[name], _DIGITS)
        name = "url"
        url = checked_url(entry[name])
        name = "size"
        if is_whole(entry[name], 1, most_bytes):
            return OfferedPatch(starts_from, url, PatchTaken(sha256, entry[name]))
    except errors.BadDocument:
        pass
    # Not what came: it may be a URL, whose query is a password.
    log("patch-ignored", field=f"{field}.{name}")
    return None


def _chosen(
    found: "list[OfferedPatch]", patches: "Patches", slot: int, size_bytes: int
) -> "tuple[dict[str, str], PatchTaken | None]":
    """The way, as the job is told, and the patch if one is taken."""
    if not patches.are_taken:
        return {"way": WHOLE, "why": CANNOT_PATCH}, None
    running = patches.running()
    best = None
    for patch in found:
        if running is not None and patch.starts_from == running.sha256:
            best = patch
            break
        if patch.starts_from == _NOTHING:
            best = best or patch
    if best is None:
        return {"way": WHOLE, "why": NO_PATCH_FITS}, None
    taken = best.taken
    try:
        patches.require_room(slot, size_bytes, taken.size_bytes)
    except errors.NoSpace as error:
        log("patch-given-up", why=NO_ROOM, problem=error)
        return {"way": WHOLE, "why": NO_ROOM}, None
    way = COMPRESSED if best.starts_from == _NOTHING else PATCH
    return {"way": way, "patch_bytes": str(taken.size_bytes)}, taken


def _is_among(found: "list[OfferedPatch]", taken: "PatchTaken | None") -> bool:
    return taken is not None and _find(found, taken) is not None


def _find(found: "list[OfferedPatch]", taken: PatchTaken) -> "OfferedPatch | None":
    for patch in found:
        if (patch.taken.sha256, patch.taken.size_bytes) == (taken.sha256, taken.size_bytes):
            return patch
    return None


def _url_of(asked: "FotaDocument", taken: PatchTaken) -> str:
    """The URL that the document has for a patch. *Raises* PatchFailed if it has none any more."""
    patch = _find(offered(asked), taken)
    if patch is None:
        raise errors.PatchFailed("patch: the job offers it no more")
    return patch.url


def _require_whole_allowed(asked: "FotaDocument", why: str) -> None:
    """*Raises* PatchFailed if the document does not let the whole image be fetched."""
    whole, size_bytes = asked.whole, asked.wanted.size_bytes
    most_bytes = 0 if whole == "never" else whole
    if isinstance(most_bytes, int) and type(most_bytes) is not bool and 0 <= most_bytes < size_bytes:
        raise errors.PatchFailed(f"the whole image may not be fetched, and no patch does: {why}")
