"""Holds an adapter against clauses of the contract: `python -m peers.adapters.hold over_awscrt 1 2 3`.

Prints the clauses that were left out; ends with a traceback at the first one that is broken.
"""

import importlib
import sys

from aws.iot.mqtt import rules
from fota_testing.connection_contract import ConnectionTraits, check_connection

_GRANT_WITHIN_MS = 1_000


def main(name: str, clauses: list[int]) -> None:
    """Hold it. *Raises* AssertionError."""
    adapter = importlib.import_module(f"peers.adapters.{name}")
    # The contract wants the bound to be kept, however short it is.
    rules.GRANT_WITHIN_MS = _GRANT_WITHIN_MS

    def make(endpoint: str, authorities: str) -> "object":
        host, _, port = endpoint.partition(":")
        return adapter.from_authorities(host, int(port), "device-1", authorities)

    traits = ConnectionTraits(
        granted_within_ms=_GRANT_WITHIN_MS, drops_forbidden=False, marks_repeated=False, minds_aws=False
    )
    print("\n".join(check_connection(make, traits, clauses=clauses)))  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1], [int(word) for word in sys.argv[2:]] or list(range(1, 11)))
