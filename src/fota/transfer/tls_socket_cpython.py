"""A TLS socket that leaves no descriptor behind when the connection is lost before it is made. CPython only."""

import errno
import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class TlsSocket(ssl.SSLSocket):
    """As in `ssl`, but closed when the peer has hung up before the handshake.

    `ssl` gives the descriptor of a plain socket to this object first and looks at it then: where that fails, nobody
    else has it.
    """

    def getpeername(self) -> "Any":
        """As in `ssl`. *Raises* ConnectionResetError, and closes the socket, if it has no peer any more."""
        try:
            return super().getpeername()
        except OSError as error:
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, "the peer has hung up") from error
