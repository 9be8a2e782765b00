"""Programs with an MQTT client of their own and the broker that they meet, for tests of `aws.iot.connections`.

begin(name)       a program of `borrowed_clients.KINDS`, not connected yet; it is closed at the end of the test
each_client       a test for each client and version of MQTT; each_paho: for those of paho
"""

from collections.abc import Callable, Iterator

import pytest

from tests.labs.borrowed_clients import AWSCRT, KINDS, PAHO, Program, only_with_awscrt
from tests.labs.mqtt_lab import MqttLab

Begin = Callable[..., Program]
MARKED = [pytest.param(name, marks=only_with_awscrt if name in AWSCRT else ()) for name in KINDS]
each_client = pytest.mark.parametrize("name", MARKED)
each_paho = pytest.mark.parametrize("name", PAHO)


@pytest.fixture
def begin(paho_lab: MqttLab) -> Iterator[Begin]:
    """`begin(name)`: a program of that kind, not connected yet, with the lab's broker as its own."""
    programs: list[Program] = []
    paho_lab.open_broker()

    def begun(name: str) -> Program:
        programs.append(KINDS[name](paho_lab.endpoint, paho_lab.authority.pem))
        return programs[-1]

    yield begun
    paho_lab.broker.withheld.clear()
    paho_lab.broker.kick()
    for program in programs:
        program.close()
