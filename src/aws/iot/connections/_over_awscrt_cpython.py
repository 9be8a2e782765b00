"""awscrt, which is installed where it is wanted; each of its two clients has a file beside this one."""

from typing import Any

from aws.iot.connections._events_cpython import ClientEvents, ProgramsFilters
from aws.iot.connections._futures_cpython import Futures
from aws.iot.connections._lent_session_cpython import LentSession
from aws.iot.connections.borrowed_cpython import BorrowedConnection


def over(client: object, *, is_connected: bool) -> BorrowedConnection[Any]:  # Any: awscrt has no types of its own.
    """See `aws.iot.connections.over_awscrt`."""
    try:
        from awscrt import mqtt, mqtt5
    except ImportError as error:
        raise ImportError(f"awscrt is needed, and the extra awscrt of this library installs it ({error})") from error
    from aws.iot.connections import _awscrt_3_cpython, _awscrt_5_cpython

    session = LentSession()
    futures = Futures(ClientEvents(session))
    programs = ProgramsFilters(session.ask_again, sees_all=not is_connected)
    if isinstance(client, mqtt.Connection):
        lent3 = _awscrt_3_cpython.LentConnection(client, futures, programs)
        if is_connected:
            futures.events.accepted(object())
        return BorrowedConnection(client, lent3, session, futures.events)
    if isinstance(client, mqtt5.ClientOptions):
        lent5 = _awscrt_5_cpython.LentMqtt5(client, futures, programs)
        return BorrowedConnection(lent5.client, lent5, session, futures.events)
    hint = ": it takes callbacks only while it is made" if isinstance(client, mqtt5.Client) else ""
    expected = "an awscrt.mqtt.Connection or awscrt.mqtt5.ClientOptions"
    raise TypeError(f"client: expected {expected}, got {type(client).__name__}{hint}")
