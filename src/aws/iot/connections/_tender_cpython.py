"""The thread that tends a client of the program: it does for the connection what has its time.

It asks for filters, sends messages at AWS IoT's pace, and sees what is not answered. What the client tells comes by
`_events_cpython`; the session keeps what is known.
"""

import threading

from aws.iot.connections._events_cpython import ClientAnswer, ClientEvents, LentClient
from aws.iot.connections._lent_session_cpython import LentSession
from aws.iot.mqtt import pace, rules
from aws.iot.mqtt._session_cpython import Loss
from aws.iot.mqtt.filters import tell
from fota import boot_note, machine
from fota.log import log

_LOOK_AGAIN_MS = 20
"""While a client takes no message, or the last ones are to be acknowledged."""


class Tender:
    """Tends from `start` to `stop`."""

    def __init__(self, session: LentSession, client: LentClient, events: ClientEvents) -> None:
        self.served: object | None = None
        """The client's connection that is tended."""
        self._session = session
        self._client = client
        self._events = events
        self._pace = pace.PublishPace()
        # When each SUBSCRIBE that is not answered counts as refused.
        self._requests: dict[int, int] = {}
        # Messages that the client gave up, and when.
        self._failed: dict[int, int] = {}
        self._accept_by_ms = 0
        self._is_leaving = False
        self._stop_by_ms: int | None = None
        self._thread = threading.Thread(target=self._run, name="aws-iot-tender", daemon=True)

    def start(self) -> None:
        """Begin. *Raises* RuntimeError where there is no room for a thread."""
        self._events.is_heard = True
        self._session.start()
        try:
            self._thread.start()
        except RuntimeError:
            self._end()
            raise

    def stop(self, grace_ms: int) -> bool:
        """End once every message is acknowledged, or after `grace_ms`; returns whether the thread has ended."""
        self._stop_by_ms = machine.now_ms() + grace_ms
        self._events.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join((grace_ms + rules.TURN_MS) / 1000)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._is_over():
                for answer in self._events.take(self._wait_ms() / 1000):
                    self._take(answer)
                link = self._events.link
                if link is not self.served:
                    self._change(link)
                if link is not None:
                    self._serve()
        finally:
            self._end()

    def _is_over(self) -> bool:
        if self._stop_by_ms is None:
            return False
        is_done = not self._session.is_established() or not self._session.has_messages()
        return is_done or machine.now_ms() >= self._stop_by_ms

    def _end(self) -> None:
        self._events.is_heard = False
        self.served = None
        self._session.end()
        # Else it could reach the broker after what is published next.
        self._client.forget(self._session.sent())
        self._session.give_back()

    def _wait_ms(self) -> int:
        if self._stop_by_ms is not None:
            return _LOOK_AGAIN_MS
        is_sending = self.served is not None and self._session.is_established() and self._session.has_room()
        if is_sending and self._session.next_message() is not None:
            return min(rules.TURN_MS, self._pace.wait_ms() or _LOOK_AGAIN_MS)
        return rules.TURN_MS

    def _take(self, answer: ClientAnswer) -> None:
        if answer.granted is not None:
            # The next filter has its own time.
            self._accept_by_ms = machine.now_ms() + rules.ACCEPT_WITHIN_MS_CPYTHON
            self._requests.pop(answer.number, None)
            tell(*self._session.answer(answer.number, list(answer.granted)))
        elif answer.problem:
            self._session.refuse(answer.number, answer.problem)
        elif answer.has_failed:
            self._failed[answer.number] = machine.now_ms()
        else:
            self._session.acknowledge(answer.number)

    def _change(self, link: object | None) -> None:
        if self.served is not None:
            self._lose()
        self.served = link
        self._is_leaving = False
        if link is not None:
            self._accept_by_ms = machine.now_ms() + rules.ACCEPT_WITHIN_MS_CPYTHON
            self._pace.begin()
            # Not when it was lost: a message that was sent then fails later than those before it.
            self._give_back_failed(0)
            # What the client sends again by itself is in the pace already: see `rules.PUBLISH_EVERY_MS`.
            self._session.restart_waits()

    def _lose(self) -> None:
        boot_note.offline()
        problem = "the client of the program has lost its connection"
        log("connection-lost", endpoint=self._client.where(), problem=problem)
        self._requests.clear()
        _, found = self._session.lose(Loss(problem), was_accepted=True)
        tell((), (), found)
        sent = self._session.sent()
        stuck = self._session.take_stuck()
        if stuck is not None:
            problem = f"not acknowledged on {rules.MAX_FRUITLESS} connections"
            log("message-dropped", topic=stuck.topic, problem=problem)
        if stuck is not None or self._session.take_back():
            self._client.forget(sent)

    def _serve(self) -> None:
        if leaving := self._session.take_leaving():
            self._client.unsubscribe(leaving)
        self._ask()
        if self._session.establish_if_answered():
            boot_note.online()
            log("connected", endpoint=self._client.where())
        self._leave_if_silent()
        # Not sooner: a client fails fast while it finds out that its connection is lost.
        self._give_back_failed(rules.TURN_MS)
        if self._session.is_established():
            self._send()

    def _ask(self) -> None:
        now_ms = machine.now_ms()
        for number in [one for one, until_ms in self._requests.items() if until_ms <= now_ms]:
            del self._requests[number]
            tell(*self._session.answer(number, []))
        while batch := self._session.take_due():
            number_sent = self._client.subscribe(batch)
            if number_sent is None:
                return
            # Later than the caller of `subscribe` gives up, who is told that there was no answer.
            self._requests[number_sent] = now_ms + 2 * rules.GRANT_WITHIN_MS
            self._session.ask(number_sent, batch)

    def _send(self) -> None:
        while self._session.has_room() and not self._pace.wait_ms():
            message = self._session.next_message()
            number = None if message is None else self._client.publish(message)
            if number is None:
                return
            self._pace.take()
            self._session.message_sent(number)

    def _leave_if_silent(self) -> None:
        """AWS IoT discards messages without a word, and no client sends one again while its connection lives."""
        if self._is_leaving:
            return
        is_late = not self._session.is_established() and machine.now_ms() > self._accept_by_ms
        overdue = self._session.overdue()
        if not is_late and not overdue:
            return
        if is_late:
            self._session.acquit_filters()
        if self._client.leave():
            self._session.has_overdue()
            self._is_leaving = True
            return
        # It stays: what has had no answer is asked and sent once more.
        self._requests.clear()
        self._accept_by_ms = machine.now_ms() + rules.ACCEPT_WITHIN_MS_CPYTHON
        self._session.give_back(overdue)

    def _give_back_failed(self, after_ms: int) -> None:
        before_ms = machine.now_ms() - after_ms
        failed = [number for number, at_ms in self._failed.items() if at_ms <= before_ms]
        for number in failed:
            del self._failed[number]
        if failed:
            self._session.give_back(failed)
