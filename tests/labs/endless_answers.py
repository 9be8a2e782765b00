"""Answers without an end of their own, and heads behind interim ones, for the clients of both interpreters."""

CONTENT = bytes(range(250)) * 4
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%s\r\n" % (len(CONTENT), CONTENT)

_PIECES = 4_000
"""With pieces of 16 KiB this is 64 MB: an end for a client that has none."""


def without_end(beginning, piece):
    """A beginning, and then the same piece as fast as the client takes it."""
    block = piece * (16_384 // len(piece))

    def answer(visit):
        visit.send(beginning)
        for _ in range(_PIECES):
            visit.send(block)

    return answer


def dripping(beginning, piece, pause_s=0.05):
    """A beginning, and then the piece, a byte after each pause, again and again for ten seconds."""

    def answer(visit):
        visit.send(beginning)
        for turn in range(int(10 / pause_s)):
            visit.send(piece[turn % len(piece) :][:1])
            visit.pause(pause_s)

    return answer


INTERIM = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "102 and 103": b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
    "103 three times": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3,
}

FLOODS = {
    "100 without end": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 without end": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "field without end": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "line without end": (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
}
"""Heads that never end."""

FLOODS_OF_BODY = {
    "trailers without end": (CHUNKED + CHUNK + b"0\r\n", b"X: y\r\n"),
    "chunk extension without end": (CHUNKED + b"1;", b"x"),
    "chunks of one byte in long lines": (CHUNKED, b"1;" + b"x" * 4_000 + b"\r\ny\r\n"),
}
"""Bodies that are next to nothing but their frame."""
