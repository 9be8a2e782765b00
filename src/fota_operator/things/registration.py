"""Makes and attaches a thing's parts in AWS IoT (policy, thing, certificate), or detaches and removes them.

For each part that is made, a stack keeps the way to remove it, so that a failure half way leaves nothing.
Leaves to others: which things (`things`, `cleanup`) and their folders (`folder`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from fota_operator.account.names import DEVICE_SHADOW, MADE_AT, OUR_MARK
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_ALREADY_EXISTS, IOT_NOT_FOUND, AlreadyThere, CloudRefused, OperatorError

# The codes that AWS answers until a detachment, which takes some seconds, has taken effect.
_STILL_JOINED = ("DeleteConflictException", "InvalidRequestException")
_DETACH_TIMEOUT_S = 20.0
_DETACH_PAUSE_S = 1.0


@dataclass(frozen=True)
class Registration:
    """What AWS IoT is asked for."""

    policy_name: str
    policy_document: str
    signing_request_pem: str


@dataclass(frozen=True)
class Certificate:
    """What AWS IoT answers."""

    arn: str
    pem: bytes


class Undo:
    """How to take back what was made, last first."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.left_behind: list[str] = []

    def later(self, part: str, remove: Callable[[], object]) -> None:
        """If the whole is taken back, remove `part` by calling `remove`."""
        self._stack.callback(self._take_back, part, remove)

    def _take_back(self, part: str, remove: Callable[[], object]) -> None:
        try:
            remove()
        except OperatorError:
            # The rest is still taken back; what remains is reported at the end.
            self.left_behind.append(part)


@contextmanager
def taking_back_on_failure() -> Iterator[Undo]:
    """Give an `Undo` that takes everything back if the block fails in any way, and does nothing otherwise."""
    stack = ExitStack()
    undo = Undo(stack)
    try:
        with stack:
            yield undo
            stack.pop_all()
    except OperatorError as error:
        if undo.left_behind:
            raise OperatorError(
                f"{error.message}; and could not take back {', '.join(undo.left_behind)}",
                "remove what is left by hand",
            ) from error
        raise


def register(cloud: Cloud, name: str, wanted: Registration, undo: Undo) -> Certificate:
    """Make policy, thing and certificate, and attach them to each other. *Raises* AlreadyThere, CloudRefused."""
    _make_policy(cloud, wanted)
    undo.later(f"policy {wanted.policy_name}", lambda: delete_policy(cloud, wanted.policy_name))
    mark, value = OUR_MARK
    with explaining(f"register the thing {name}"):
        cloud.iot.create_thing(
            thingName=name, attributePayload={"attributes": {mark: value, MADE_AT: str(int(time.time()))}}
        )
    undo.later(f"thing {name}", lambda: delete_thing(cloud, name))
    with explaining(f"certify the key of {name}"):
        made = cloud.iot.create_certificate_from_csr(
            certificateSigningRequest=wanted.signing_request_pem, setAsActive=True
        )
    certificate = Certificate(arn=made["certificateArn"], pem=made["certificatePem"].encode())
    undo.later(f"certificate {certificate.arn}", lambda: delete_certificate(cloud, certificate.arn))
    with explaining(f"give {name} its policy"):
        cloud.iot.attach_policy(policyName=wanted.policy_name, target=certificate.arn)
    undo.later("its policy's attachment", lambda: detach_policy(cloud, wanted.policy_name, certificate.arn))
    with explaining(f"give {name} its certificate"):
        cloud.iot.attach_thing_principal(thingName=name, principal=certificate.arn)
    undo.later("its certificate's attachment", lambda: detach_certificate(cloud, name, certificate.arn))
    return certificate


def delete_shadow(cloud: Cloud, name: str) -> None:
    """Delete what a device said that it runs: AWS keeps a shadow when its thing is removed."""
    try:
        with explaining(f"delete the shadow {DEVICE_SHADOW} of {name}"):
            cloud.iot_data.delete_thing_shadow(thingName=name, shadowName=DEVICE_SHADOW)
    except CloudRefused as error:
        if error.code != IOT_NOT_FOUND:
            raise


def detach_certificate(cloud: Cloud, name: str, certificate_arn: str) -> None:
    """Detach a certificate from its thing."""
    with explaining(f"take its certificate from {name}"):
        cloud.iot.detach_thing_principal(thingName=name, principal=certificate_arn)


def detach_policy(cloud: Cloud, policy_name: str, certificate_arn: str) -> None:
    """Detach a policy from its certificate."""
    with explaining(f"detach the policy {policy_name}"):
        cloud.iot.detach_policy(policyName=policy_name, target=certificate_arn)


def delete_certificate(cloud: Cloud, certificate_arn: str) -> None:
    """Revoke a certificate for good: from now on no device can connect with it."""
    certificate_id = certificate_arn.rsplit("/", 1)[-1]
    with explaining(f"deactivate the certificate {certificate_id}"):
        cloud.iot.update_certificate(certificateId=certificate_id, newStatus="INACTIVE")
    _once_detached(
        f"delete the certificate {certificate_id}",
        lambda: cloud.iot.delete_certificate(certificateId=certificate_id),
    )


def delete_policy(cloud: Cloud, policy_name: str) -> None:
    """Delete a policy that nothing uses."""
    _once_detached(f"delete the policy {policy_name}", lambda: cloud.iot.delete_policy(policyName=policy_name))


def delete_thing(cloud: Cloud, name: str) -> None:
    """Delete a thing that has no certificate."""
    _once_detached(f"delete the thing {name}", lambda: cloud.iot.delete_thing(thingName=name))


def _make_policy(cloud: Cloud, wanted: Registration) -> None:
    try:
        with explaining(f"make the policy {wanted.policy_name}"):
            cloud.iot.create_policy(policyName=wanted.policy_name, policyDocument=wanted.policy_document)
    except CloudRefused as error:
        if error.code == IOT_ALREADY_EXISTS:
            raise AlreadyThere(
                f"there is a policy {wanted.policy_name} already",
                "choose another name for the thing, or delete that policy if nothing uses it",
            ) from error
        raise


def _once_detached(action: str, delete: Callable[[], object]) -> None:
    deadline = time.monotonic() + _DETACH_TIMEOUT_S
    while True:
        try:
            with explaining(action):
                delete()
        except CloudRefused as error:
            if error.code == IOT_NOT_FOUND:
                return
            if error.code not in _STILL_JOINED or time.monotonic() >= deadline:
                raise
            time.sleep(_DETACH_PAUSE_S)
        else:
            return
