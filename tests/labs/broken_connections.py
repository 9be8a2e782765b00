"""Connections each of which breaks one clause of `aws.iot.mqtt`, and one that keeps them all."""

import json
import time
from contextlib import suppress

from aws.iot.credentials import Credentials
from aws.iot.errors import BadTopic, ConnectFailed, NoAnswer, NotConnected
from aws.iot.mqtt import rules
from aws.iot.mqtt._client_cpython import PahoConnection
from aws.iot.mqtt._loop_cpython import NetworkLoop
from aws.iot.mqtt._session_cpython import Session
from aws.iot.mqtt._subscriptions_cpython import Subscriptions
from fota.transfer.backoff import Backoff
from tests.labs.pki import Identity, new_identity

IDENTITY = new_identity()


class PahoWithHaste(PahoConnection):
    """Keeps every clause."""

    identity: Identity = IDENTITY
    backoff = (1, 8)

    def __init__(self, endpoint: str, authorities: str) -> None:
        trust = Credentials(self.identity.clicert, self.identity.pkey, authorities)
        super().__init__(endpoint, "device-1", trust, backoff=Backoff(*self.backoff))


class IsNeverRefused(PahoWithHaste):
    def connect(self, port=None, *, timeout_ms=30_000):
        with suppress(ConnectFailed):
            super().connect(port, timeout_ms=timeout_ms)


class ConnectsForLonger(PahoWithHaste):
    def connect(self, port=None, *, timeout_ms=30_000):
        super().connect(port, timeout_ms=timeout_ms + 2_500)


class CountsNothing(PahoWithHaste):
    sessions = 0


class ConnectsTwice(PahoWithHaste):
    def connect(self, port=None, *, timeout_ms=30_000):
        self.disconnect()
        super().connect(port, timeout_ms=timeout_ms)


class SendsWideJson(PahoWithHaste):
    def publish(self, topic, payload, qos=1):
        super().publish(topic, json.dumps(payload) if isinstance(payload, dict) else payload, qos)


class SendsQos0(PahoWithHaste):
    def publish(self, topic, payload, qos=1):
        super().publish(topic, payload, 0)


class WaitsToPublish(PahoWithHaste):
    def publish(self, topic, payload, qos=1):
        super().publish(topic, payload, qos)
        time.sleep(1.5)


class TakesAnyTopic(PahoWithHaste):
    def publish(self, topic, payload, qos=1):
        with suppress(BadTopic):
            super().publish(topic, payload, qos)


class PublishesBeforeConnect(PahoWithHaste):
    def publish(self, topic, payload, qos=1):
        with suppress(NotConnected):
            super().publish(topic, payload, qos)


class DoesNotAwaitTheGrant(PahoWithHaste):
    def subscribe(self, topic_filter, callback, qos=1):
        with suppress(NoAnswer):
            super().subscribe(topic_filter, callback, qos)


class KeepsWhatIsRefused(PahoWithHaste):
    def subscribe(self, topic_filter, callback, qos=1):
        try:
            super().subscribe(topic_filter, callback, qos)
        except (NotConnected, NoAnswer):
            self._session._subscriptions.remember(topic_filter, callback, qos)
            raise


class AsksAgainForWhatIsForbidden(PahoWithHaste):
    def subscribe(self, topic_filter, callback, qos=1):
        try:
            super().subscribe(topic_filter, callback, qos)
        except NotConnected as error:
            if "hung up" in str(error):
                self._session._subscriptions.remember(topic_filter, callback, qos)
            raise


class TakesAnyFilter(PahoWithHaste):
    def subscribe(self, topic_filter, callback, qos=1):
        with suppress(BadTopic):
            super().subscribe(topic_filter, callback, qos)


class CallsTwice(PahoWithHaste):
    def subscribe(self, topic_filter, callback, qos=1):
        def twice(topic, payload):
            callback(topic, payload)
            callback(topic, payload)

        super().subscribe(topic_filter, twice, qos)


class GivesText(PahoWithHaste):
    def subscribe(self, topic_filter, callback, qos=1):
        super().subscribe(topic_filter, lambda topic, payload: callback(topic, payload.decode()), qos)


class CallsInTheWrongOrder(PahoWithHaste):
    def subscribe(self, topic_filter, callback, qos=1):
        held = []

        def swapped(topic, payload):
            held.append(payload)
            if len(held) == 2:
                callback(topic, held.pop())
                callback(topic, held.pop())

        super().subscribe(topic_filter, swapped, qos)


class DiesOfACallback(PahoWithHaste):
    def subscribe(self, topic_filter, callback, qos=1):
        def guarded(topic, payload):
            try:
                callback(topic, payload)
            except Exception:
                self.disconnect()
                raise

        super().subscribe(topic_filter, guarded, qos)


class KeepsTheFirstCallback(PahoWithHaste):
    def subscribe(self, topic_filter, callback, qos=1):
        known = self._session._subscriptions.find(topic_filter)
        super().subscribe(topic_filter, known.callback if known else callback, qos)


class NeverUnsubscribes(PahoWithHaste):
    def unsubscribe(self, topic_filter):
        pass


class UnsubscribesInSecret(PahoWithHaste):
    def unsubscribe(self, topic_filter):
        self._session._subscriptions.forget(topic_filter)


class SubscribesAgainToAll(PahoWithHaste):
    def unsubscribe(self, topic_filter):
        super().unsubscribe(topic_filter)
        time.sleep(0.2)
        self._session._subscriptions.remember(topic_filter, print, 1)


class LosesEarlyMessages(PahoWithHaste):
    def wait(self, timeout_ms):
        self._session.arrivals.wait(0)
        super().wait(timeout_ms)


class WaitsForNothing(PahoWithHaste):
    def wait(self, timeout_ms):
        super().wait(1)


class NeverMends(PahoWithHaste):
    backoff = (3_600_000, 3_600_000)


class SubscribesOnce(PahoWithHaste):
    def __init__(self, *given):
        super().__init__(*given)
        lose = self._session.lose

        def lose_all(loss, *, was_accepted):
            self._session._subscriptions.forget_all()
            return lose(loss, was_accepted=was_accepted)

        self._session.lose = lose_all  # type: ignore[method-assign]


class NineFilters(PahoWithHaste):
    replaces = (rules, "MAX_FILTERS", 9)


class CountsTooEarly(PahoWithHaste):
    replaces = (Subscriptions, "are_answered", lambda _self: True)


class DropsMessages(PahoWithHaste):
    def publish(self, topic, payload, qos=1):
        if self.is_connected() or int(payload or 0) % 3:
            super().publish(topic, payload, qos)


class RefusesMessages(PahoWithHaste):
    def publish(self, topic, payload, qos=1):
        if not self.is_connected():
            raise NotConnected(topic)
        super().publish(topic, payload, qos)


class KeepsWithoutEnd(PahoWithHaste):
    replaces = (rules, "MAX_WAITING_CPYTHON", 1_000_000)


class KeepsInTheWrongOrder(PahoWithHaste):
    replaces = (Session, "next_message", lambda self: self._outbox.rotate() or (self._outbox or [None])[0])


class SendsOnce(PahoWithHaste):
    replaces = (NetworkLoop, "_drop_stuck", lambda self: setattr(self, "client", self._taught(self._new_client())))


class SendsAgainUnmarked(SendsOnce):
    """As a client does that forgets its messages with each clean session, where somebody else remembers them."""

    def __init__(self, *given):
        super().__init__(*given)
        session, lose = self._session, self._session.lose

        def remember(loss, *, was_accepted):
            session._outbox.extendleft(reversed([one.message for one in session._unacknowledged.values()]))
            session._unacknowledged.clear()
            return lose(loss, was_accepted=was_accepted)

        session.lose = remember  # type: ignore[method-assign]


class KeepsWhatIsForbidden(PahoWithHaste):
    replaces = (rules, "MAX_FRUITLESS", 1_000_000)


class SaysNoGoodbye(PahoWithHaste):
    replaces = (NetworkLoop, "_say_goodbye", lambda _self: None)


class SaysGoodbyeAtOnce(PahoWithHaste):
    replaces = (rules, "GOODBYE_WITHIN_MS", 1)


class TakesItsTimeToEnd(PahoWithHaste):
    def close(self):
        time.sleep(1.1)
        super().close()


class ForgetsNothing(PahoWithHaste):
    def close(self):
        self.disconnect()


class ForgetsSubscriptions(PahoWithHaste):
    def disconnect(self):
        super().disconnect()
        self._session._subscriptions.forget_all()


BROKEN = {
    1: (IsNeverRefused, ConnectsForLonger, CountsNothing, ConnectsTwice),
    2: (SendsWideJson, SendsQos0, WaitsToPublish, TakesAnyTopic, PublishesBeforeConnect),
    3: (DoesNotAwaitTheGrant, KeepsWhatIsRefused, AsksAgainForWhatIsForbidden, TakesAnyFilter),
    4: (CallsTwice, GivesText, CallsInTheWrongOrder, DiesOfACallback, KeepsTheFirstCallback),
    5: (NeverUnsubscribes, UnsubscribesInSecret, SubscribesAgainToAll),
    6: (LosesEarlyMessages, WaitsForNothing),
    7: (NeverMends, SubscribesOnce, NineFilters, CountsTooEarly),
    8: (DropsMessages, RefusesMessages, KeepsWithoutEnd, KeepsInTheWrongOrder, SendsOnce, SendsAgainUnmarked),
    9: (KeepsWhatIsForbidden,),
    10: (SaysNoGoodbye, SaysGoodbyeAtOnce, TakesItsTimeToEnd, ForgetsNothing, ForgetsSubscriptions),
}
