"""One P-256 signature verified: by our code, which MicroPython uses, and by `cryptography`, which CPython uses.

On MicroPython there is nothing to compare with: the table shows our figure only.
"""

import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench import peers
from bench.figures import Outcome, Row
from bench.place import ROOT
from bench.processes import run
from bench.stage import Stage
from fota.trust import _signature_cpython, p256

NAME = "verify"
AIM = "figures"
_MESSAGE = b"what is signed of a release: some two hundred bytes".ljust(200)
_WITHIN_S = 60.0
# It imports nothing of ours but the module itself: a board has no more.
_ON_MICROPYTHON = """
import sys, time
sys.path.insert(0, {source!r})
from fota.trust import p256
signed = ({key!r}, {message!r}, {signature!r})
assert p256.verify(*signed)
for _ in range({rounds}):
    began = time.ticks_us()
    for _ in range({calls}):
        p256.verify(*signed)
    print(time.ticks_diff(time.ticks_us(), began) / {calls} / 1000)
"""

Signed = tuple[bytes, bytes, bytes]
"""Public key, message, signature."""


def measure(stage: Stage) -> Outcome:
    """Run them in turn; each figure is the mean of a few calls."""
    rounds, calls = stage.pick(7, 1), stage.pick(50, 2)
    signed = _signed()
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_milliseconds(p256.verify, signed, calls))
        theirs.append(_milliseconds(_signature_cpython.verify, signed, calls * 10))
    on_micropython = tuple(_on_micropython(signed, rounds, calls))
    return Outcome(
        NAME,
        "the package cryptography (OpenSSL's assembler)",
        AIM,
        (
            Row("p256.py on CPython", "ms", tuple(ours), tuple(theirs)),
            Row("p256.py on MicroPython", "ms", on_micropython),
        ),
    )


def _signed() -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    r, s = utils.decode_dss_signature(key.sign(_MESSAGE, ec.ECDSA(SHA256())))
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return public, _MESSAGE, r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _milliseconds(verify: Callable[[bytes, bytes, bytes], bool], signed: Signed, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        if not verify(*signed):
            raise AssertionError("a good signature is refused")
    return (time.perf_counter() - began) / calls * 1000


def _on_micropython(signed: Signed, rounds: int, calls: int) -> list[float]:
    key, message, signature = signed
    source = str(ROOT / "src")
    program = _ON_MICROPYTHON.format(
        source=source, key=key, message=message, signature=signature, rounds=rounds, calls=calls
    )
    return [float(line) for line in run([peers.micropython(), "-c", program], within_s=_WITHIN_S).output.split()]
