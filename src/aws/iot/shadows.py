"""What a device tells its shadows: which image it runs, and that it fell back from one that was confirmed.

The state goes to the named shadow `fota`: once in each boot, once the service has answered, and then when it has
changed. The answer of the service says that it was taken; without one it is told again, later each time. AWS IoT
hangs up on what a policy forbids: so it is sent when no report is due, and seldom again after that.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-mqtt.html
"""

from aws.iot import topics
from aws.iot.errors import IotError, RequestRejected, TryLater
from aws.iot.mqtt import rules
from fota import device as devices
from fota import machine
from fota.errors import NotProvisioned, StorageFailed
from fota.log import log, told
from fota.waiting import still_waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.exchange import Exchange
    from aws.iot.iot import Thing
    from aws.iot.looks import Looks
    from fota.clock import Clock
    from fota.device import Device

_FORMAT = 1
_MEND_WITHIN_MS = 10_000
_ABSENT = ("product", "version", "seq", "sha256", "board", "free_bytes", "last_failure")
_ABSENT_OF_FAILURE = ("job", "reason", "cause", "version", "sha256")
"""What may be absent is sent as null then, so that the shadow forgets what it knows of it."""


class Shadows:
    """The shadows of one thing, and what they were told in this boot."""

    def __init__(
        self,
        thing: "Thing",
        exchange: "Exchange",
        looks: "Looks",
        clock: "Clock" = machine,
        *,
        tells_state: bool = True,
    ) -> None:
        self._thing = thing
        self._exchange = exchange
        self._looks = looks
        self._clock = clock
        self._tells_state = tells_state
        self._told: "dict[str, object]" = {}
        self._wait_ms = self._not_before_ms = 0

    def tell_fall_back(self, device: "Device") -> None:
        """Tell the classic shadow that a confirmed image was given up: its job had SUCCEEDED already.

        Once in each boot. It is told before the jobs are asked for, so an answer to that shows that the message left.
        """
        facts = device.fall_back()
        if facts and not device.fall_back_is_told:
            self._thing.update_shadow({"fota": {"fell_back": facts}})
            device.fall_back_is_told = True

    def tell_state(self, device: "Device | None" = None) -> None:
        """Tell the named shadow what the device runs, if that has changed; without `device`, the current one.

        Never raises for what the network or the service does: that is logged, and tried again at a later look.
        *Blocks* until the service has answered: 30 s at most, and 10 s more if the broker hung up.
        """
        if not self._tells_state:
            return
        try:
            device = device or devices.current()
            facts = device.self_report.facts()
        except (NotProvisioned, StorageFailed, MemoryError) as error:
            # What cannot be read now is not gone: a later look tells it.
            if isinstance(error, MemoryError):
                log("state-not-told", problem=told(error))
            return
        connection = self._thing.mqtt
        if facts == self._told or not connection.is_connected():
            return
        if self._clock.now_ms() >= self._not_before_ms:
            sessions = connection.sessions
            try:
                self._exchange.ask_aside(
                    topics.named_shadow_update(self._thing.thingname),
                    {"state": {"reported": complete(facts, device.self_report.free_bytes())}},
                )
                self._told = facts
                self._wait_ms = 0
                log("state-told", slot=facts["slot"], state=facts["state"])
                return
            except (IotError, MemoryError) as error:
                hung_up = connection.sessions != sessions or not connection.is_connected()
                self._put_off(error, hung_up=hung_up)
                self._await_mended()
        self._looks.no_later_than(self._not_before_ms)

    def _put_off(self, error: Exception, *, hung_up: bool) -> None:
        """Tell it again after a time that doubles; a long one if it may have cost the connection, or was refused."""
        is_refused = isinstance(error, RequestRejected) and not isinstance(error, TryLater)
        first_ms, most_ms = rules.ASK_FORBIDDEN_MS
        if not (hung_up or is_refused):
            first_ms = rules.TELL_AGAIN_MS
        self._wait_ms = min(max(first_ms, 2 * self._wait_ms), most_ms)
        wait_ms = int(self._wait_ms * (1 + machine.random_fraction()))
        self._not_before_ms = self._clock.now_ms() + wait_ms
        if hung_up:
            topic = topics.named_shadow_update(self._thing.thingname)
            problem = f"the broker hung up: let the policy allow {topic}, and to hear {topic}/*"
        else:
            problem = told(error)
        log("state-not-told", problem=problem, again_s=wait_ms // 1000)

    def _await_mended(self) -> None:
        """What follows, such as a health check, finds the connection that this may have cost."""
        until_ms = self._clock.now_ms() + _MEND_WITHIN_MS
        connection = self._thing.mqtt
        while not connection.is_connected() and self._clock.now_ms() < until_ms:
            connection.wait(1_000)
            still_waiting()


def complete(facts: "dict[str, object]", free_bytes: "int | None") -> "dict[str, object]":
    """The state as it is sent."""
    state: "dict[str, object]" = {"format": _FORMAT}
    for name in _ABSENT:
        state[name] = None
    state.update(facts)
    state["free_bytes"] = free_bytes
    failure = facts.get("last_failure")
    if isinstance(failure, dict):
        told = {}
        for name in _ABSENT_OF_FAILURE:
            told[name] = failure.get(name)
        state["last_failure"] = told
    return state
