"""What is the connection of MicroPython's own: one thread, a small heap, bounds that fit it, one write per packet."""

import socket
import time

import pytest
from paho.mqtt.client import topic_matches_sub

from aws.iot._mqtt_outbox_micropython import Outbox, Route
from aws.iot._mqtt_packets_micropython import matches
from aws.iot.errors import ConnectFailed, NoAnswer, NotConnected
from fota.backoff import Backoff
from iot.broker import CONNECT, PUBACK, SUBACK
from iot.mqtt_micropython_lab import Context, MicroPythonLab, Remote, Stream, both, here, there

__all__ = ("both", "here", "there")

MOST_MESSAGES, MOST_BYTES = 20, 131_584


def test_the_session_is_clean_and_of_mqtt_3_1_1(both: MicroPythonLab) -> None:
    both.connected()

    assert both.broker.connects == [b"\0\x04MQTT" + b"\x04" + b"\x02" + b"\0\x78" + b"\0\x08device-1"]


@pytest.mark.parametrize("endpoint", [":", ":8883", "host:", "host:x", "host:0", "host:65536", "mqtts://host"])
def test_what_is_no_endpoint_is_named(here: MicroPythonLab, endpoint: str) -> None:
    with pytest.raises(ConnectFailed, match="endpoint: expected host or host:port"):
        here.connection(endpoint=endpoint)


def test_an_endpoint_where_nobody_listens_is_named(both: MicroPythonLab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"localhost:{listener.getsockname()[1]}"

    with pytest.raises(ConnectFailed, match=rf"{endpoint}: not connected within 100 ms: .*(refused|ECONNREFUSED)$"):
        both.connection(endpoint=endpoint).connect(timeout_ms=100)


def test_a_host_without_an_address_is_named(both: MicroPythonLab) -> None:
    with pytest.raises(ConnectFailed, match=r"nowhere\.invalid:8883: not connected within 50 ms: "):
        both.connection(endpoint="nowhere.invalid:8883").connect(timeout_ms=50)


def test_nothing_is_sent_or_heard_unless_the_program_calls(both: MicroPythonLab) -> None:
    heard: list[bytes] = []
    connection = both.connected()
    connection.subscribe("a", lambda _topic, payload: heard.append(payload))
    both.broker.send("a", b"now")
    time.sleep(0.1)  # For a thread that must not be there.
    assert heard == []

    connection.wait(1_000)

    assert heard == [b"now"]


def test_a_loop_waits_for_nothing(both: MicroPythonLab) -> None:
    connection = both.connected()
    connection.loop()
    began_s = time.monotonic()

    connection.loop()

    assert time.monotonic() - began_s < 0.5


def test_a_loop_does_not_wait_for_the_next_try_either(both: MicroPythonLab) -> None:
    connection = _down(both)
    began_s = time.monotonic()

    connection.loop()

    assert time.monotonic() - began_s < 0.5


def test_a_lost_connection_is_not_tried_again_before_its_time(both: MicroPythonLab) -> None:
    connection = _down(both)

    connection.wait(50)
    connection.loop()

    assert len(both.broker.connects) == 1


def test_a_wait_while_the_connection_is_down_ends_in_time(both: MicroPythonLab) -> None:
    connection = _down(both)
    began_s = time.monotonic()

    connection.wait(50)

    assert 0.04 < time.monotonic() - began_s < 5


def test_a_callback_that_waits_or_subscribes_is_not_served_and_not_hung(both: MicroPythonLab) -> None:
    seen: list[object] = []
    connection = both.connected()

    def callback(_topic: str, _payload: bytes) -> None:
        began_s = time.monotonic()
        connection.wait(5_000)
        try:
            connection.subscribe("b", _ignore)
        except NoAnswer as error:
            seen.append(type(error))
        seen.append(time.monotonic() - began_s < 1)

    connection.subscribe("a", callback)
    both.broker.send("a", b"")

    both.eventually(lambda: seen)
    assert seen == [NoAnswer, True]


def test_a_loop_inside_a_callback_hands_nothing_out(both: MicroPythonLab) -> None:
    heard: list[str] = []
    connection = both.connected()

    def callback(_topic: str, payload: bytes) -> None:
        heard.append(f"{payload.decode()} begins")
        connection.loop()
        heard.append(f"{payload.decode()} ends")

    connection.subscribe("a", callback)
    both.broker.send_raw(b"\x30\x04\0\x01a1" + b"\x30\x04\0\x01a2")

    both.eventually(lambda: len(heard) == 4)
    assert heard == ["1 begins", "1 ends", "2 begins", "2 ends"]


def test_what_a_callback_publishes_goes_after_the_acknowledgement_of_its_message(here: MicroPythonLab) -> None:
    connection = here.connected()
    connection.subscribe("ask", lambda _topic, _payload: connection.publish("answer", bytes(100)))

    here.broker.send("ask", b"")

    here.eventually(lambda: here.broker.published)
    assert [octets[0] >> 4 for octets in Context.last.written][-2:] == [4, 3]


@pytest.mark.parametrize("qos", [0, 1])
def test_what_was_published_before_the_goodbye_reaches_the_broker(both: MicroPythonLab, qos: int) -> None:
    connection = both.connected()
    for number in range(MOST_MESSAGES):
        connection.publish("last/words", str(number), qos)

    connection.disconnect()

    both.eventually(lambda: both.broker.farewells == 1)
    assert [int(message.payload) for message in both.broker.published] == list(range(MOST_MESSAGES))


def test_a_goodbye_does_not_wait_for_long_for_an_answer_that_does_not_come(both: MicroPythonLab) -> None:
    both.set("connection", "_GOODBYE_WITHIN_MS", 50)
    both.broker.withheld.add(PUBACK)
    connection = both.connected()
    connection.publish("a", "never acknowledged")
    began_s = time.monotonic()

    connection.disconnect()

    assert time.monotonic() - began_s < 1
    assert not connection.is_connected()


def test_what_was_not_answered_before_a_disconnect_is_sent_by_the_next_connect(both: MicroPythonLab) -> None:
    both.set("connection", "_GOODBYE_WITHIN_MS", 50)
    both.broker.withheld.add(PUBACK)
    connection = both.connected()
    connection.publish("report", "SUCCEEDED")
    connection.disconnect()
    both.broker.withheld.clear()

    connection.connect()

    both.eventually(lambda: len(both.broker.published) == 2)
    first, second = both.broker.published
    assert (second.packet_id, second.is_repeated) == (first.packet_id, True)


def test_a_closed_connection_forgets_subscriptions_and_messages(both: MicroPythonLab) -> None:
    both.set("connection", "_GOODBYE_WITHIN_MS", 50)
    both.broker.withheld.add(PUBACK)
    connection = both.connected()
    connection.subscribe("a", _ignore)
    connection.publish("b", "")
    connection.close()

    connection.connect()
    connection.publish("the end", "", qos=0)

    both.eventually(lambda: both.broker.published[-1].topic == "the end")
    assert [message.topic for message in both.broker.published] == ["b", "the end"]
    assert len(both.broker.subscribes) == 1


def test_a_goodbye_ends_when_the_broker_has_read_it_and_hung_up(both: MicroPythonLab) -> None:
    connection = both.connected()

    connection.disconnect()

    assert both.broker.farewells == 1


@pytest.mark.parametrize("topic", ["a", "a/b", "a/b/c", "/", "/a", "a/", "$aws", "$aws/a", "b"])
@pytest.mark.parametrize(
    "topic_filter",
    ["a", "a/b", "a/#", "#", "+", "+/b", "+/+", "a/+", "a/+/c", "/+", "/", "$aws/#", "$aws/+", "+/a", "+/#", "b"],
)
def test_the_filters_let_through_what_those_of_paho_do(topic_filter: str, topic: str) -> None:
    assert matches(topic_filter, topic) == topic_matches_sub(topic_filter, topic)


def test_no_more_than_twenty_messages_wait(both: MicroPythonLab) -> None:
    connection = _down(both)
    for _ in range(MOST_MESSAGES):
        connection.publish("sample", "")

    with pytest.raises(NotConnected, match=r"sample: 20 messages of .* bytes wait already"):
        connection.publish("sample", "")


def test_no_more_bytes_wait_than_the_longest_message_has(both: MicroPythonLab) -> None:
    connection = _down(both)
    connection.publish("sample", bytes(131_072))

    with pytest.raises(NotConnected, match=r"sample: 1 messages of 131.* bytes wait already"):
        connection.publish("sample", bytes(1_024))


def test_what_is_published_while_the_connection_is_down_arrives_in_order_when_it_is_up(both: MicroPythonLab) -> None:
    connection = both.connected(backoff=Backoff(300, 300, lambda: 0.99))
    both.broker.kick()
    both.eventually(lambda: not connection.is_connected())

    for number in range(MOST_MESSAGES):
        connection.publish("sample", str(number))

    both.eventually(lambda: len(both.broker.published) == MOST_MESSAGES)
    assert [int(message.payload) for message in both.broker.published] == list(range(MOST_MESSAGES))


def test_messages_sent_again_after_a_loss_keep_their_order(both: MicroPythonLab) -> None:
    both.broker.withheld.add(PUBACK)
    connection = both.connected()
    for number in range(MOST_MESSAGES):
        connection.publish("sample", str(number))
    both.eventually(lambda: len(both.broker.published) == MOST_MESSAGES)

    both.broker.withheld.clear()
    both.broker.kick()

    both.eventually(lambda: len(both.broker.published) == 2 * MOST_MESSAGES)
    again = both.broker.published[MOST_MESSAGES:]
    assert [int(message.payload) for message in again] == list(range(MOST_MESSAGES))
    assert all(message.is_repeated for message in again)


def test_a_message_never_sent_is_not_marked_as_repeated_after_a_loss(both: MicroPythonLab) -> None:
    connection = both.connected()
    both.broker.hangs_up_on.add(CONNECT)
    both.broker.kick()
    both.eventually(lambda: not connection.is_connected())
    connection.publish("a", "")
    both.eventually(lambda: len(both.broker.peers) == 3)

    both.broker.hangs_up_on.clear()

    both.eventually(lambda: both.broker.published)
    assert not both.broker.published[0].is_repeated


def test_messages_wait_until_the_subscriptions_are_made_again(both: MicroPythonLab) -> None:
    both.set("outbox", "_ASK_AGAIN_AFTER_MS", 50)
    connection = both.connected()
    connection.subscribe("answers", _ignore)
    both.broker.withheld.add(SUBACK)
    both.broker.kick()
    both.eventually(lambda: not connection.is_connected())
    connection.publish("question", "")
    both.eventually(lambda: len(both.broker.subscribes) == 4)
    assert both.broker.published == []

    both.broker.withheld.clear()

    both.eventually(lambda: both.broker.published)


def test_a_message_may_take_longer_to_be_answered_than_a_subscription(both: MicroPythonLab) -> None:
    both.set("outbox", "_ASK_AGAIN_AFTER_MS", 10)
    both.broker.withheld.add(PUBACK)
    connection = both.connected()

    connection.publish("a", "")
    connection.wait(50)
    connection.wait(50)

    assert len(both.broker.published) == 1


def test_a_message_of_many_tls_records_arrives_whole(both: MicroPythonLab) -> None:
    payload = bytes(range(256)) * 400
    connection = both.connected()

    connection.publish("a", payload)

    both.eventually(lambda: both.broker.published)
    assert both.broker.published[0].payload == payload


def test_a_message_that_the_network_takes_in_pieces_arrives_whole(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Stream.write
    monkeypatch.setattr(Stream, "write", lambda stream, octets: write(stream, octets[:10]))
    connection = here.connected()

    connection.publish("a", b"0123456789" * 20)

    here.eventually(lambda: here.broker.published)
    assert here.broker.published[0].payload == b"0123456789" * 20


def test_an_address_that_fails_at_once_is_passed_over_at_once(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    # TCP refuses to connect to a broadcast address by itself: nothing is sent.
    _resolve_to(monkeypatch, ("255.255.255.255", 1), ("127.0.0.1", here.broker.port))
    connection = here.connection(backoff=Backoff(3_600_000, 3_600_000, lambda: 0.99))

    connection.connect(timeout_ms=5_000)

    assert connection.is_connected()


def test_after_an_address_that_is_silent_the_next_one_is_tried(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.set("connection", "_ACCEPT_WITHIN_MS", 100)
    here.set("connection", "_TURN_MS", 10)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _resolve_to(monkeypatch, silent.getsockname(), ("127.0.0.1", here.broker.port))
        connection = here.connection()

        connection.connect(timeout_ms=5_000)

    assert connection.is_connected()


def test_a_number_that_waits_for_its_answer_is_not_given_to_another_packet() -> None:
    outbox = Outbox()
    route = Route("a", _ignore, 1)
    waiting = outbox.ask([route])

    for _ in range(65_536):
        number = outbox.ask([route])
        assert number not in (0, waiting)
        outbox.take_answered(number)


def test_each_packet_goes_in_one_write(here: MicroPythonLab) -> None:
    connection = here.connected()
    connection.subscribe("a", _ignore)
    connection.publish("b", b"x" * 1_000)
    here.broker.send("a", b"")
    connection.wait(1_000)
    connection.disconnect()

    kinds = [octets[0] >> 4 for octets in Context.last.written]
    assert kinds == [1, 8, 3, 4, 14]


def test_no_packet_waits_for_the_acknowledgement_of_the_one_before(here: MicroPythonLab) -> None:
    here.connected()

    assert Context.last.tls.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_back_off_is_not_reset_by_being_accepted(here: MicroPythonLab) -> None:
    ceilings = _Ceilings()
    connection = here.connected(backoff=ceilings)

    for session in range(2, 6):
        here.broker.kick()
        here.eventually(lambda session=session: connection.sessions == session)

    assert ceilings.seen == [1, 2, 4, 8]


def test_the_back_off_starts_over_after_a_connection_that_lasted(here: MicroPythonLab) -> None:
    here.set("connection", "_STABLE_MS", 0)
    ceilings = _Ceilings()
    connection = here.connected(backoff=ceilings)

    for session in range(2, 5):
        here.broker.kick()
        here.eventually(lambda session=session: connection.sessions == session)

    assert ceilings.seen == [1, 1, 1]


def test_a_connection_lasts_from_when_it_is_established_and_not_from_when_it_is_begun(here: MicroPythonLab) -> None:
    here.set("connection", "_STABLE_MS", 300)
    here.set("outbox", "_ASK_AGAIN_AFTER_MS", 400)
    ceilings = _Ceilings()
    connection = here.connected(backoff=ceilings)
    connection.subscribe("a", _ignore)
    here.broker.withheld.add(SUBACK)
    here.broker.kick()
    here.eventually(lambda: len(here.broker.subscribes) == 2)
    here.broker.withheld.clear()
    # Its subscription is asked for again and granted, later than a connection must last.
    here.eventually(lambda: connection.sessions == 2)

    here.broker.kick()

    here.eventually(lambda: connection.sessions == 3)
    assert ceilings.seen == [1, 2]


def test_a_message_for_which_there_is_no_memory_costs_the_connection_and_not_the_device(
    there: MicroPythonLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    connection = there.connection(heap="176k")
    connection.connect()

    there.broker.send("a", bytes(131_072))

    there.eventually(lambda: connection.sessions == 2)
    assert "memory allocation failed" in caplog.text


def test_a_session_leaves_nothing_on_the_heap_when_it_is_made_again(there: MicroPythonLab) -> None:
    connection = there.connection()
    assert isinstance(connection, Remote)
    connection.connect()
    connection.subscribe("a", _ignore)
    used = []
    for session in range(2, 18):
        there.broker.kick()
        there.eventually(lambda session=session: connection.sessions == session)
        used.append(connection.memory())

    # The first ones may fill what is kept once; after those, 50 bytes a session would be seen.
    assert used[-1] - used[4] < 500


def test_a_long_message_leaves_nothing_on_the_heap(there: MicroPythonLab) -> None:
    heard: list[int] = []
    connection = there.connection()
    assert isinstance(connection, Remote)
    connection.connect()
    connection.subscribe("a", lambda _topic, payload: heard.append(len(payload)))
    before = connection.memory()

    there.broker.send("a", bytes(100_000))

    there.eventually(lambda: heard)
    assert connection.memory() - before < 2_000


def test_what_a_session_holds_is_little(there: MicroPythonLab) -> None:
    connection = there.connection()
    assert isinstance(connection, Remote)
    before = connection.memory()
    connection.connect()
    for number in range(8):
        connection.subscribe(f"$aws/things/thing-0001/jobs/{number}", _ignore)

    assert connection.memory() - before < 8_192


class _Ceilings(Backoff):
    """Notes the ceiling that each delay is drawn below, and draws none."""

    def __init__(self) -> None:
        super().__init__(1, 1_000, lambda: 0.0)
        self.seen: list[int] = []

    def next_ms(self) -> int:
        self.seen.append(self._ceiling_ms)
        return super().next_ms()


def _down(lab: MicroPythonLab, backoff: "Backoff | None" = None):  # type: ignore[no-untyped-def]
    """A connection that was lost, and that is not mended within a test unless by this back-off."""
    connection = lab.connected(backoff=backoff or Backoff(3_600_000, 3_600_000, lambda: 0.99))
    lab.broker.kick()
    lab.eventually(lambda: not connection.is_connected())
    return connection


def _ignore(_topic: str, _payload: bytes) -> None:
    pass


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Every name has these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
