"""Connections over an MQTT client that a program has already: paho's, or one of awscrt.

The program owns the client: it connects and ends it, and uses it for other things too. Its callbacks work as before.
`connect`, `disconnect` and `close` of the connection leave the client alone, so `handle_fota_jobs` is called with
`disconnect_mqtt=False`. For CPython: each client is looked at when its function is called, and not before.

The connections meet `aws.iot.mqtt.Connection`; docs/how-to/own-connection.md says what each client leaves out.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    import paho.mqtt.client

    from aws.iot.connections.borrowed_cpython import BorrowedConnection

    PahoClient = TypeVar("PahoClient", bound=paho.mqtt.client.Client)


def over_paho(client: "PahoClient") -> "BorrowedConnection[PahoClient]":
    """A connection over the program's client of paho-mqtt 2, for MQTT 3.1.1 or 5 and with either callback API.

    Best made before the client connects. The class of `client` is replaced by one that inherits from it, and that
    calls the program's callbacks, those set before and after. The program serves the client by `loop_start` or
    `loop_forever`, and leaves reconnecting to it.
    *Raises* TypeError for another object, ValueError for a client that has such a connection already.
    """
    from aws.iot.connections import _over_paho_cpython

    return _over_paho_cpython.over(client)


def over_awscrt(client: object, *, is_connected: bool = False) -> "BorrowedConnection[Any]":
    """A connection over the program's `awscrt.mqtt.Connection`, or a client made of `awscrt.mqtt5.ClientOptions`.

    An `awscrt.mqtt5.Client` takes callbacks only while it is made. So the connection makes it, of a copy of the
    options, and has it as its attribute `client`; the program starts it and stops it.
    is_connected: an `awscrt.mqtt.Connection` does not tell whether it is connected: say so if it is.
    *Raises* ImportError when awscrt is not installed, TypeError for another object, ValueError for a connection
    that has this one already.
    """
    from aws.iot.connections import _over_awscrt_cpython

    return _over_awscrt_cpython.over(client, is_connected=is_connected)
