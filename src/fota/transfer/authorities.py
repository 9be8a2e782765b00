"""The error for a file of trusted authorities that a download cannot use."""

from fota.errors import Unreachable, UntrustedServer
from fota.log import is_shortage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.errors import DownloadFailed


def not_trusting(cacert: "str | None", forms: str, error: Exception) -> "DownloadFailed":
    """The FotaError for a file of authorities that cannot be used, in one of the forms that are expected.

    Want of memory or of file descriptors is no fault of the file, and passes.
    """
    if is_shortage(error):
        return Unreachable("no memory or no file descriptor is free", cause=error)
    return UntrustedServer(f"{cacert}: expected certificates to trust, {forms}: {error.args[-1]}", cause=error)
