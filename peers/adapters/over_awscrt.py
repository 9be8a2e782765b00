"""A program's own `awscrt.mqtt.Connection`, with the connection that the library brings for it."""

from typing import Any

from awscrt import io, mqtt

from aws.iot.connections import over_awscrt


def from_files(host: str, port: int, client_id: str, cacert: str, certificate: str, key: str) -> Any:
    """A connection with the files of a thing's folder."""
    options = io.TlsContextOptions.create_client_with_mtls_from_path(certificate, key)
    options.override_default_trust_store_from_path(ca_filepath=cacert)
    client = mqtt.Connection(mqtt.Client(tls_ctx=io.ClientTlsContext(options)), host, port, client_id)
    connection = over_awscrt(client)
    client.connect()
    return connection
