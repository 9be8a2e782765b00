"""The contract of slots: what an update asks of the places that hold images.

A back-end meets this contract, and `fota_testing.check_slots` checks that.

1. Slots are numbered from 0; there are at least two; each has a capacity.
2. `writer` breaks the seal of its slot, durably, before a byte of the image changes: a slot that is being
   written is never verified.
3. Bytes written through a writer are on storage, in order and complete, once its `close` has returned.
4. A reader sees what storage holds, not what a writer remembers; `seek` has it go on at any byte of the image.
5. `seal` is durable on return; a torn seal counts as no seal.
6. No call touches a slot other than the one it names.
7. Bytes flushed stay over a reset, and `resume` goes on behind them, the seal still broken.
8. What the storage refuses is StorageFailed (NoSpace when it is full), never another exception.
9. Where not the image itself starts but a tree of files that is made of it, `unpack` makes the tree of an image that
   was proven, durably, and leaves one alone that is whole; what overwrites the image removes the tree. The writer of
   `resume` may raise WrongRuntime or NoSpace once the bytes that came say that `unpack` will. Everywhere else
   `unpack` and `require_room` do nothing: a back-end whose images start as they are is an `InPlace`.

Which slot runs and which starts next is the boot record's business, not a slot's.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from fota.digests import Digests

    class Writer(Protocol):
        """Fills one slot from its beginning."""

        def write(self, chunk: "memoryview") -> None:
            """Append all of `chunk`. *Raises* StorageFailed; ImageTooLarge past the size given to `writer`."""

        def restart(self) -> None:
            """Forget what was written; the next byte is the first of the image."""

        def flush(self) -> None:
            """Return once every byte written so far is on storage: a reset leaves those. *Raises* StorageFailed."""

        def close(self) -> None:
            """Return once every byte written is on storage. May be called twice."""

    class Reader(Protocol):
        """Reads one slot from its beginning to the end of its image."""

        def readinto(self, buffer: "memoryview") -> int:
            """Fill the beginning of `buffer`; the number of bytes, 0 at the end. *Raises* StorageFailed."""

        def close(self) -> None:
            """Let go of the slot. May be called twice."""

    class SeekableReader(Reader, Protocol):
        """A reader that goes on at any byte."""

        def seek(self, offset_bytes: int) -> None:
            """Go on reading at that byte of the image; past its end there is nothing. *Raises* StorageFailed."""

    class Places(Protocol):
        """What a download is written to, and read back from."""

        def resume(self, slot: int, size_bytes: int, offset_bytes: int) -> Writer:
            """Go on filling a slot after a reset: the bytes before the offset stay as they are.

            The caller must verify those bytes from storage. *Raises* as `writer`. A download uses it from the first
            byte on.
            """

        def reader(self, slot: int) -> SeekableReader:
            """Read what the slot holds; an empty slot gives no bytes."""

    class Slots(Places, Protocol):
        """All slots of a device."""

        count: int

        def capacity_bytes(self, slot: int) -> int:
            """The largest image that the slot can hold."""

        def writer(self, slot: int, size_bytes: int) -> Writer:
            """Begin to fill a slot with an image of that size; its seal is broken first.

            *Raises* ImageTooLarge before anything is changed, StorageFailed, NoSpace.
            """

        def require_room(self, slot: int, size_bytes: int, tree_bytes: int) -> None:
            """*Raises* NoSpace unless an image and its tree will have room, with what the slot gives up."""

        def unpack(self, slot: int, digests: Digests, keep: "Callable[[], object]") -> None:
            """Make what starts of the image in a slot, which was proven a moment ago to have these digests.

            `keep` is called first, if there is anything to do: it remembers that no download is needed again.
            *Raises* WrongFormat, WrongRuntime for an image that cannot start here; StorageFailed, NoSpace.
            """

        def seal(self, slot: int, digests: Digests) -> None:
            """Remember that the slot was read back and held these bytes. Survives a reset."""

        def seal_of(self, slot: int) -> "Digests | None":
            """The digests given to `seal`; None if there were none since the last `writer`, or it is damaged."""


class InPlace:
    """Slots whose images start as they are."""

    def unpack(self, *_: object) -> None:
        """Nothing."""

    require_room = unpack
