"""The Software Package Catalog of an account: that AWS IoT Jobs may write which package version a thing has.

The role is ours; a configuration that somebody else made, with a role of theirs, stays. Not every AWS has a catalog.
Leaves to others: packages and their versions (`rollouts.aws.package`).
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/preparing-to-use-software-package-catalog.html
"""

from dataclasses import dataclass

from fota_operator.account.names import CATALOG_ROLE, CATALOG_SHADOW
from fota_operator.account.our_role import Account, OurRole
from fota_operator.account.pieces import RIGHT, Absent, Look, Piece, differs, looking, missing, unavailable
from fota_operator.account.policies import Document, catalog_policy
from fota_operator.account.policy_findings import iot_may_assume
from fota_operator.account.roles import TRUST_IOT
from fota_operator.cloud import Cloud, explaining, is_forbidden, is_passing
from fota_operator.errors import IAM_NOT_FOUND, AlreadyThere, CloudRefused

NO_CATALOG = "this AWS has no Software Package Catalog: rollouts go on without it"
_SUBJECT = "software packages"
_POLICY = "fota-package-shadow"


@dataclass(frozen=True)
class CatalogState:
    """Whether there is a catalog, whether Jobs writes the versions of things, and by which role."""

    available: bool
    enabled: bool = False
    role_arn: str = ""

    def is_by(self, account: Account) -> bool:
        """Whether the role is the one that `fota bootstrap` makes, or there is none."""
        return self.role_arn in ("", catalog_role_arn(account))


def catalog_role_arn(account: Account) -> str:
    """The role that `fota bootstrap` makes."""
    return f"arn:{account.partition}:iam::{account.account_id}:role/{CATALOG_ROLE}"


def catalog_state(cloud: Cloud) -> CatalogState:
    """Ask AWS. *Raises* CloudRefused if we may not ask, or while AWS has trouble; CloudUnreachable."""
    try:
        with looking("the configuration of software packages"):
            found = cloud.iot.get_package_configuration().get("versionUpdateByJobsConfig", {})
    except CloudRefused as error:
        if is_forbidden(error) or is_passing(error):
            raise
        # An AWS without a catalog knows no such operation, and each says so by another code.
        return CatalogState(available=False)
    return CatalogState(True, found.get("enabled", False), found.get("roleArn", ""))


def catalog_pieces(account: Account) -> tuple[Piece, ...]:
    """The role, what it may do, and that Jobs uses it; of a configuration of others, only that it is there."""
    state = catalog_state(account.cloud)
    if not state.available:
        return (Piece(_SUBJECT, "there is a catalog", lambda: unavailable(NO_CATALOG), lambda: None),)
    told = Piece(
        _SUBJECT,
        "AWS IoT Jobs writes which version a thing has",
        lambda: _configured(account),
        lambda: _configure(account),
    )
    if state.enabled and not state.is_by(account):
        return (told,)
    return (
        Piece(
            f"role {CATALOG_ROLE}",
            f"AWS IoT may assume it, to write the shadow {CATALOG_SHADOW}",
            lambda: look_at_role(account),
            lambda: _make_role(account),
        ),
        Piece(
            f"role {CATALOG_ROLE}, permissions",
            f"it may read and write the shadow {CATALOG_SHADOW} of things",
            lambda: look_at_permissions(account),
            lambda: _let_write(account),
        ),
        told,
    )


def look_at_role(account: Account) -> Look:
    """Whether AWS IoT may assume the role. *Raises* AlreadyThere for a role of that name that is not ours."""
    try:
        with looking(f"the role {CATALOG_ROLE}", IAM_NOT_FOUND):
            found = account.cloud.iam.get_role(RoleName=CATALOG_ROLE)["Role"]
    except Absent:
        return missing("there is no such role")
    # boto3 decodes this policy to a dictionary, whatever its type hints say.
    trust: object = found.get("AssumeRolePolicyDocument")
    if iot_may_assume(trust):
        return RIGHT
    if account.tags[0] not in found.get("Tags", []):
        raise AlreadyThere(f"the role {CATALOG_ROLE} is not ours to change", "rename it, or delete it")
    return differs("AWS IoT may not assume it")


def look_at_permissions(account: Account) -> Look:
    """Whether the role may write the shadow."""
    return _writer(account).look_at(_POLICY, _wanted(account))


def _writer(account: Account) -> OurRole:
    return OurRole(account, CATALOG_ROLE, f"write the shadow {CATALOG_SHADOW}")


def _make_role(account: Account) -> None:
    _writer(account).make(TRUST_IOT, "AWS IoT Jobs writes by it which package version a thing has")


def _let_write(account: Account) -> None:
    _writer(account).let(_POLICY, _wanted(account))


def _wanted(account: Account) -> Document:
    return catalog_policy(account.partition, account.account_id)


def _configured(account: Account) -> Look:
    state = catalog_state(account.cloud)
    if state.enabled and state.role_arn:
        return RIGHT
    return missing("AWS IoT Jobs does not write which version a thing has")


def _configure(account: Account) -> None:
    with explaining("let AWS IoT Jobs write which version a thing has"):
        account.cloud.iot.update_package_configuration(
            versionUpdateByJobsConfig={"enabled": True, "roleArn": catalog_role_arn(account)}
        )
