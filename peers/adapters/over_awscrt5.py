"""A program's own client of `awscrt.mqtt5`, with the connection that the library brings for it."""

from typing import Any

from awscrt import io, mqtt5

from aws.iot.connections import over_awscrt


def from_files(host: str, port: int, client_id: str, cacert: str, certificate: str, key: str) -> Any:
    """A connection with the files of a thing's folder."""
    options = io.TlsContextOptions.create_client_with_mtls_from_path(certificate, key)
    options.override_default_trust_store_from_path(ca_filepath=cacert)
    connection = over_awscrt(
        mqtt5.ClientOptions(
            host,
            port,
            tls_ctx=io.ClientTlsContext(options),
            connect_options=mqtt5.ConnectPacket(client_id=client_id),
        )
    )
    connection.client.start()
    return connection
