"""Checks for `fota_testing.board_contract` of the place for a patch; a board without one passes them."""

from fota.errors import ImageTooLarge, StorageFailed
from fota_testing._board_clauses import attempt, content_of, install, load, require, spare_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.boards import Board, PatchPlace
    from fota.slots import Writer
    from fota_testing._board_rig import Rig

_PATCH = 0
"""The only slot of the place."""

_FIRST, _SECOND = b"a patch " * 90, b"another " * 70
"""The second one is shorter."""
_HALF_BYTES = 400


def _content(place: "PatchPlace") -> bytes:
    content, buffer = bytearray(), memoryview(bytearray(256))
    reader = place.reader(_PATCH)
    try:
        while len(content) <= len(_FIRST):
            count = reader.readinto(buffer)
            if not count:
                break
            content.extend(buffer[:count])
    finally:
        reader.close()
    return bytes(content)


def _fill(place: "PatchPlace", patch: bytes, offset_bytes: int = 0) -> None:
    writer = place.resume(_PATCH, len(patch), offset_bytes)
    writer.write(memoryview(patch)[offset_bytes:])
    writer.close()


def _place_of(board: "Board") -> "PatchPlace":
    place = board.patches
    require(10, place is not None, "a place for a patch is there after every reset")
    assert place is not None
    return place


def _keeps_a_patch(rig: "Rig") -> None:
    board, _ = rig.reset()
    place = board.patches
    if place is None:
        return
    require(10, _content(place) == b"", "a new board has no patch")
    place.remove()
    _fill(place, _FIRST)
    require(10, _content(place) == _FIRST, "the place holds the patch that was written")
    place = _place_of(rig.reset()[0])
    require(10, _content(place) == _FIRST, "a patch is there after a reset")
    reader = place.reader(_PATCH)
    try:
        reader.seek(_HALF_BYTES)
        buffer = memoryview(bytearray(8))
        found = bytes(buffer[: reader.readinto(buffer)])
    finally:
        reader.close()
    require(10, found and _FIRST[_HALF_BYTES:].startswith(found), "a reader goes on at any byte of the patch")
    _fill(place, _SECOND)
    require(10, _content(place) == _SECOND, "a patch leaves nothing of the longer one before it")
    place.remove()
    require(10, _content(place) == b"", "a patch that was removed is gone")
    require(10, _content(_place_of(rig.reset()[0])) == b"", "a patch that was removed does not come back")


def _goes_on(rig: "Rig") -> None:
    place = rig.reset()[0].patches
    if place is None:
        return
    writer = place.resume(_PATCH, len(_FIRST), 0)
    writer.write(memoryview(_FIRST)[:_HALF_BYTES])
    writer.flush()
    writer.close()
    place = _place_of(rig.reset()[0])
    _fill(place, _FIRST, _HALF_BYTES)
    require(10, _content(place) == _FIRST, "a patch is filled on after a reset, from the byte that it had reached")
    writer = place.resume(_PATCH, len(_SECOND), 0)
    writer.write(memoryview(_FIRST)[:100])
    writer.restart()
    writer.write(memoryview(_SECOND))
    _require_bound(writer)
    writer.close()
    require(10, _content(place) == _SECOND, "after restart the next byte is the first of the patch")


def _require_bound(writer: "Writer") -> None:
    try:
        writer.write(memoryview(b"more"))
    except ImageTooLarge:
        return
    raise AssertionError("clause 10: a write past the size of the patch is ImageTooLarge")


def _touches_nothing_else(rig: "Rig") -> None:
    board, running = rig.reset()
    place = board.patches
    if place is None:
        return
    spare = spare_of(running)
    install(rig, board, spare, 1)
    images = ((running, rig.image(0)), (spare, rig.image(1)))
    record = load(2, board)
    acts: list[Callable[[], None]] = [lambda: _fill(place, _FIRST), place.remove]
    for act in acts:
        act()
        for slot, content in images:
            require(10, content_of(board, slot, len(content)) == content, "a patch touches no image")
        require(10, board.slots.seal_of(spare) is not None, "a patch breaks no seal")
        require(10, load(10, board) == record, "a patch does not touch the record")
    install(rig, board, spare, 2)
    _fill(place, _FIRST)
    install(rig, board, spare, 1)
    require(10, _content(place) == _FIRST, "an image that is written does not touch the patch")


def _says_that_it_was_refused(rig: "Rig") -> None:
    place = rig.reset()[0].patches
    if place is None:
        return
    _fill(place, _FIRST)
    rig.refuse(True)  # type: ignore[attr-defined]
    acts: list[Callable[[], None]] = [lambda: _fill(place, _SECOND), place.remove]
    for act in acts:
        try:
            # Where patches are kept elsewhere than the record, nothing is refused.
            act()
        except StorageFailed:
            pass
        except Exception as error:
            raise AssertionError(f"clause 11: what refuses a patch is StorageFailed, not {error!r}") from error
    rig.refuse(False)  # type: ignore[attr-defined]


def patch_is_cut(
    make_rig: "Callable[[], Rig]",
    cut_each: "Callable[[Callable[[], tuple[Rig, Callable[[], object]]], Callable[[Rig], None]], None]",
) -> None:
    """Cut the second half of a patch in each of its operations, and its removal."""
    if make_rig().reset()[0].patches is None:
        return

    def make_ready() -> "tuple[Rig, Callable[[], object]]":
        fresh = make_rig()
        place = _place_of(fresh.reset()[0])
        writer = place.resume(_PATCH, len(_FIRST), 0)
        writer.write(memoryview(_FIRST)[:_HALF_BYTES])
        writer.flush()

        def finish() -> None:
            writer.write(memoryview(_FIRST)[_HALF_BYTES:])
            writer.close()

        return fresh, finish

    def judge(fresh: "Rig") -> None:
        place = _place_of(fresh.reset()[0])
        require(10, _content(place)[:_HALF_BYTES] == _FIRST[:_HALF_BYTES], "what was flushed of a patch is not lost")
        require(10, attempt(place.remove), "a patch that was cut can be removed")
        require(10, _content(place) == b"", "a patch that was cut and removed is gone")

    cut_each(make_ready, judge)


PATCHES: "tuple[tuple[int, str, Callable[[Rig], None]], ...]" = (
    (10, "", _keeps_a_patch),
    (10, "", _goes_on),
    (10, "", _touches_nothing_else),
    (11, "refuse", _says_that_it_was_refused),
)
