"""The same clients with paho alone: they exchange the same messages with AWS IoT Jobs as an update, and no more.

They connect, are notified of the job, ask for it, claim it, connect again as after the download, report that,
connect again as after the restart, ask, and report. There is no download, no disk, no checks.
"""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTMessage

from bench.programs.fleets import run_all
from bench.programs.paho_things import connected

_ANSWER_WITHIN_S = 60.0


class Conversation:
    """One client, over several connections."""

    def __init__(self, folder: str, _home: str) -> None:
        self._folder = folder
        self._thing = folder.rsplit("/", 1)[1]
        self._came = threading.Event()
        self._notified = threading.Event()
        self._answer: dict[str, Any] = {}
        self.outcome = ""
        self.at_s: dict[str, float] = {}
        self._client = self._connected()

    def _connected(self) -> Client:
        client = connected(self._folder)
        client.on_message = self._hear
        granted = threading.Event()
        client.on_subscribe = lambda *_: granted.set()
        client.loop_start()
        filters = ("notify-next", "get/accepted", "+/get/accepted", "+/update/accepted")
        client.subscribe([(self._topic(one), 1) for one in filters])
        if not granted.wait(_ANSWER_WITHIN_S):
            raise TimeoutError("paho: subscriptions not granted in time")
        return client

    def _topic(self, rest: str) -> str:
        return f"$aws/things/{self._thing}/jobs/{rest}"

    def _hear(self, _client: object, _userdata: object, message: MQTTMessage) -> None:
        if message.topic.endswith("notify-next"):
            self._notified.set()
        else:
            self._answer = json.loads(message.payload)
            self._came.set()

    def _ask(self, rest: str, request: dict[str, object]) -> dict[str, Any]:
        self._came.clear()
        self._client.publish(self._topic(rest), json.dumps(request), qos=1)
        if not self._came.wait(_ANSWER_WITHIN_S):
            raise TimeoutError("paho: no answer in time")
        return self._answer

    def _reconnect(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client = self._connected()

    def run(self, deadline: float) -> None:
        """Exchange all the messages."""
        if not self._notified.wait(deadline - time.monotonic()):
            return
        self._ask("get", {})
        execution = self._ask("$next/get", {"includeJobDocument": True})["execution"]
        job = execution["jobId"]

        def update(status: str) -> None:
            self._ask(f"{job}/update", {"status": status, "includeJobExecutionState": True})

        steps: tuple[Callable[[], object], ...] = (
            lambda: update("IN_PROGRESS"),
            self._reconnect,
            lambda: update("IN_PROGRESS"),
            self._reconnect,
            lambda: self._ask("get", {}),
            lambda: update("SUCCEEDED"),
        )
        for step in steps:
            step()
        self.at_s["ended"] = time.monotonic()
        self.outcome = "SUCCEEDED"
        self._client.disconnect()
        self._client.loop_stop()


if __name__ == "__main__":
    run_all(Conversation)
