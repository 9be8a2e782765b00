"""AWS out of order: operations refused, or done with the answer lost, where boto3 would send the request."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from fota_operator.cloud import Cloud


class BrokenAws:
    """AWS out of order: `broken("CreateJob", "ThrottlingException", times=3)`.

    With `after`, AWS does what it was asked and the answer is lost. The first `spare` requests are left alone.
    All around it is the real thing.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._clients = {"iot": cloud.iot, "iot-data-plane": cloud.iot_data, "s3": cloud.s3, "iam": cloud.iam}
        self._registered: list[tuple[str, str, Callable[..., None]]] = []

    def __call__(
        self, operation: str, code: str, *, times: int | None = None, after: bool = False, spare: int = 0
    ) -> None:
        left, spared = [times], [spare]

        def refuse(**_: object) -> None:
            if spared[0]:
                spared[0] -= 1
                return
            if left[0] is not None:
                if left[0] == 0:
                    return
                left[0] -= 1
            raise ClientError({"Error": {"Code": code, "Message": "refused by the test"}}, operation)

        for service, client in self._clients.items():
            event = f"{'after' if after else 'before'}-call.{service}.{operation}"
            client.meta.events.register(event, refuse)
            self._registered.append((service, event, refuse))

    def mend(self) -> None:
        for service, event, refuse in self._registered:
            self._clients[service].meta.events.unregister(event, refuse)
        self._registered.clear()
