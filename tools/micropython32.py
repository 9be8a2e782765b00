"""Gets a MicroPython of 32 bits, with sockets and TLS, into the folder `.micropython32` of this checkout.

A word of a microcontroller has 32 bits, and so its objects are half as large as those of the unix port of 64 bits.
This one is Debian 13's package for i386, unpacked beside its own C library: nothing of the machine is changed.
`apt-get` has a configuration, and lists, of its own here, and checks the signatures of Debian's archive.
Leaves to others: what runs on it (`test_on_micropython32`).
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".micropython32"
COMMAND = FOLDER / "micropython"

_SUITE = "trixie"
_MIRROR = "http://deb.debian.org/debian"
_PACKAGES = ("micropython", "libc6", "libffi8", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7")
_KEYRINGS = Path("/usr/share/keyrings")
_TIMEOUT_S = 600

_START = """#!/bin/sh
# MicroPython of 32 bits, with the libraries that were unpacked beside it, and with the module `ssl`.
here={folder}
export MICROPYPATH="${{MICROPYPATH:+$MICROPYPATH:}}.frozen:$here/lib"
exec "$here/root/usr/lib/i386-linux-gnu/ld-linux.so.2" --library-path "$here/root/usr/lib/i386-linux-gnu" \\
    "$here/root/usr/bin/micropython" "$@"
"""

_SSL = '''"""The firmware of a board has this module; Debian's build has only `tls`, which it stands on."""

import tls
from tls import CERT_NONE, CERT_REQUIRED, PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER


class SSLContext:
    def __init__(self, *protocol):
        self._context = tls.SSLContext(*protocol)
        self._context.verify_mode = CERT_NONE

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._context.verify_mode = mode

    def load_cert_chain(self, certfile, keyfile):
        self._context.load_cert_chain(certfile, keyfile)

    def load_verify_locations(self, cafile=None, cadata=None):
        if cafile:
            with open(cafile, "rb") as file:
                cadata = file.read()
        self._context.load_verify_locations(cadata)

    def wrap_socket(self, sock, **options):
        return self._context.wrap_socket(sock, **options)
'''

_APT = """
APT::Architecture "i386";
APT::Architectures {{ "i386"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir "{folder}";
Dir::State "{folder}/state";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
Dir::Etc::Main "{folder}/none";
Dir::Etc::Parts "{folder}/parts";
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "{folder}/parts";
Dir::Etc::Preferences "{folder}/none";
Dir::Etc::PreferencesParts "{folder}/parts";
Dir::Etc::Trusted "{folder}/none";
Dir::Etc::TrustedParts "{folder}/parts";
"""


class Unavailable(Exception):
    """This machine cannot have it: one line that says what is missing, and the remedy."""


def installed() -> Path:
    """The command of the interpreter, which is got unless it is there. *Blocks* for seconds. *Raises* Unavailable."""
    if _version() is None:
        _require_machine()
        shutil.rmtree(FOLDER, ignore_errors=True)
        _unpack(FOLDER / "apt", FOLDER / "root")
        shutil.rmtree(FOLDER / "apt")
        (FOLDER / "lib").mkdir()
        (FOLDER / "lib" / "ssl.py").write_text(_SSL, encoding="utf-8")
        COMMAND.write_text(_START.format(folder=FOLDER), encoding="utf-8")
        COMMAND.chmod(0o755)
        if _version() is None:
            raise Unavailable(f"{COMMAND} does not start: does the kernel of this machine run programs of 32 bits?")
    return COMMAND


def _version() -> "str | None":
    """What the interpreter says of itself; None if it is not there, or does not start."""
    script = "import sys, ssl; print('%d.%d.%d' % sys.implementation[1][:3], sys.maxsize)"
    try:
        done = subprocess.run(  # noqa: S603 - our own
            [COMMAND, "-c", script], capture_output=True, text=True, check=False, timeout=60
        )
    except OSError:
        return None
    version, _, largest = done.stdout.strip().partition(" ")
    return version if largest == str(2**31 - 1) else None


def _require_machine() -> None:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Unavailable(
            f"it runs on Linux on x86_64, and this is {sys.platform} on {platform.machine()}: use another"
        )
    for command in ("apt-get", "dpkg-deb"):
        if shutil.which(command) is None:
            raise Unavailable(f"the command {command} is missing: run this on Debian or Ubuntu")
    if not _keyring().exists():
        raise Unavailable(f"{_keyring()} is missing: install Debian's package debian-archive-keyring")


def _keyring() -> Path:
    return _KEYRINGS / "debian-archive-keyring.gpg"


def _unpack(apt: Path, root: Path) -> None:
    for folder in ("state/lists/partial", "cache/archives/partial", "parts"):
        (apt / folder).mkdir(parents=True)
    (apt / "state/status").touch()
    (apt / "apt.conf").write_text(_APT.format(folder=apt), encoding="utf-8")
    source = f"deb [arch=i386 signed-by={_keyring()}] {_MIRROR} {_SUITE} main\n"
    (apt / "sources.list").write_text(source, encoding="utf-8")
    _run(apt, "apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update")
    _run(apt, "apt-get", "-qq", "download", *_PACKAGES)
    for package in sorted(apt.glob("*.deb")):
        _run(apt, "dpkg-deb", "--extract", str(package), str(root))


def _run(apt: Path, *command: str) -> None:
    environment = os.environ | {"APT_CONFIG": str(apt / "apt.conf"), "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - from this file
            command, cwd=apt, env=environment, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} did not end in {_TIMEOUT_S} s: is {_MIRROR} within reach?") from None
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
        said = errors[0] if errors else f"status {done.returncode}"
        raise Unavailable(f"{' '.join(command[:1])}: {said.removeprefix('E: ')}: is {_MIRROR} within reach?")


def main() -> int:
    """The command: says where the interpreter is. Exit status: 0, or 1 if it cannot be had."""
    try:
        sys.stdout.write(f"{installed()} {_version()}\n")
    except Unavailable as error:
        sys.stderr.write(f"MicroPython of 32 bits cannot be had: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
