"""What is refused in an image unless the operator names it: files that cannot work there, and secrets.

Pure: it judges names and bytes. Leaves to others: reading the folder (`program_folder`).
"""

import re
import warnings
from pathlib import PurePosixPath

VERSION_CONTROL = frozenset({".bzr", ".git", ".hg", ".svn"})
"""Folders with the history of a program, which may hold what was removed from it."""

ENVIRONMENT_FILE = "pyvenv.cfg"
"""The file that marks the folder of a virtual environment (PEP 405)."""

_MACHINE_CODE = re.compile(r".*\.(so(\.\d+)*|pyd|dll|dylib)", re.IGNORECASE)
_SETTINGS = re.compile(r"\.env(\..+)?")
_EXAMPLES = (".example", ".sample", ".template")
_SECRET_NAMES = frozenset({".git-credentials", ".netrc", ".npmrc", ".pypirc", "_netrc"})
_KEY_STORES = (".jks", ".kdbx", ".keystore", ".p12", ".pfx")
_BODY = rb"(?:\r?\n|\\n)(?:[A-Za-z-]+: [^\n]*\n)*\s*[A-Za-z0-9+/=]{32}"
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY-----" + _BODY)
"""RFC 7468 and its forerunners: a line that names the key, old headers, and at least half a line of the key."""
_AWS_SECRET = re.compile(rb"aws_secret_access_key[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9/+]{40}\b", re.IGNORECASE)


def refusal(name: str, content: bytes, *, is_zipapp: bool) -> str | None:
    """Why the file with this path in an image is refused, as the end of a sentence that begins with it; or None.

    The sources are compiled with the Python that runs this.
    """
    file = PurePosixPath(name).name
    if is_zipapp and _MACHINE_CODE.fullmatch(file):
        return "is machine code, and Python imports none from a zipapp"
    if _is_secret_by_name(file):
        return "usually holds secrets, and every device and its S3 bucket would have them"
    if _PRIVATE_KEY.search(content):
        return "holds a private key, and every device and its S3 bucket would have it"
    if _AWS_SECRET.search(content):
        return "holds a secret access key of AWS, and every device and its S3 bucket would have it"
    return _syntax_error(name, content) if file.endswith(".py") else None


def _is_secret_by_name(file: str) -> bool:
    is_settings = _SETTINGS.fullmatch(file) is not None and not file.endswith(_EXAMPLES)
    return is_settings or file in _SECRET_NAMES or file.endswith(_KEY_STORES)


def _syntax_error(name: str, content: bytes) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(content, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"does not compile: line {error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"does not compile: {error or type(error).__name__}"
    return None
