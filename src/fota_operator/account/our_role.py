"""A role that `fota bootstrap` makes: how to make it, and to let it do one thing by a policy inside it.

Leaves to others: which roles these are, and whom they trust (`presign_role`, `catalog`, `notify`).
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fota_operator.account.names import OUR_MARK
from fota_operator.account.pieces import RIGHT, Absent, Look, differs, looking, missing
from fota_operator.account.policies import Document
from fota_operator.account.policy_differences import policy_differences
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IAM_NOT_FOUND, CloudRefused

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import TagTypeDef


@dataclass(frozen=True)
class Account:
    """The account that the pieces are made in."""

    cloud: Cloud
    partition: str
    account_id: str

    @property
    def tags(self) -> "list[TagTypeDef]":
        """The tags that mark what we made."""
        return [{"Key": OUR_MARK[0], "Value": OUR_MARK[1]}]


@dataclass(frozen=True)
class OurRole:
    """A role by its name. `lets` is what its policy lets it do, in words: "write shadows"."""

    account: Account
    name: str
    lets: str

    def make(self, trust: object, description: str) -> None:
        """Make it, or change whom it trusts if it is there. *Raises* CloudRefused."""
        iam, document = self.account.cloud.iam, json.dumps(trust)
        try:
            with explaining(f"make the role {self.name}"):
                iam.create_role(
                    RoleName=self.name,
                    AssumeRolePolicyDocument=document,
                    Description=description,
                    Tags=self.account.tags,
                )
        except CloudRefused as error:
            if error.code != "EntityAlreadyExists":
                raise
            with explaining(f"change whom the role {self.name} trusts"):
                iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=document)

    def look_at(self, policy: str, wanted: Document) -> Look:
        """Whether its policy of that name is as it should be. *Raises* CloudRefused."""
        try:
            with looking(f"the permissions of the role {self.name}", IAM_NOT_FOUND):
                # boto3 decodes this policy to a dictionary, whatever its type hints say.
                found: object = self.account.cloud.iam.get_role_policy(RoleName=self.name, PolicyName=policy)[
                    "PolicyDocument"
                ]
        except Absent:
            return missing(f"nothing of ours lets it {self.lets}")
        return RIGHT if found == wanted else differs(policy_differences(found, wanted))

    def let(self, policy: str, wanted: Document) -> None:
        """Write its policy of that name. *Raises* CloudRefused."""
        with explaining(f"let the role {self.name} {self.lets}"):
            self.account.cloud.iam.put_role_policy(
                RoleName=self.name, PolicyName=policy, PolicyDocument=json.dumps(wanted)
            )
