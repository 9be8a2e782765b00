"""Bootstrap and doctor on the index of the fleet and the package catalog: they add, and take nothing away."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fota_boot.doctor.findings import Finding
from fota_operator.account.bootstrap import BootstrapRequest, Outcome, bootstrap
from fota_operator.account.catalog import catalog_pieces
from fota_operator.account.doctor import examine
from fota_operator.account.doctor_fleet import catalog_findings, index_findings
from fota_operator.account.fleet_index import SHADOWS, extended, index_piece, judge_index
from fota_operator.account.names import CATALOG_ROLE
from fota_operator.account.our_role import Account
from fota_operator.account.roles import TRUST_IOT
from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere, CloudRefused
from fota_operator.local.aws import LocalAws
from tests.labs.accounts import OPERATOR_ARN, as_new_user, asking, new_request
from tests.labs.faked_operations import FakedOperations
from tests.labs.fota_command import FotaCommand
from tests.labs.strict_catalog import StrictCatalog
from tests.labs.strict_fleet import StrictFleet

ROLE_ARN = f"arn:aws:iam::000000000000:role/{CATALOG_ROLE}"
WHOLE: dict[str, Any] = {
    "thingIndexingMode": "REGISTRY",
    "thingConnectivityIndexingMode": "STATUS",
    "namedShadowIndexingMode": "ON",
    "filter": {"namedShadowNames": list(SHADOWS)},
}
OF_OTHERS: dict[str, Any] = {
    "thingIndexingMode": "REGISTRY_AND_SHADOW",
    "deviceDefenderIndexingMode": "VIOLATIONS",
    "namedShadowIndexingMode": "ON",
    "customFields": [{"name": "attributes.floor", "type": "Number"}],
    "managedFields": [{"name": "thingName", "type": "String"}],
    "filter": {
        "namedShadowNames": ["theirs"],
        "geoLocations": [{"name": "shadow.reported.at", "order": "LatLon"}],
        "connectivity": {"includeSocketInformation": ["GET_THING_CONNECTIVITY_DATA"]},
    },
}


@pytest.fixture
def strict() -> Iterator[StrictFleet]:
    fleet = StrictFleet()
    yield fleet
    fleet.operations.close()


def test_an_index_that_is_off_is_turned_on(strict: StrictFleet) -> None:
    piece = index_piece(strict.cloud)
    assert (piece.look().found, piece.look().why) == ("missing", "the index is off")
    piece.make()
    assert strict.indexing == WHOLE
    assert piece.look().found == "right"


def test_what_others_index_stays_and_what_was_is_said(strict: StrictFleet) -> None:
    strict.indexing = dict(OF_OTHERS)
    piece = index_piece(strict.cloud)
    assert (piece.look().found, piece.look().why) == (
        "differs",
        "it held the registry with classic shadows and shadows theirs, without connectivity and the shadow fota and "
        "the shadow $package",
    )
    piece.make()
    kept = {name: value for name, value in strict.indexing.items() if name in OF_OTHERS and name != "filter"}
    assert kept == {name: value for name, value in OF_OTHERS.items() if name not in ("filter", "managedFields")}
    assert strict.indexing["filter"] == OF_OTHERS["filter"] | {"namedShadowNames": ["theirs", *SHADOWS]}
    assert strict.indexing["thingConnectivityIndexingMode"] == "STATUS"


def test_nothing_is_sent_to_an_index_that_is_right(strict: StrictFleet) -> None:
    strict.indexing = {**OF_OTHERS, **WHOLE, "filter": {"namedShadowNames": [*SHADOWS, "theirs"]}}
    assert index_piece(strict.cloud).look().found == "right"
    assert strict.operations.calls["UpdateIndexingConfiguration"] == 0


@pytest.mark.parametrize("name", ["thingConnectivityIndexingMode", "namedShadowIndexingMode", "filter"])
def test_each_lack_is_seen(name: str) -> None:
    lacking = {key: value for key, value in WHOLE.items() if key != name}
    assert judge_index(lacking).found == "differs"  # type: ignore[arg-type]
    assert extended(lacking) == WHOLE  # type: ignore[arg-type]


def test_an_index_with_as_many_shadows_as_aws_allows_is_left_as_it_is(strict: StrictFleet) -> None:
    strict.indexing = WHOLE | {"filter": {"namedShadowNames": [f"theirs-{number}" for number in range(10)]}}
    with pytest.raises(CloudRefused, match="could not extend the index of the fleet: LimitExceededException"):
        index_piece(strict.cloud).make()
    assert len(strict.indexing["filter"]["namedShadowNames"]) == 10


def told(findings: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in findings]


def test_the_doctor_tells_how_the_index_is(strict: StrictFleet) -> None:
    assert told(index_findings(strict.cloud))[0][0] == "warning"
    index_piece(strict.cloud).make()
    assert told(index_findings(strict.cloud)) == [("warning", "AWS is still building it (BUILDING)")]
    strict.index_status = "ACTIVE"
    assert told(index_findings(strict.cloud))[0][0] == "ok"
    strict.indexing["namedShadowIndexingMode"] = "OFF"
    assert told(index_findings(strict.cloud)) == [
        ("warning", "it held the registry and no named shadow, without the shadow fota and the shadow $package")
    ]


@pytest.fixture
def catalog(cloud: Cloud) -> Iterator[StrictCatalog]:
    """The local AWS, with a catalog."""
    catalog = StrictCatalog("arn:aws:iot:us-east-1:000000000000")
    operations = FakedOperations(cloud, catalog.operations())
    yield catalog
    operations.close()


@pytest.fixture
def account(cloud: Cloud) -> Account:
    return Account(cloud, cloud.partition, cloud.account_id)


@pytest.fixture
def _no_role(cloud: Cloud) -> None:
    for name in cloud.iam.list_roles()["Roles"]:
        if name["RoleName"] == CATALOG_ROLE:
            for policy in cloud.iam.list_role_policies(RoleName=CATALOG_ROLE)["PolicyNames"]:
                cloud.iam.delete_role_policy(RoleName=CATALOG_ROLE, PolicyName=policy)
            cloud.iam.delete_role(RoleName=CATALOG_ROLE)


@pytest.mark.e2e
@pytest.mark.usefixtures("_no_role")
def test_the_role_of_the_catalog_is_made_and_used(cloud: Cloud, account: Account, catalog: StrictCatalog) -> None:
    pieces = catalog_pieces(account)
    assert [one.look().found for one in pieces] == ["missing"] * 3
    for one in pieces:
        one.make()
    assert [one.look().found for one in catalog_pieces(account)] == ["right"] * 3
    assert catalog.configuration == {"enabled": True, "roleArn": ROLE_ARN}
    assert told(catalog_findings(cloud)) == [("ok", "AWS IoT Jobs writes which version a thing has")]
    cloud.iam.delete_role_policy(RoleName=CATALOG_ROLE, PolicyName="fota-package-shadow")
    assert told(catalog_findings(cloud))[0][0] == "error"


@pytest.mark.e2e
@pytest.mark.usefixtures("_no_role")
def test_the_catalog_of_others_keeps_its_role(cloud: Cloud, account: Account, catalog: StrictCatalog) -> None:
    theirs = {"enabled": True, "roleArn": "arn:aws:iam::000000000000:role/theirs"}
    catalog.configuration = dict(theirs)
    (piece,) = catalog_pieces(account)
    assert piece.look().found == "right"
    assert "by arn:aws:iam::000000000000:role/theirs" in told(catalog_findings(cloud))[0][1]
    assert catalog.configuration == theirs


@pytest.mark.e2e
@pytest.mark.usefixtures("_no_role")
def test_a_role_of_that_name_that_is_not_ours_is_left_alone(
    cloud: Cloud, account: Account, catalog: StrictCatalog
) -> None:
    trust = json.dumps(TRUST_IOT).replace("iot.amazonaws.com", "ec2.amazonaws.com")
    cloud.iam.create_role(RoleName=CATALOG_ROLE, AssumeRolePolicyDocument=trust)
    with pytest.raises(AlreadyThere, match="not ours to change"):
        catalog_pieces(account)[0].look()


def outcome(outcomes: tuple[Outcome, ...], subject: str) -> Outcome:
    (one,) = [one for one in outcomes if one.subject == subject]
    return one


@pytest.mark.e2e
def test_where_there_is_no_catalog_bootstrap_says_so_and_goes_on(cloud: Cloud, fota: FotaCommand) -> None:
    request = new_request()
    made = outcome(bootstrap(cloud, request), "software packages")
    assert (made.found, made.changed) == ("unavailable", False)
    said = fota("bootstrap", "--bucket", request.bucket, "--role", request.role).stdout
    assert "not here" in said
    assert "this AWS has no Software Package Catalog: rollouts go on without it" in " ".join(said.split())


@pytest.mark.e2e
def test_a_dry_run_says_what_the_index_would_get(cloud: Cloud) -> None:
    before = cloud.iot.get_indexing_configuration()["thingIndexingConfiguration"]
    try:
        cloud.iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"})
        found = outcome(bootstrap(cloud, new_request(), dry_run=True), "index of the fleet")
        assert (found.found, found.changed) == ("differs", False)
        assert found.why.startswith("it held the registry and no named shadow, without connectivity")
        assert "namedShadowIndexingMode" not in cloud.iot.get_indexing_configuration()["thingIndexingConfiguration"]
    finally:
        cloud.iot.update_indexing_configuration(
            thingIndexingConfiguration={"thingIndexingMode": before["thingIndexingMode"]}
        )


@pytest.mark.e2e
def test_the_index_and_the_catalog_can_be_left_out(cloud: Cloud) -> None:
    request = new_request()
    without = BootstrapRequest(request.bucket, request.role, index=False, catalog=False)
    subjects = {one.subject for one in bootstrap(cloud, without, dry_run=True)}
    assert not subjects & {"index of the fleet", "software packages"}


@pytest.mark.e2e
@pytest.mark.usefixtures("_no_role")
def test_an_operator_may_look_at_both(
    cloud: Cloud, local_aws: LocalAws, catalog: StrictCatalog, account: Account
) -> None:
    request = new_request()
    bootstrap(cloud, request)
    # The local AWS judges a look at the index on another resource than AWS does.
    operator = as_new_user(cloud, local_aws, OPERATOR_ARN, allowed=("iot:DescribeIndex",))
    answers = FakedOperations(operator, catalog.operations())
    unknown = [one.as_line() for one in examine(operator, asking(request)) if "not known" in one.text]
    answers.close()
    assert [line for line in unknown if "index" in line or "packages" in line or CATALOG_ROLE in line] == []
