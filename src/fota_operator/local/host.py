"""The name by which devices on the bench reach this machine: which addresses it means here."""

import ipaddress
import socket

from fota_operator.errors import BadInput

LOOPBACK = "127.0.0.1"
_REMEDY = "`hostname -I` shows the addresses of this machine"


def addresses_of(host: str) -> tuple[str, ...]:
    """The IPv4 addresses of this machine that a name or an address means. *Raises* BadInput if there are none."""
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadInput(
            f"`host`: expected a name or an IPv4 address of this machine, got {host!r}", _REMEDY
        ) from error
    addresses = tuple(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        if ipaddress.ip_address(address).is_unspecified or not _is_ours(address):
            means = address if address == host else f"{host}, which is {address}"
            raise BadInput(f"`host`: expected a name or an address of this machine, got {means}", _REMEDY)
    return addresses


def only_this_machine_reaches(addresses: tuple[str, ...]) -> bool:
    """Whether none of them can be reached from the network, as where a name means 127.0.1.1."""
    return all(ipaddress.ip_address(one).is_loopback for one in addresses)


def _is_ours(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
