"""Run by MicroPython: one connection, told over stdin what to do, one JSON object a line; see `Remote` in the lab.

A callback is told on stdout and answered on stdin; commands that come before the answer are carried out inside it.
"""

import gc
import json
import sys

from aws.iot.credentials import Credentials
from aws.iot.mqtt import _client_micropython as _mqtt_micropython
from aws.iot.mqtt import _link_micropython as _mqtt_link_micropython
from aws.iot.mqtt import rules
from fota import machine
from fota.errors import FotaError
from fota.transfer.backoff import Backoff

MODULES = {"link": _mqtt_link_micropython, "rules": rules}


def tell(**words):
    print(json.dumps(words))


def emit(event, facts):
    # The problem last, as the tests expect it: dictionaries keep no order there.
    names = sorted(facts, key=lambda name: (name == "problem", name))
    tell(log=" ".join([event] + [f"{name}={facts[name]}" for name in names]))


machine.emit = emit


def answer():
    """Carry out commands until one ends this; returns it."""
    while True:
        command = json.loads(sys.stdin.readline())
        if "returned" in command:
            return command["returned"]
        try:
            tell(result=carry_out(**command))
        except FotaError as error:
            tell(error=type(error).__name__, text=str(error))


def carry_out(name, arguments):
    if name == "make":
        return make(**arguments)
    if name == "set":
        return setattr(MODULES[arguments["module"]], arguments["constant"], arguments["value"])
    if name == "close" and not made:
        return None
    if name == "memory":
        gc.collect()
        return gc.mem_alloc()  # type: ignore[attr-defined]
    if name == "sessions":
        return made[0].sessions
    if name == "subscribe":
        arguments["callback"] = callback_of(arguments["topic_filter"])
    if "zeros" in arguments:
        arguments["payload"] = bytes(arguments.pop("zeros"))
    elif name == "publish":
        arguments["payload"] = bytes.fromhex(arguments["payload"])
    return getattr(made[0], name)(**arguments)


made: "list[_mqtt_micropython.SocketConnection]" = []


def make(endpoint, client_id, pem, backoff):
    """The connection; `pem` and `backoff` are what those are made of."""
    trust = Credentials(pem[0], pem[1], pem[2])
    first_ms, most_ms, fraction = backoff
    made.append(
        _mqtt_micropython.SocketConnection(
            endpoint, client_id, trust, backoff=Backoff(first_ms, most_ms, lambda: fraction)
        )
    )


def callback_of(topic_filter):
    def callback(topic, payload):
        tell(heard=topic_filter, topic=topic, payload=payload.hex())
        problem = answer()
        if problem:
            raise type(problem, (Exception,), {})()

    return callback


answer()
