"""The place between download and slot where a URL's bytes become an image. Today they are the same bytes.

A decoder, for images that are sent compressed or as a difference to the image that runs, goes here:

1. It is a sink (`fota.transfer.download.Sink`) made over another one, and hands on what it has decoded by `write`, in
   order, each byte once. What it hands on is what is hashed, written to the slot and read back.
2. It keeps no chunk: the buffer behind it is filled again. Its own memory is bounded, whatever is sent to it.
3. `restart` forgets what came, and restarts the sink behind it.
4. A checkpoint counts the bytes of the download, and they are read again from the slot. A decoder that changes the
   number of bytes must bring a checkpoint that holds both numbers and its own state, or let the download start over.
5. What cannot be decoded raises HashMismatch: the bytes that came are not the promised ones.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.transfer.download import Sink


def decoder(sink: "Sink") -> "Sink":
    """The sink that a download writes to, so that `sink` gets the image: `sink` itself, as nothing is encoded."""
    return sink
