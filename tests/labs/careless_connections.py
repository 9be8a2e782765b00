"""Connections that break what a clause of `aws.iot.mqtt` says of refusals, of silence and of AWS IoT's quotas."""

from aws.iot.mqtt import rules
from aws.iot.mqtt._session_cpython import Session
from tests.labs.broken_connections import PahoWithHaste


class StaysDeaf(PahoWithHaste):
    replaces = (rules, "ASK_REFUSED_MS", (3_600_000, 3_600_000))


class SendsTooFast(PahoWithHaste):
    replaces = (rules, "PUBLISH_BURST", 1_000)


class ConnectsTooFast(PahoWithHaste):
    replaces = (rules, "CONNECT_EVERY_MS", 0)


class WaitsForEver(PahoWithHaste):
    replaces = (Session, "take_unanswered", lambda _self: None)


class KeepsAForbiddenFilter(PahoWithHaste):
    replaces = (rules, "HANG_UPS_BEFORE_SEARCH", 1_000_000)


CARELESS = {
    7: (StaysDeaf,),
    8: (SendsTooFast, ConnectsTooFast, WaitsForEver),
    9: (KeepsAForbiddenFilter,),
}
