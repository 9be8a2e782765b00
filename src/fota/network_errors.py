"""Which errors are of the network, and so say nothing of the image that meets them.

Its other half is `_network_errors_cpython` or `_network_errors_micropython`.
"""

from fota.machine import INTERPRETER

TYPE_CHECKING = False
if TYPE_CHECKING or INTERPRETER == "cpython":
    from fota._network_errors_cpython import CLOCK, NAMES, is_of_the_network
else:
    from fota._network_errors_micropython import is_of_the_network

__all__ = ("CLOCK", "NAMES", "is_of_the_network")
