"""The portable implementation on the interpreter it was written for: the same verdicts as everywhere."""

import tests.labs.p256_lab as lab
from tests.labs import p256_nist
from tests.labs.interpreter import installed, micropython
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("installed", "pytestmark")

_VERDICTS = """
import sys
from fota.trust import p256; from fota.trust import signature
import asked

for parts in asked.SIGNATURES:
    print(signature.verify_p256(*parts), p256.verify(*parts))
for key in asked.KEYS:
    print(p256.point_of(key) is not None)
print(sys.implementation.name)
"""


def verdicts_there(folder, signatures, keys=()):
    """What is said there of each signature by the door and by `p256`, and of each key; then who says it."""
    (folder / "asked.py").write_text(f"SIGNATURES = {signatures!r}\nKEYS = {keys!r}\n")
    return micropython(_VERDICTS, folder=folder).splitlines()


def test_nist_s_vectors(installed):
    cases = [*p256_nist.nist_signatures("SigVer.rsp"), *p256_nist.nist_signatures("SigGen.rsp")]
    keys = list(p256_nist.nist_keys())
    assert verdicts_there(installed, [tuple(case)[:3] for case in cases], [key for key, _ in keys]) == [
        *(f"{case.holds} {case.holds}" for case in cases),
        *(str(is_key) for _, is_key in keys),
        "micropython",
    ]


def test_the_cases_of_our_own(installed):
    keys = [*lab.GOOD_KEYS.values(), *lab.BAD_KEYS.values()]
    assert verdicts_there(installed, [tuple(case)[:3] for case in lab.CASES.values()], keys) == [
        *(f"{case.holds} {case.holds}" for case in lab.CASES.values()),
        *["True"] * len(lab.GOOD_KEYS),
        *["False"] * len(lab.BAD_KEYS),
        "micropython",
    ]


def test_what_is_not_bytes(installed):
    right = (lab.KEY, lab.MESSAGE, lab.SIGNATURE)
    odd = (None, True, 0, "", "text", [4] * 65, bytearray(64))
    asked = [(*right[:place], thing, *right[place + 1 :]) for place in range(3) for thing in odd]
    assert verdicts_there(installed, asked) == ["False False"] * len(asked) + ["micropython"]
