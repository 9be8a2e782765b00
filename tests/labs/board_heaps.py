"""The heaps in which a board of this word size makes an update of 1 MiB, by where its library is."""

from tests.labs.interpreter import IS_OF_32_BITS

ENOUGH_KIB = {"rom": 116, "files": 196} if IS_OF_32_BITS else {"rom": 100, "files": 148, "modules": 168}
"""More than the smallest heap that passes: where pieces lie is a matter of luck."""
