"""What an error of the operating system says of a file. For `_storage_cpython`."""

import errno

from fota.errors import NoSpace, StorageFailed

_NO_FILE = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENXIO,
    errno.ENODEV,
    errno.ESPIPE,
    errno.EINVAL,
)
_DAMAGED = (errno.EBADMSG, errno.EUCLEAN, errno.EILSEQ)


def is_no_file(error: OSError) -> bool:
    """Whether nothing of ours lies there, or its file system has found it damaged. Any other error may pass."""
    return error.errno in _NO_FILE + _DAMAGED


def storage_error(path: str, error: OSError) -> StorageFailed:
    """The FotaError for an error of the operating system."""
    kind = NoSpace if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else StorageFailed
    if error.errno == errno.ELOOP:
        return kind(f"{path}: is a symbolic link; nothing is read or written through one", cause=error)
    return kind(f"{path}: {error.strerror or error}", cause=error)
