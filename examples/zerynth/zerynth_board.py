"""What the ancestor's virtual machine and its project folder gave to a program, on a Linux gateway.

The folder with key, certificate and configuration is the first argument of the program.
"""

import json
import random as numbers
import sys
import time
from pathlib import Path

from aws.iot import iot
from aws.iot.errors import IotError


def random(low: int, high: int) -> int:
    """A whole number between the two."""
    return numbers.randint(low, high)


def sleep(duration_ms: int) -> None:
    """Block for so many milliseconds."""
    time.sleep(duration_ms / 1000)


def connect(thing: iot.Thing) -> None:
    """Connect, however long that takes."""
    while True:
        try:
            thing.mqtt.connect()
            return
        except IotError as error:
            print("no connection yet:", error)
            time.sleep(numbers.uniform(1, 30))


def publish(thing: iot.Thing, topic: str, text: str) -> None:
    """Send, or leave it out when too many messages wait."""
    try:
        thing.mqtt.publish(topic, text)
    except IotError as error:
        print("left out:", error)


def load_key_cert(key: str, certificate: str) -> tuple[str, str]:
    """Both as PEM text."""
    return (_folder() / key).read_text(), (_folder() / certificate).read_text()


def load_conf(name: str) -> dict[str, str]:
    """The configuration of the thing."""
    return dict(json.loads((_folder() / name).read_text()))


def firmware_version() -> str:
    """The version that this image was built with."""
    loader = sys.modules["__main__"].__loader__
    return str(json.loads(loader.get_data(f"{loader.archive}/fota-image.json"))["version"])


def _folder() -> Path:
    return Path(sys.argv[1])
