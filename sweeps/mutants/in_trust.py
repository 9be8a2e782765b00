"""Seeded bugs in what a device trusts: keyring, releases kept beside slots, mark and floor."""

from __future__ import annotations

from sweeps.seeding.bugs import Bug, at, bug
from sweeps.seeding.verbs import after, before, drop, drop_operand, replace, set_to, swap, takes

TRUST: tuple[Bug, ...] = (
    bug(
        "floor-raised-at-the-confirm",
        "The floor rises to a new image as soon as it is confirmed, without any probation.",
        at("floor:Floor.after_healthy_boot", replace("_1 >= PROBATION_BOOTS", "_1 >= 1")),
    ),
    bug(
        "floor-raised-in-a-trial",
        "An image on trial counts as healthy: mark and floor rise before anybody has confirmed it.",
        at("device:Device.awaits_healthy_boot", drop_operand("_.verdict() != _")),
        at(
            "flow:Flow.run",
            before(
                "if _1.verdict() == trial.ON_TRIAL and not _passes(_): ...",
                """
                if _1.awaits_healthy_boot():
                    _1.boot_was_healthy()
                """,
            ),
        ),
    ),
    bug(
        "mark-raised-when-admitted",
        "The mark rises when a release is admitted, before its image was tried.",
        at(
            "releases:Releases.admit",
            before(
                'log("release-admitted", ...)',
                """
                reached = self.floor()
                reached.seq, reached.sha256 = release.seq, release.sha256
                self.floors.save(reached)
                """,
            ),
        ),
    ),
    bug(
        "floor-never-raised",
        "Healthy boots are counted, and the security version is never demanded.",
        at("floor:Floor.after_healthy_boot", replace("_, _1 = _.secver, 0", "_1 = PROBATION_BOOTS")),
    ),
    bug(
        "below-floor-accepted",
        "The floor is kept, and no security version is compared with it.",
        at("floor:Floor.require", replace("_1.secver < self.secver", "_1.secver < 0")),
    ),
    bug(
        "probation-of-another-image",
        "The healthy boots of the image before count for the next one.",
        at("floor:Floor.after_healthy_boot", replace("_1 if _ else 0", "_1")),
    ),
    bug(
        "healthy-boot-counted-at-every-look",
        "Each look at the jobs counts as a healthy boot.",
        at("device:Device.boot_was_healthy", set_to("self._is_counted", "False")),
    ),
    bug(
        "older-releases-accepted",
        "The mark is kept, and no manifest number is compared with it.",
        at("floor:Floor.require", replace("_1.seq < self.seq", "_1.seq < 0")),
    ),
    bug(
        "same-number-other-image",
        "A manifest with the number of the mark is taken for the same release, whatever image it names.",
        at("floor:Floor.require", replace("_1.sha256 != self.sha256", "not _1.sha256")),
    ),
    bug(
        "release-kept-after-the-trial-began",
        "The trial begins without a look at the release, which is put beside the slot afterwards.",
        at("device:Device.begin_trial", drop("_.require_kept(_)")),
        at(
            "firmware_job:FirmwareJob._carry_out",
            drop("_.keep_release(...)"),
            replace("self._begin_trial(...)", "self._begin_trial(..., admitted)"),
        ),
        at(
            "firmware_job:FirmwareJob._begin_trial",
            takes('admitted: "Admitted"'),
            after("_1.begin_trial(_2, ...)", "_1.keep_release(_2, admitted.envelope)"),
        ),
    ),
    bug(
        "release-not-kept",
        "No release is kept beside its image.",
        at("firmware_job:FirmwareJob._carry_out", drop("_.keep_release(...)")),
    ),
    bug(
        "release-kept-beside-another-slot",
        "All slots share one release, and nobody asks whether it is that of the image.",
        at("boards:kept_in", replace("f'{_1}/slot-{_}.release'", "_1 + '/slot-0.release'")),
        at("releases:Releases._kept", replace("_1 if _.matches(_) else None", "_1")),
    ),
    bug(
        "unsigned-accepted",
        "A document without an envelope is taken, keyring or not.",
        at("releases:Releases.admit", replace("raise _.Unsigned(...)", "return Admitted(wanted, slot, None)")),
    ),
    bug(
        "lost-keyring-taken-for-none",
        "A device whose keyring is destroyed takes whatever a job names.",
        at("keyring:KeyringStore.load", replace("_.is_made()", "content is not None")),
    ),
    bug(
        "keyring-saved-into-one-copy",
        "A new keyring is written into one of its two copies: the loss of that one brings the old keys back.",
        at("keyring:KeyringStore.save", replace("_1.save_in_both(_2)", "_1.save(_2)")),
    ),
    bug(
        "keyring-in-one-copy-after-a-cut",
        "A keyring that is there already is not written again: a cut between its two copies leaves an older one.",
        at("durable:DurableValue.save_in_both", replace("not _ or 0 in _ or not _ == _ == _1", "self.load() != _1")),
    ),
    bug(
        "renewed-and-not-counted",
        "A newer manifest of the image that runs is kept, and its number counts only from the next look on.",
        at("device:Device.keep_release", drop("self.confirm()")),
    ),
    bug(
        "keyring-after-the-factory-image",
        "A home is sealed, and boots, before it has its keyring.",
        at("provisioning:provision", swap("if keyring is not None: ...", "_fill(...)")),
    ),
    bug(
        "successor-of-any-version",
        "A keyring of any version takes the place of the one that is there.",
        at("keyring:successor", drop('require_same(_, "version", ...)')),
    ),
    bug(
        "successor-not-signed-by-itself",
        "A keyring is taken though nobody has signed with its own keys.",
        at("keyring:successor", drop("_.verified(...)")),
    ),
    bug(
        "keyring-without-its-hardware",
        "A keyring that is sent to devices of several kinds makes a device forget which kind it is.",
        at("keyring:successor", drop("_.hardware = _")),
    ),
    bug(
        "keyring-reported-before-it-is-saved",
        "SUCCEEDED is reported of a keyring that is not yet there.",
        at(
            "keyring_job:carry_out",
            drop("report(_, _, Job.SUCCEEDED, ...)"),
            before(
                "_ = _1.replace_keyring(_2)",
                """
                from fota.trust import keyring

                judged = keyring.successor(_1._releases.keyrings.load(), _2)
                report(jobs, job, Job.SUCCEEDED, {"keyring": str(judged.version)}, progress)
                """,
            ),
        ),
    ),
    bug(
        "refused-after-a-write",
        "The journal takes note of a job before its release was found good.",
        at(
            "firmware_job:FirmwareJob.carry_out",
            before(
                "_ = _1.admit(_2, ...)",
                "_1.take_up(self._job.jobid, self._job.execution or 0, _2).save_stage(journal.CLAIMED)",
            ),
        ),
    ),
)
