"""Prepares an account for its first rollout: looks at each piece, and makes or changes only what is not right.

It looks at everything before it makes anything, and running it again is harmless. It deletes nothing, except the
oldest version of a policy of ours that already has as many versions as AWS keeps, and what `no_notify` names.
Leaves to others: the pieces (`bucket`, `presign_role`, `grants`, `catalog`, `fleet_index`, `notify`).
"""

from dataclasses import dataclass

from fota_operator.account.bucket import bucket_key, bucket_pieces
from fota_operator.account.catalog import catalog_pieces
from fota_operator.account.fleet_index import index_piece
from fota_operator.account.grants import device_policy_piece, operator_policy_piece
from fota_operator.account.names import PRESIGN_ROLE, default_bucket
from fota_operator.account.notify import NoticePieces
from fota_operator.account.our_role import Account
from fota_operator.account.pieces import Found, Piece
from fota_operator.account.policies import Scope
from fota_operator.account.presign_role import role_pieces
from fota_operator.account.subscriber import parse_subscriber
from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput
from fota_operator.trust.kms import kms_public_key

TO_MAKE = ("missing", "differs")
"""How a piece was found that is to be made or changed."""


@dataclass(frozen=True)
class BootstrapRequest:
    """Names to use instead of the defaults; `key` is a KMS key for operators to sign with (id, ARN or alias).

    `index`: extend the index of the fleet, for which AWS charges. `catalog`: let AWS IoT Jobs write package versions.
    `notify`: who is to be told of rollouts from now on, see `subscriber`; `no_notify`: nobody any more.
    """

    bucket: str | None = None
    role: str = PRESIGN_ROLE
    key: str | None = None
    index: bool = True
    catalog: bool = True
    notify: str | None = None
    no_notify: bool = False


@dataclass(frozen=True)
class Outcome:
    """One piece: how it was found, why that was wrong, and whether it was corrected. `text`: how it should be."""

    subject: str
    found: Found
    text: str
    why: str
    changed: bool


def bootstrap(
    cloud: Cloud, request: BootstrapRequest = BootstrapRequest(), *, dry_run: bool = False
) -> tuple[Outcome, ...]:
    """Make what is missing and change what differs. With `dry_run`, only look.

    *Raises* BadInput, AlreadyThere if one of the names is taken and not ours, KeyUnusable, NotFound, CloudRefused,
    CloudUnreachable. What was made before the error stays, and running this again goes on from there.
    """
    looks = [(piece, piece.look()) for piece in _pieces(cloud, request)]
    outcomes = []
    for piece, look in looks:
        change = look.found in TO_MAKE and not dry_run
        if change:
            piece.make()
        outcomes.append(Outcome(piece.subject, look.found, piece.text, look.why, changed=change))
    return tuple(outcomes)


def _pieces(cloud: Cloud, request: BootstrapRequest) -> tuple[Piece, ...]:
    if request.notify is not None and request.no_notify:
        raise BadInput(
            "`notify`: expected nobody together with `no_notify`, got somebody", "leave one of the two out"
        )
    subscriber = None if request.notify is None else parse_subscriber(request.notify)
    account = Account(cloud, cloud.partition, cloud.account_id)
    notices = NoticePieces(account)
    bucket = request.bucket or default_bucket(cloud)
    of_bucket = bucket_pieces(cloud, bucket)
    image_key = bucket_key(cloud, bucket)
    scope = Scope(
        buckets=frozenset({f"arn:{account.partition}:s3:::{bucket}"}),
        roles=frozenset({f"arn:{account.partition}:iam::{account.account_id}:role/{request.role}"}),
        keys=frozenset() if request.key is None else frozenset({kms_public_key(cloud, request.key)[0]}),
        bucket_keys=frozenset() if image_key is None else frozenset({image_key}),
    )
    return (
        *of_bucket,
        *role_pieces(account, request.role, bucket, image_key),
        device_policy_piece(account),
        operator_policy_piece(account, scope),
        *(catalog_pieces(account) if request.catalog else ()),
        *((index_piece(cloud),) if request.index else ()),
        *(() if subscriber is None else notices.pieces(subscriber)),
        *(notices.removal() if request.no_notify else ()),
    )
