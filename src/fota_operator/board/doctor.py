"""Looks at a board over its REPL and says what matters for updates. It changes nothing there, but restarts it."""

from collections.abc import Iterator

from fota_boot.doctor.findings import Finding
from fota_operator.board.checks import findings_of
from fota_operator.board.facts import read_facts
from fota_operator.board.link import opened


def examine_board(port: str) -> Iterator[Finding]:
    """The findings. The program of the board is ended for it, and started again. *Raises* BoardFailed."""
    with opened(port) as link:
        facts = read_facts(link)
    yield from findings_of(facts)
