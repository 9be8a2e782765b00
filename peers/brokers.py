"""Brokers with mutual TLS in the place of AWS IoT, each in a folder of its own: mosquitto, and RabbitMQ's MQTT."""

import contextlib
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

from aws.iot import iot
from fota_operator.local.pki import ensure_server_certificate
from peers import programs
from peers.identities import Authority
from peers.place import free_port, listening
from peers.responder import Responder, new_client

THING = "lamp"
_RABBITMQ_READY_WITHIN_S = 90.0
_MOSQUITTO_CONF = """
listener {port} 127.0.0.1
cafile {folder}/devices.pem
certfile {folder}/server.pem
keyfile {folder}/server.key
require_certificate true
use_identity_as_username true
allow_anonymous false
persistence true
persistence_location {folder}/
user root
"""
_RABBITMQ_CONF = """
listeners.tcp = none
mqtt.listeners.tcp = none
mqtt.listeners.ssl.default = 127.0.0.1:{port}
mqtt.allow_anonymous = false
mqtt.ssl_cert_login = true
ssl_cert_login_from = common_name
ssl_options.cacertfile = {folder}/devices.pem
ssl_options.certfile = {folder}/server.pem
ssl_options.keyfile = {folder}/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
default_user = {thing}
log.console = true
"""


class Broker:
    """A broker in a folder of its own, and the certificate of a device that it accepts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir(parents=True)
        ensure_server_certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
        devices = Authority(THING)
        (folder / "devices.pem").write_bytes(devices.pem)
        devices.write_identity(folder / "device.pem", folder / "device.key")
        Authority(THING).write_identity(folder / "stranger.pem", folder / "stranger.key")

    def start(self) -> contextlib.AbstractContextManager[None]:
        """The broker; it ends with the block, and may be started again. *Raises* NotHere, ProcessFailed."""
        raise NotImplementedError

    def thing(self, name: str = "device") -> iot.Thing:
        """A device with the certificate of that name, not connected."""
        return iot.Thing(
            "localhost",
            THING,
            self.folder / f"{name}.pem",
            self.folder / f"{name}.key",
            cacert=self.folder / "ca.pem",
        )

    def responder(self) -> contextlib.AbstractContextManager[Responder]:
        """AWS IoT Jobs as a client of the broker."""
        client = new_client("jobs")
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        context.load_cert_chain(self.folder / "device.pem", self.folder / "device.key")
        client.tls_set_context(context)
        return Responder(client, THING).answering(self.port)


class Mosquitto(Broker):
    """Started by root, it would become a user who may not read the key, unless told `user root`."""

    def start(self) -> contextlib.AbstractContextManager[None]:
        """The broker; what it keeps of sessions is there again after a restart."""
        conf = self.folder / "mosquitto.conf"
        conf.write_text(_MOSQUITTO_CONF.format(folder=self.folder, port=self.port))
        return listening([programs.program("mosquitto"), "-c", str(conf)], self.port, self.folder / "said.log")


class RabbitMq(Broker):
    """With its plugin for MQTT and without AMQP, one node, on ports of its own."""

    @contextlib.contextmanager
    def start(self) -> Iterator[None]:
        """The broker; it takes some twenty seconds."""
        command = [programs.program("rabbitmq-server")]
        folder, erlang = self.folder, programs.erlang()
        (folder / "plugins").write_text("[rabbitmq_mqtt,rabbitmq_auth_mechanism_ssl].")
        (folder / "rabbitmq.conf").write_text(_RABBITMQ_CONF.format(folder=folder, port=self.port, thing=THING))
        names_port = free_port()
        environment = {
            "HOME": str(folder),
            "PATH": f"{erlang / 'bin'}:{os.environ['PATH']}",
            "ERL_EPMD_PORT": str(names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "peer@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        # Erlang's server of names; by itself RabbitMQ would leave one running.
        names = [str(next(erlang.glob("erts-*/bin/epmd"))), "-port", str(names_port)]
        with (
            listening(names, names_port, folder / "names.log", environment=environment),
            listening(
                command,
                self.port,
                folder / "said.log",
                environment=environment,
                within_s=_RABBITMQ_READY_WITHIN_S,
            ),
        ):
            yield
