"""What an account needs before its first rollout: looked at piece by piece, and only what is not right made so.

Everything is looked at before anything is made, and running it again is harmless. Nothing is deleted, but for the
oldest version of a policy of ours that has as many as AWS keeps.
Leaves to others: the pieces (`bucket`, `presign_role`, `grants`).
"""

from dataclasses import dataclass

from fota_operator.account.bucket import bucket_pieces
from fota_operator.account.grants import device_policy_piece, operator_policy_piece
from fota_operator.account.names import PRESIGN_ROLE, default_bucket
from fota_operator.account.pieces import Found, Piece
from fota_operator.account.policies import Scope
from fota_operator.account.presign_role import Account, role_pieces
from fota_operator.cloud import Cloud
from fota_operator.trust.kms import kms_public_key


@dataclass(frozen=True)
class BootstrapRequest:
    """Names that are not the default ones; `key` is one of KMS that operators shall sign with (id, ARN or alias)."""

    bucket: str | None = None
    role: str = PRESIGN_ROLE
    key: str | None = None


@dataclass(frozen=True)
class Outcome:
    """One piece: as it was found, why that was not right, and whether it was made so. `text` is what it should be."""

    subject: str
    found: Found
    text: str
    why: str
    changed: bool


def bootstrap(
    cloud: Cloud, request: BootstrapRequest = BootstrapRequest(), *, dry_run: bool = False
) -> tuple[Outcome, ...]:
    """Make what is missing and change what differs. With `dry_run`, only look.

    *Raises* BadInput, AlreadyThere for what has such a name and is not ours, KeyUnusable, NotFound, CloudRefused,
    CloudUnreachable. What was made until then stays, and running this again goes on from there.
    """
    looks = [(piece, piece.look()) for piece in _pieces(cloud, request)]
    outcomes = []
    for piece, look in looks:
        change = look.found != "right" and not dry_run
        if change:
            piece.make()
        outcomes.append(Outcome(piece.subject, look.found, piece.text, look.why, changed=change))
    return tuple(outcomes)


def _pieces(cloud: Cloud, request: BootstrapRequest) -> tuple[Piece, ...]:
    account = Account(cloud, cloud.partition, cloud.account_id)
    bucket = request.bucket or default_bucket(cloud)
    scope = Scope(
        buckets=frozenset({f"arn:{account.partition}:s3:::{bucket}"}),
        roles=frozenset({f"arn:{account.partition}:iam::{account.account_id}:role/{request.role}"}),
        keys=frozenset() if request.key is None else frozenset({kms_public_key(cloud, request.key)[0]}),
    )
    return (
        *bucket_pieces(cloud, bucket),
        *role_pieces(account, request.role, bucket),
        device_policy_piece(account),
        operator_policy_piece(account, scope),
    )
