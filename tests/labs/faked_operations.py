"""Answers chosen operations of a cloud in this process, where boto3 would send the request.

Requests are built by boto3, and both the request and the answer are held against botocore's model of the service.
An operation that is not answered goes to the real endpoint. Leaves to others: what is answered (`strict_fleet`).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from botocore import model as botocore_model
from botocore.exceptions import ClientError

from fota_operator.cloud import Cloud
from tests.labs.strict_model import AgainstTheModel, objections

# Any: what is asked and answered is JSON of many shapes, held against AWS's model.
Params = dict[str, Any]
Operation = Callable[[Params], Params]


class AwsRefuses(Exception):
    """The fake says no, with AWS's word for it."""

    def __init__(self, code: str, message: str = "refused by the strict fake") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class _Response:
    status_code = 200


class FakedOperations:
    """Operations by their names, `SearchIndex`; `calls` counts them. `refuse` makes one fail, a number of times."""

    def __init__(self, cloud: Cloud, operations: Mapping[str, Operation]) -> None:
        self.calls: Counter[str] = Counter()
        self.asked: list[tuple[str, Params]] = []
        self._refusals: dict[str, tuple[str, int]] = {}
        self._operations = operations
        self._local = threading.local()
        self._registered: list[tuple[Any, str, Any]] = []
        for client in (cloud.iot, cloud.iot_data):
            events, names = client.meta.events, client.meta.service_model.operation_names
            service = client.meta.service_model.service_id.hyphenize()
            for name in operations:
                if name in names:
                    self._register(events, f"before-parameter-build.{service}.{name}", self._keep)
                    self._register(events, f"before-call.{service}.{name}", self._answer)

    def refuse(self, operation: str, code: str, times: int = 1_000_000) -> None:
        """AWS answers that operation with an error from now on, that many times."""
        self._refusals[operation] = (code, times)

    def close(self) -> None:
        """Give the operations back."""
        for events, name, handler in self._registered:
            events.unregister(name, handler)

    def _register(self, events: Any, name: str, handler: Any) -> None:
        events.register(name, handler)
        self._registered.append((events, name, handler))

    def _keep(self, params: Params, **_: object) -> None:
        self._local.params = dict(params)

    def _answer(self, model: botocore_model.OperationModel, **_: object) -> tuple[_Response, Params]:
        name, params = model.name, self._local.params
        self.calls[name] += 1
        self.asked.append((name, params))
        try:
            self._may_refuse(name)
            answer = self._operations[name](params)
        except AwsRefuses as refusal:
            error = {"Error": {"Code": refusal.code, "Message": refusal.message}}
            raise ClientError(error, name) from refusal  # type: ignore[arg-type]
        shape = model.output_shape
        found = list(objections(shape, answer, name)) if shape is not None else []
        if found:
            raise AgainstTheModel("\n".join(found))
        return _Response(), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}

    def _may_refuse(self, name: str) -> None:
        code, left = self._refusals.get(name, ("", 0))
        if left > 0:
            self._refusals[name] = (code, left - 1)
            raise AwsRefuses(code)
