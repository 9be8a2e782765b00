"""What `fota doctor` says of the index of the fleet and of the Software Package Catalog.

Neither keeps a rollout from working: what is lacking makes `fota fleet` slower, or AWS's console know less.
Leaves to others: making them (`bootstrap`).
"""

from collections.abc import Iterator

from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding
from fota_operator.account.catalog import (
    NO_CATALOG,
    catalog_state,
    look_at_permissions,
    look_at_role,
)
from fota_operator.account.fleet_index import look_at_index
from fota_operator.account.names import CATALOG_ROLE
from fota_operator.account.our_role import Account
from fota_operator.cloud import Cloud, explaining

_INDEX = "index of the fleet"
_CATALOG = "software packages"
_REMEDY = "run `fota bootstrap`"


def index_findings(cloud: Cloud) -> Iterator[Finding]:
    """Whether the index holds what `fota fleet` reads, and whether it is built."""
    look = look_at_index(cloud)
    if look.found == "missing":
        yield Finding(_INDEX, WARNING, "it is off: what runs where is read thing by thing, which is slower", _REMEDY)
        return
    if look.found != "right":
        yield Finding(_INDEX, WARNING, look.why, _REMEDY)
    with explaining("look at the index of the fleet"):
        status = cloud.iot.describe_index(indexName="AWS_Things").get("indexStatus", "")
    if status != "ACTIVE":
        yield Finding(_INDEX, WARNING, f"AWS is still building it ({status})", "wait some minutes")
    elif look.found == "right":
        yield Finding(_INDEX, OK, "it holds the registry, connectivity and the shadows of devices")


def catalog_findings(cloud: Cloud) -> Iterator[Finding]:
    """Whether AWS IoT Jobs writes which version a thing has, and may do so."""
    account = Account(cloud, cloud.partition, cloud.account_id)
    state = catalog_state(cloud)
    if not state.available:
        yield Finding(_CATALOG, OK, NO_CATALOG)
        return
    if not state.enabled:
        text = "AWS IoT Jobs does not write which version a thing has: AWS's console does not show it"
        yield Finding(_CATALOG, WARNING, text, _REMEDY)
        return
    if not state.is_by(account):
        yield Finding(_CATALOG, OK, f"AWS IoT Jobs writes which version a thing has, by {state.role_arn}")
        return
    for subject, look in (
        (f"role {CATALOG_ROLE}", look_at_role(account)),
        (f"role {CATALOG_ROLE}, permissions", look_at_permissions(account)),
    ):
        if look.found != "right":
            yield Finding(subject, ERROR, look.why, _REMEDY)
            return
    yield Finding(_CATALOG, OK, "AWS IoT Jobs writes which version a thing has")
