"""The records of a patch, decompressed as they are read: the half of this interpreter.

Its other half is `_inflate_cpython` or `_inflate_micropython`.
"""

from fota.machine import INTERPRETER

TYPE_CHECKING = False
if TYPE_CHECKING or INTERPRETER == "cpython":
    from fota.patch._inflate_cpython import Inflated
else:
    from fota.patch._inflate_micropython import Inflated

__all__ = ("Inflated",)
