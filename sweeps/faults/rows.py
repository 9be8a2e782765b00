"""The second list: the faults, each with how long it lasts and the outcomes that are right."""

from __future__ import annotations

from dataclasses import replace

from sweeps.faults.device_rows import DEVICE_ROWS
from sweeps.faults.halves import CPYTHON
from sweeps.faults.patch_rows import PATCH_ROWS
from sweeps.faults.proxy_rows import PROXY_ROWS
from sweeps.faults.row import (
    ENDED,
    LASTING_S,
    NO_SPACE,
    NOT_CONFIRMED,
    NOT_STARTED,
    OFFLINE,
    PASSING_S,
    STATUS,
    STORAGE,
    TIMEOUT,
    UNREACHABLE,
    UPDATED,
    Row,
)
from sweeps.faults.row import cut as _cut
from sweeps.faults.row import lasting as _lasting
from sweeps.faults.row import once as _once
from sweeps.faults.shadow_rows import SHADOW_ROWS
from sweeps.faults.voiding import VOID_ROWS


def _server(name: str, about: str, lasting: tuple[str, ...], seconds: tuple[int, ...] = PASSING_S) -> list[Row]:
    row = Row(name, "http", about, (name,))
    # A URL that expires meanwhile is answered with 403, which may be what the last try met.
    outcomes = tuple(dict.fromkeys((UPDATED, *lasting, STATUS))) if lasting else (UPDATED,)
    return [*_lasting(row, seconds), *_lasting(replace(row, outcomes=outcomes), (LASTING_S,))]


def _final(name: str, about: str, outcome: str) -> list[Row]:
    row = Row(name, "http", about, (name,), outcomes=(UPDATED, outcome))
    # As in `_server`: the last try may have met the 403.
    return [*_lasting(row, (75,)), *_lasting(replace(row, outcomes=(*row.outcomes, STATUS)), (LASTING_S,))]


def _cloud(name: str, about: str, group: str = "aws", more: tuple[str, ...] = ()) -> list[Row]:
    row = Row(name, group, about, (name,))
    return [
        *_lasting(row, (20, 75)),
        *_lasting(replace(row, in_trial=(OFFLINE,)), (600,)),
        *_lasting(replace(row, outcomes=(UPDATED, *more), in_trial=(OFFLINE,)), (LASTING_S,)),
    ]


def _process(name: str, about: str) -> list[Row]:
    row = Row(name, "processes", about, (name,), halves=(CPYTHON,))
    return [*_lasting(row, (20, 75)), *_lasting(replace(row, in_trial=(NOT_STARTED,)), (600, LASTING_S))]


_PORTAL = "the certificate that comes is not the server's"
_RENEWAL = (UNREACHABLE, TIMEOUT, STATUS)

ROWS: tuple[Row, ...] = (
    *_cut("no-route", "no network: every call says so immediately, what was sent is lost"),
    *_cut("blackhole", "every packet vanishes, and nobody says so"),
    *_cut("refused", "every connection is reset, and each new one is refused"),
    *_once("reset", "network", "every open connection is reset, once"),
    *_lasting(
        Row(
            "reset-often",
            "network",
            "every connection is reset every three seconds",
            ("reset-often",),
            in_trial=(OFFLINE,),
            outcomes=(UPDATED, *_RENEWAL),
        ),
        (75, 600),
    ),
    *_lasting(
        Row(
            "ipv6-dead", "network", "four IPv6 addresses that lead nowhere stand before the good one", ("ipv6-dead",)
        ),
        (75, LASTING_S),
    ),
    *_cut("dns-fails", "no name server answers", "dns"),
    *_cut("dns-unknown", "the name server says that the names do not exist", "dns"),
    *_lasting(Row("dns-slow", "dns", "each look-up takes eight seconds", ("dns-slow",)), (75, LASTING_S)),
    *_cut("tls-stalls", "nobody answers the first message of TLS", "tls"),
    *_cut("tls-closes", "the other end hangs up in the middle of the handshake", "tls"),
    *_cut("portal", f"a portal: {_PORTAL}", "tls", ("failed untrusted-server",)),
    *_server("http-500", "500, an error of the server", (STATUS,)),
    *_server("http-503", "503, the server is busy", (STATUS,)),
    *_server("http-503-coded", "503, with a page that is compressed", (STATUS,)),
    *_server("http-503-asks", "503 with `Retry-After: 120`, whatever the time", (STATUS,)),
    *_server("http-429", "429, too many requests", (STATUS,)),
    *_server("http-403", "403 to fresh URLs too: the session of the role has expired", (STATUS,)),
    *_final("http-404", "404, no such object", STATUS),
    *_final("http-redirect", "307, the object is elsewhere", STATUS),
    *_server("head-silent", "no answer to a request", (TIMEOUT,)),
    *_server(
        "head-dripped", "a head that comes at five bytes a second", (TIMEOUT, UNREACHABLE, "failed http-answer")
    ),
    *_server(
        "head-endless", "a head without an end", (TIMEOUT, UNREACHABLE, "failed http-answer", "failed budget-spent")
    ),
    *_server(
        "interim-endless",
        "`100 Continue` without an end",
        (TIMEOUT, UNREACHABLE, "failed http-answer", "failed budget-spent"),
    ),
    *_server("not-http", "an answer that is not HTTP", (UNREACHABLE, "failed http-answer")),
    *_server("body-breaks", "the body ends after half a piece", ("failed body-too-short", UNREACHABLE)),
    *_server("body-stalls", "the body stops coming, the connection stays", (TIMEOUT,)),
    *_server("dripped", "the body comes at five bytes a second", (TIMEOUT,)),
    *_server("ranges-ignored", "the server begins at the first byte, whatever was asked for", ()),
    *_final("other-bytes", "other bytes of the same length", "failed hash-mismatch"),
    *_final("longer", "the object is longer than promised", "failed body-too-long"),
    *_final("shorter", "the object is shorter than promised", "failed body-too-short"),
    *_final("coded", "the object is marked as compressed", "failed http-answer"),
    *_cloud("server-unavailable", "the broker refuses: it is busy", "mqtt", _RENEWAL),
    *_cloud("not-authorized", "the broker refuses: not authorized", "mqtt", _RENEWAL),
    *_cloud(
        "certificate-inactive", "the certificate is not active: the broker hangs up on CONNECT", "mqtt", _RENEWAL
    ),
    *_cloud("connack-silent", "no answer to CONNECT", "mqtt", _RENEWAL),
    *_cloud("suback-silent", "no answer to SUBSCRIBE", "mqtt", _RENEWAL),
    *_cloud("suback-refused", "every filter is refused", "mqtt", _RENEWAL),
    *_lasting(
        Row(
            "old-policy",
            "mqtt",
            "the policy forbids `notify`: the broker hangs up on that SUBSCRIBE",
            ("old-policy",),
        ),
        (LASTING_S,),
    ),
    *_lasting(
        Row("pubacks-lost", "mqtt", "no message is acknowledged, each arrives", ("pubacks-lost",)),
        (75, 600, LASTING_S),
    ),
    *_cloud("publishes-lost", "messages are discarded without a word, as above a quota", "mqtt", _RENEWAL),
    *_cloud("broker-silent", "the broker says nothing more, the connection stays", "mqtt", _RENEWAL),
    *_cloud("broker-garbage", "the broker answers with what is not MQTT", "mqtt", _RENEWAL),
    *_once("kicked", "mqtt", "the broker hangs up, once"),
    *_lasting(
        Row("kicked-often", "mqtt", "the broker hangs up every four seconds", ("kicked-often",), in_trial=(OFFLINE,)),
        (75, 600),
    ),
    *_lasting(Row("messages-twice", "mqtt", "every message comes twice", ("messages-twice",)), (LASTING_S,)),
    *_cloud("throttled", "RequestThrottled to every request", more=_RENEWAL),
    *_cloud("service-error", "InternalError to every request", more=_RENEWAL),
    *_cloud("answers-lost", "requests take effect, no answer comes", more=_RENEWAL),
    *_cloud("requests-lost", "no request arrives", more=_RENEWAL),
    *_cloud("answers-late", "answers take eleven seconds, longer than is waited", more=_RENEWAL),
    *_lasting(Row("answers-twice", "aws", "every answer comes twice", ("answers-twice",)), (LASTING_S,)),
    *_cloud("answers-garbage", "answers that are not JSON", more=_RENEWAL),
    *_cloud("answers-foreign", "answers with somebody else's token", more=_RENEWAL),
    *_lasting(Row("notifications-lost", "aws", "no notification arrives", ("notifications-lost",)), (LASTING_S,)),
    *_once("foreign-job", "aws", "another agent's job waits at the head of the list for ever"),
    *_once("foreign-jobs", "aws", "twelve other jobs stand before ours"),
    *_once("cancelled", "aws", "the operator cancels the job", ENDED, UPDATED),
    *_once("timed-out", "aws", "the service lets the job time out", ENDED, UPDATED),
    *_once("deleted", "aws", "the operator deletes the job", ENDED, UPDATED),
    *_lasting(
        Row("disk-full", "disk", "no room is left", ("disk-full",), outcomes=(UPDATED, NO_SPACE, STORAGE)),
        (20, 75, LASTING_S),
    ),
    *_lasting(
        Row(
            "read-only",
            "disk",
            "the file system has turned read-only",
            ("read-only",),
            outcomes=(UPDATED, STORAGE),
            in_trial=(NOT_CONFIRMED,),
        ),
        (20, 75, 600, LASTING_S),
    ),
    *_lasting(
        Row(
            "writes-fail",
            "disk",
            "writes fail",
            ("writes-fail",),
            outcomes=(UPDATED, STORAGE),
            in_trial=(NOT_CONFIRMED,),
        ),
        (1, 20, 600),
    ),
    *_lasting(
        Row(
            "flush-fails",
            "disk",
            "flushes fail",
            ("flush-fails",),
            outcomes=(UPDATED, STORAGE),
            in_trial=(NOT_CONFIRMED,),
        ),
        (1, 20, 600),
    ),
    *_lasting(Row("flush-slow", "disk", "each flush takes eight seconds", ("flush-slow",)), (75,)),
    *_lasting(
        Row(
            "reads-fail",
            "disk",
            "reads fail",
            ("reads-fail",),
            outcomes=(UPDATED, STORAGE, "failed hash-mismatch"),
            in_trial=(NOT_CONFIRMED, "rolled-back image-damaged"),
        ),
        (1, 20),
    ),
    *_lasting(
        Row(
            "writes-lie",
            "disk",
            "a slot keeps other bytes than were written",
            ("writes-lie",),
            outcomes=(UPDATED, STORAGE),
        ),
        (75,),
    ),
    *_lasting(
        Row("no-fallocate", "disk", "the file system cannot reserve room, and says so", ("no-fallocate",)),
        (LASTING_S,),
    ),
    *_lasting(
        Row(
            "no-fallocate-glibc",
            "disk",
            "the C library reserves room by reading and writing",
            ("no-fallocate-glibc",),
        ),
        (LASTING_S,),
    ),
    *_lasting(
        Row(
            "no-descriptors",
            "memory",
            "no file descriptor is free",
            ("no-descriptors",),
            outcomes=(UPDATED, STORAGE, *_RENEWAL),
            in_trial=(OFFLINE, NOT_CONFIRMED),
        ),
        (20, 75),
    ),
    *_cut("no-memory-for-tls", "there is no memory for a TLS connection", "memory"),
    *_lasting(
        Row("callbacks-raise", "memory", "every callback of the program raises", ("callbacks-raise",)),
        (75, LASTING_S),
    ),
    *_process("fork-fails", "no process can be made"),
    *_process("exec-fails", "a process is made, and there is no memory for the image in it"),
    *_once("killed", "processes", "the image, or what launches it, is killed", halves=(CPYTHON,)),
    *_once("service-restarted", "processes", "the service is stopped and started again"),
    *_once("power-cut", "processes", "the power is cut; what was not flushed is kept"),
    *_once("power-cut-lost", "processes", "the power is cut; what was not flushed is lost"),
    *DEVICE_ROWS,
    *PROXY_ROWS,
    *PATCH_ROWS,
    *SHADOW_ROWS,
    *VOID_ROWS,
)
