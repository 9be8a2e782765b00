"""Seeded bugs on the way from a job to its report: download and resume, journal, trial, report."""

from __future__ import annotations

from sweeps.seeding.bugs import Bug, at, bug
from sweeps.seeding.verbs import after, always, before, drop, drop_operand, negate, replace, set_to

UPDATE: tuple[Bug, ...] = (
    bug(
        "resumed-from-the-file-size",
        "A slot without a seal counts as written as far as its file goes.",
        at(
            "install:Installer.receive",
            after(
                "_1 = _2() if _ is None else _",
                """
                if self._slots.seal_of(slot) is None:
                    reader = self._slots.reader(slot)
                    _1 = _2(sum(iter(lambda: reader.readinto(self.buffer), 0)))
                """,
            ),
        ),
        at("install:Installer._is_on_storage", drop_operand("_.check32 in _")),
    ),
    bug(
        "named-before-the-flush-and-trusted",
        "The journal names bytes that are not flushed, and they are gone on from without a look at their CRC.",
        at("install:Intake._save", drop("_.flush()")),
        at("install:Installer._is_on_storage", drop_operand("_.check32 in _")),
    ),
    bug(
        "resumed-one-sector-late",
        "The journal names more bytes than have come.",
        at("download:Download.reached", replace("self._offset_bytes", "self._offset_bytes + 512")),
    ),
    bug(
        "resumed-at-the-beginning-of-the-slot",
        "What comes after a resume is written at the beginning of the slot.",
        at("storage:SlotWriter.__init__", set_to("self._written_bytes", "0")),
    ),
    bug(
        "a-whole-answer-appended",
        "A server that starts over is taken for one that goes on.",
        at("download:Download._accept", drop("_.restart()")),
    ),
    bug(
        "one-reset-fails-the-job",
        "A job that is taken up again after a reset is given up.",
        at("firmware_job:FirmwareJob._carry_out", replace("_1.taken_up > _", "_1.taken_up > 1")),
    ),
    bug(
        "installed-not-saved",
        "The journal does not learn that the image was installed.",
        at("firmware_job:FirmwareJob._carry_out", drop("_.save_stage(journal.INSTALLED)")),
    ),
    bug(
        "trial-before-installed",
        "The trial begins before the journal says that the image was installed.",
        at("firmware_job:FirmwareJob._carry_out", drop("_.save_stage(journal.INSTALLED)")),
        at(
            "firmware_job:FirmwareJob._begin_trial",
            after("_.begin_trial(...)", "update.save_stage(journal.INSTALLED)"),
        ),
    ),
    bug(
        "journal-cleared-before-the-trial",
        "The journal is cleared when the trial begins: the new image does not know whose it is.",
        at("firmware_job:FirmwareJob._begin_trial", after("_1.begin_trial(...)", "_1.forget_update()")),
    ),
    bug(
        "put-off-and-restarted",
        "The trial begins though the program's policy says later.",
        at("firmware_job:FirmwareJob._carry_out", replace("not self._may(_RESTART, _)", "False")),
    ),
    bug(
        "a-reset-is-taken-for-a-yes",
        "The program's policy is not asked again about an update that was begun before a reset.",
        at(
            "firmware_job:FirmwareJob._take",
            replace("not self._may(_1, _2)", "begun is None and not self._may(_1, _2)"),
        ),
        at("firmware_job:FirmwareJob._install", replace("not self._may(_DOWNLOAD, _)", "False")),
    ),
    bug(
        "job-over-and-tried",
        "A job that the service ended during the download is tried all the same.",
        at("firmware_job:FirmwareJob._carry_out", drop("raise")),
    ),
    bug(
        "known-bad-not-asked",
        "An image that was rolled back is tried again when it is offered again.",
        at("firmware_job:FirmwareJob.carry_out", negate("not _.insists")),
    ),
    bug(
        "known-bad-not-remembered",
        "The journal is cleared after a rollback without a word of the bad image.",
        at("flow:Flow._conclude", replace("_1.forget_update(bad=_, cause=_, failure=_)", "_1.forget_update()")),
    ),
    bug(
        "known-bad-forgotten-by-the-next-job",
        "The next job's entry overwrites the images known to be bad.",
        at(
            "journal:Journal._save",
            replace("encode(_1, _, _2, _3, kept=_4, failure=_5)", "encode(_1, None, _2, _3, kept=_4, failure=_5)"),
        ),
    ),
    bug(
        "fetched-is-lost-with-a-cut",
        "The bytes that a download has fetched are counted in memory, and not written with its checkpoints.",
        at(
            "journal:Journal._save",
            replace("encode(_1, _2, _3, _, kept=_4, failure=_5)", "encode(_1, _2, _3, {}, kept=_4, failure=_5)"),
        ),
    ),
    bug(
        "fetched-not-counted",
        "The account hears nothing of what a download fetches.",
        at("install:Installer.receive", replace("Download(..., count=_)", "Download(..., count=None)")),
    ),
    bug(
        "health-check-ignored",
        "An image whose own health check refuses is confirmed.",
        at("flow:Flow.run", replace("not _passes(_)", "not _passes(None)")),
    ),
    bug(
        "never-confirmed",
        "A healthy image on trial reports, and is not confirmed.",
        at("flow:Flow.run", drop("_.confirm()")),
    ),
    bug(
        "report-before-confirm",
        "SUCCEEDED is reported before the image is confirmed.",
        at(
            "flow:Flow.run",
            before("_.confirm()", "self._conclude([(job.jobid, job.execution) for job in in_progress + queued])"),
        ),
    ),
    bug(
        "succeeded-by-the-journal",
        "SUCCEEDED is reported because the journal says installed, whatever image runs.",
        at("flow:Flow._conclusion", always("_.runs(_)")),
    ),
    bug(
        "rollback-reported-as-success",
        "A job whose image was rolled back is reported SUCCEEDED.",
        at("flow", replace("(_1, _2, _3, _4, REPORT_ROLLED_BACK)", "(_1, _2, _3, _4, REPORT_SUCCEEDED)")),
    ),
    bug(
        "rollback-not-reported",
        "A job whose image was rolled back is gone on with.",
        at("flow", replace("(_1, _2, _3, _4, REPORT_ROLLED_BACK)", "(_1, _2, _3, _4, GO_ON)")),
    ),
    bug(
        "owed-failure-told-as-success",
        "A failure that is still owed after a reset is reported SUCCEEDED.",
        at("flow", replace("(_1, _2, _3, _4, REPORT_FAILED)", "(_1, _2, _3, _4, REPORT_SUCCEEDED)")),
    ),
    bug(
        "settled-before-the-report",
        "The record forgets the rollback before it was reported.",
        at("flow:Flow._conclude", before("self._report(...)", "self._device.settle()")),
    ),
    bug(
        "journal-cleared-before-the-answer",
        "The journal is cleared before the service has taken the report.",
        at("flow:Flow._conclude", before("self._report(...)", "self._device.forget_update()")),
    ),
    bug(
        "journal-not-cleared",
        "The journal is not cleared after the report.",
        at("flow:Flow._conclude", drop("_.forget_update(bad=_, cause=_, failure=_)")),
    ),
    bug(
        "a-lost-answer-taken-for-yes",
        "A report that nobody answered counts as accepted.",
        at("reports:report", replace("ExecutionOver", "Exception")),
    ),
    bug(
        "over-not-taken-for-an-answer",
        "A report is owed for ever when the service says that the job is over.",
        at("reports:report", replace("return", "raise")),
    ),
    bug(
        "jobs-in-progress-forgotten",
        "Only queued jobs are looked at: one that was taken before a reset is never finished.",
        at("flow:Flow.run", replace("in_progress + queued", "queued")),
    ),
)
