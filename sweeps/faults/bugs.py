"""Seeded bugs, of the kinds that the field has shown, each with the cells that must not end as documented with it."""

from __future__ import annotations

from sweeps.faults.patch_bugs import PATCH_BUGS
from sweeps.faults.seeded import Seeded
from sweeps.faults.shadow_bugs import SHADOW_BUGS
from sweeps.seeding.bugs import at, bug
from sweeps.seeding.verbs import at_start, drop, never, replace, set_to

SEEDED = (
    Seeded(
        "an event that says less than it was taken for",
        bug(
            "next-job-alone",
            "Only a change of the first job is heard, and nobody looks without news.",
            at("jobs:Jobs.__init__", drop("thing.mqtt.subscribe(topics.jobs_notify(_), self._notify)")),
            at("looks:Looks._is_time", set_to("is_time", "False")),
        ),
        ("foreign-job/idle/micropython",),
    ),
    Seeded(
        "trouble of the world told as a fault of the image",
        bug(
            "offline-is-a-crash",
            "An image on trial that ends for want of a network has crashed.",
            at("supervisor:Supervisor._cause_of", never("_ >= 0 and _")),
        ),
        ("no-route@75s/trial-connecting/cpython", "no-route@600s/trial-started/cpython"),
    ),
    Seeded(
        "trouble of the world told as a fault of the image",
        bug(
            "offline-is-a-hang",
            "An image whose time is over has hung, whatever the network did.",
            at("supervisor:Supervisor._cause_of_delay", at_start("return 'hung'")),
        ),
        ("throttled@600s/trial-listing/cpython",),
    ),
    Seeded(
        "an exception that nobody expected",
        bug(
            "what-a-policy-raises-fails-the-job",
            "What the program's policy raises is the end of its job.",
            at("asking:Asking.answer", replace("return Later(FAILED)", "raise")),
        ),
        ("policy-raises@75s/listing",),
    ),
    Seeded(
        "not now told as never",
        bug(
            "one-try",
            "A connection that breaks ends the download.",
            at("download:_may_pass", at_start("return False")),
        ),
        ("reset/download-middle",),
    ),
    Seeded(
        "an exception that nobody expected",
        bug(
            "callbacks-may-raise",
            "What the program's own progress raises is the update's fault.",
            at("calls:handle_fota_jobs", replace("guarded(_1)", "(_1)")),
        ),
        ("callbacks-raise@10800s/claiming", "callbacks-raise@75s/download-begin"),
    ),
    Seeded(
        "an exception that nobody expected",
        bug(
            "update-lets-out-what-it-met",
            "An error that nobody expected leaves `update` as it is, and ends the program that called it.",
            at("calls:update", replace("unexpected(error)", "error")),
        ),
        ("client-breaks@75s/download-begin",),
    ),
    Seeded(
        "a bound one layer above the call that blocks",
        bug(
            "head-without-end",
            "A head may be of any length, and take any time as long as it goes on.",
            at(
                "http_micropython:SslAnswer._head",
                replace("self._read(piece, _)", "self._read(piece, machine.now_ms() + self._timeout_ms)"),
                replace("not count or _ > _MAX_HEAD_BYTES", "not count"),
            ),
        ),
        ("head-endless@75s/download-begin/micropython",),
    ),
    Seeded(
        "storage that is not the one in the laboratory",
        bug(
            "no-boot-without-a-record",
            "A record that cannot be saved stops the boot.",
            at("boot:_save", replace("return False", "raise")),
        ),
        ("read-only@600s/trial-attempt",),
    ),
    Seeded(
        "silence on a connection that lives, and AWS's quotas",
        bug(
            "connects-without-a-pause",
            "A CONNECT follows the one before as fast as the back-off allows.",
            at("connect_pace:connect_wait_ms", at_start("return 0")),
        ),
        ("kicked-often@75s/claiming", "kicked-often@75s/asking-again"),
    ),
    Seeded(
        "a process tree taken for a process group",
        bug(
            "nothing-is-swept",
            "What an image leaves running is left alone.",
            at("processes:ImageProcess.sweep", at_start("return")),
        ),
        ("helper-left/restarting",),
    ),
    Seeded(
        "a process tree taken for a process group",
        bug(
            "leftovers-stay",
            "What the images of a boot chooser that was killed have left running is left alone.",
            at("leftovers:end", at_start("return")),
        ),
        ("chooser-killed-helper-left/claiming",),
    ),
    Seeded(
        "a guarantee that ends earlier than its reader thinks",
        bug(
            "no-way-back-after-the-confirm",
            "A confirmed image that crashes at each start is started again for ever.",
            at("boot:_after_crashes", at_start("return record")),
        ),
        ("crashes-from-second-start/idle/cpython",),
    ),
    Seeded(
        "a guarantee that ends earlier than its reader thinks",
        bug(
            "fall-back-untold",
            "The cloud does not hear that a confirmed image was given up.",
            at("shadows:Shadows.tell_fall_back", at_start("return")),
        ),
        ("crashes-from-third-start/idle/micropython",),
    ),
    Seeded(
        "no bound over many jobs",
        bug(
            "no-pause-between-updates",
            "An update begins whenever a job asks for it, however many have failed.",
            at("update_pace:Pace.wait_s", at_start("return 0")),
        ),
        ("wrong-object-again/idle/cpython",),
    ),
    Seeded(
        "not now told as never",
        bug(
            "busy-is-not-heard",
            "A server that asks for a wait by Retry-After is asked again after the delays of any other error.",
            at("download:Download.run", set_to("asked_ms", "0")),
        ),
        ("http-503-asks/download-begin",),
    ),
    Seeded(
        "silence on a connection that lives, and AWS's quotas",
        bug(
            "silence-towards-the-program",
            "A pause between two tries of a download calls no Progress, which may feed a watchdog.",
            at("waiting:pause", drop("tell()")),
        ),
        ("no-route@600s/download-middle", "http-503@600s/download-begin"),
    ),
    Seeded(
        "addresses, names, environments",
        bug(
            "around-the-proxy",
            "HTTPS_PROXY is ignored, and the network lets nobody else out.",
            at("proxy:proxy_for", at_start("return None")),
        ),
        ("proxy-silent@20s/download-middle",),
    ),
    Seeded(
        "addresses, names, environments",
        bug(
            "a-proxy-is-waited-for-without-end",
            "The answer of a proxy has no deadline.",
            at("proxy:_left_s", at_start("return 86400.0")),
        ),
        ("proxy-silent@75s/download-begin",),
    ),
    Seeded(
        "an event that says less than it was taken for",
        bug(
            "deaf-after-a-refusal",
            "A filter that is refused is not asked for again.",
            at("filters:Filters.due", replace("(UNASKED, REFUSED)", "(UNASKED,)")),
        ),
        ("suback-refused@75s/claiming", "suback-refused@600s/idle"),
    ),
    Seeded(
        "silence on a connection that lives, and AWS's quotas",
        bug(
            "hung-up-on-for-ever",
            "A filter that the broker hangs up on is asked for with the others on every connection.",
            at("filters:Filters.is_suspicious", at_start("return False")),
        ),
        ("old-policy@10800s/claiming", "old-policy@10800s/asking-again"),
    ),
    Seeded(
        "addresses, names, environments",
        bug(
            "one-address-after-the-other",
            "The next address of a host is tried when the one before has failed, and not before.",
            at("dial:Dial._begin", set_to("self._next_ms", "machine.now_ms() + 600_000")),
        ),
        ("ipv6-dead@10800s/looking-up/micropython",),
    ),
    Seeded(
        "addresses, names, environments",
        bug(
            "ipv4-alone",
            "A host is asked for its IPv4 addresses alone.",
            at(
                "dial:Dial.__init__",
                replace(
                    "socket.getaddrinfo(host, port, 0, _1)", "socket.getaddrinfo(host, port, socket.AF_INET, _1)"
                ),
            ),
        ),
        ("v6-only/looking-up",),
    ),
    Seeded(
        "the reason stays on the device",
        bug(
            "unreadable-and-no-word",
            "The cloud does not hear that the record of a device cannot be read.",
            at("storage_trouble:tell_unread", at_start("return")),
        ),
        ("record-unreadable@10800s/download-middle", "record-unreadable@10800s/started"),
    ),
    Seeded(
        "the reason stays on the device",
        bug(
            "crashed-and-no-word-more",
            "The error of an image that crashed is not noted.",
            at("supervisor:Supervisor._note_end", drop("_.add(...)")),
        ),
        ("kicked/bad-trial/cpython", "reset/back-connecting/cpython"),
    ),
    Seeded(
        "truth",
        bug(
            "success-before-it-is-final",
            "SUCCEEDED is reported of an image that is still on trial.",
            at("flow:Flow.run", drop("_.confirm()")),
        ),
        ("kicked/trial-listing", "answers-lost@20s/reporting"),
    ),
    Seeded(
        "trouble of the world told as a fault of the image",
        bug(
            "waiting-is-silence",
            "The library does not keep the promise of a program that waits for it.",
            at("progress:_guarded", drop("machine.still_alive()")),
        ),
        ("no-route@600s/download-middle/cpython", "blackhole@600s/download-middle/cpython"),
    ),
    Seeded(
        "an image that is never well and stays",
        bug(
            "a-hang-is-no-crash",
            "A confirmed image that hangs at each start is started again for ever.",
            at("supervisor:Supervisor._run_image", drop("boot.crashed(self._home.records, slot)")),
        ),
        ("hangs-from-second-start/idle/cpython",),
    ),
    Seeded(
        "an image that is never well and stays",
        bug(
            "a-hang-is-not-seen",
            "A promise that is broken has no consequence.",
            at("heartbeat:Promise.broken_for_s", at_start("return None")),
        ),
        ("hangs-from-second-start/idle/cpython",),
    ),
    *PATCH_BUGS,
    *SHADOW_BUGS,
)
