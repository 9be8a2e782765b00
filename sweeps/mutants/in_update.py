"""Bugs on the way from a job to its report: download and resume, journal, trial, what the service is told."""

from __future__ import annotations

from sweeps.mutants.mutant import Change, Mutant, mutant

_DOWNLOAD = "fota/download.py"
_FIRMWARE_JOB = "aws/iot/firmware_job.py"
_FLOW = "aws/iot/flow.py"
_INSTALL = "fota/install.py"
_JOURNAL = "fota/journal.py"
_JOBS = "aws/iot/jobs.py"
_STORAGE = "fota/_storage_cpython.py"

_CLEARED = "self._device.journal.clear(bad=entry.wanted if conclusion == REPORT_ROLLED_BACK else None)"

UPDATE: tuple[Mutant, ...] = (
    Mutant(
        "resumed-from-the-file-size",
        "A slot without a seal counts as written as far as its file goes.",
        (
            Change(
                _INSTALL,
                "        start = Proven() if ledger is None else ledger.load()\n",
                "        start = Proven() if ledger is None else ledger.load()\n"
                "        if self._slots.seal_of(slot) is None:\n"
                "            reader = self._slots.reader(slot)\n"
                "            start = Proven(sum(iter(lambda: reader.readinto(self._buffer), 0)))\n",
            ),
            Change(_INSTALL, " and hasher.crc32 == start.crc32", ""),
        ),
    ),
    Mutant(
        "named-before-the-flush-and-trusted",
        "The journal names bytes that are not flushed, and they are gone on from without a look at their CRC.",
        (
            Change(_INSTALL, "        self.writer.flush()\n", ""),
            Change(_INSTALL, " and hasher.crc32 == start.crc32", ""),
        ),
    ),
    mutant(
        "resumed-one-sector-late",
        "The journal names more bytes than have come.",
        _DOWNLOAD,
        "        return Proven(\n            self._offset_bytes,\n            crc32=crc32,\n",
        "        return Proven(\n            self._offset_bytes + 512,\n            crc32=crc32,\n",
    ),
    mutant(
        "resumed-at-the-beginning-of-the-slot",
        "What comes after a resume is written at the beginning of the slot.",
        _STORAGE,
        "        self._written_bytes = offset_bytes\n",
        "        self._written_bytes = 0\n",
    ),
    mutant(
        "a-whole-answer-appended",
        "A server that starts over is taken for one that goes on.",
        _DOWNLOAD,
        "                sink.restart()\n",
        "",
    ),
    mutant(
        "one-reset-fails-the-job",
        "A job that is taken up again after a reset is given up.",
        _FIRMWARE_JOB,
        "            if entry.taken_up > MOST_TAKEN_UP:\n",
        "            if entry.taken_up > 1:\n",
    ),
    mutant(
        "installed-not-saved",
        "The journal does not learn that the image was installed.",
        _FIRMWARE_JOB,
        "            device.journal.save(self._entry.at(journal.INSTALLED))\n",
        "",
    ),
    Mutant(
        "trial-before-installed",
        "The trial begins before the journal says that the image was installed.",
        (
            Change(_FIRMWARE_JOB, "            device.journal.save(self._entry.at(journal.INSTALLED))\n", ""),
            Change(
                _FIRMWARE_JOB,
                "            self._device.begin_trial(slot, self._entry.wanted)\n",
                "            self._device.begin_trial(slot, self._entry.wanted)\n"
                "            self._device.journal.save(self._entry.at(journal.INSTALLED))\n",
            ),
        ),
    ),
    mutant(
        "journal-cleared-before-the-trial",
        "The journal is cleared when the trial begins: the new image does not know whose it is.",
        _FIRMWARE_JOB,
        "            self._device.begin_trial(slot, self._entry.wanted)\n",
        "            self._device.begin_trial(slot, self._entry.wanted)\n            self._device.journal.clear()\n",
    ),
    mutant(
        "job-over-and-tried",
        "A job that the service ended during the download is tried all the same.",
        _FIRMWARE_JOB,
        "            device.journal.clear()\n            raise\n        except (errors.Failed",
        "            device.journal.clear()\n        except (errors.Failed",
    ),
    mutant(
        "known-bad-not-asked",
        "An image that was rolled back is tried again when it is offered again.",
        _FIRMWARE_JOB,
        "            if device.journal.knows_bad(admitted.wanted) and not asked.insists:\n",
        "            if asked.insists and device.journal.knows_bad(admitted.wanted):\n",
    ),
    mutant(
        "known-bad-not-remembered",
        "The journal is cleared after a rollback without a word of the bad image.",
        _FLOW,
        _CLEARED,
        "self._device.journal.clear()",
    ),
    mutant(
        "known-bad-forgotten-by-the-next-job",
        "The next job's entry overwrites the images known to be bad.",
        _JOURNAL,
        "        self._value.save(encode(entry, self._bad()))\n",
        "        self._value.save(encode(entry))\n",
    ),
    mutant(
        "health-check-ignored",
        "An image whose own health check refuses is confirmed.",
        _FLOW,
        "self._device.verdict() == trial.ON_TRIAL and not _passes(health_check):",
        "self._device.verdict() == trial.ON_TRIAL and not _passes(None):",
    ),
    mutant(
        "never-confirmed",
        "A healthy image on trial reports, and is not confirmed.",
        _FLOW,
        "            self._device.confirm()\n",
        "",
    ),
    mutant(
        "report-before-confirm",
        "SUCCEEDED is reported before the image is confirmed.",
        _FLOW,
        "            self._device.confirm()\n            self._progress.confirmed(self._device.running_slot)\n",
        "            self._conclude([(job.jobid, job.execution) for job in in_progress + queued])\n"
        "            self._device.confirm()\n            self._progress.confirmed(self._device.running_slot)\n",
    ),
    mutant(
        "succeeded-by-the-journal",
        "SUCCEEDED is reported because the journal says installed, whatever image runs.",
        _FLOW,
        "                self._device.runs(entry.wanted),\n",
        "                True,\n",
    ),
    mutant(
        "rollback-reported-as-success",
        "A job whose image was rolled back is reported SUCCEEDED.",
        _FLOW,
        "    (False, True, True, False, REPORT_ROLLED_BACK),\n",
        "    (False, True, True, False, REPORT_SUCCEEDED),\n",
    ),
    mutant(
        "rollback-not-reported",
        "A job whose image was rolled back is gone on with.",
        _FLOW,
        "    (False, True, True, False, REPORT_ROLLED_BACK),\n",
        "    (False, True, True, False, GO_ON),\n",
    ),
    mutant(
        "owed-failure-told-as-success",
        "A failure that is still owed after a reset is reported SUCCEEDED.",
        _FLOW,
        "    (True, ANY, ANY, ANY, REPORT_FAILED),\n",
        "    (True, ANY, ANY, ANY, REPORT_SUCCEEDED),\n",
    ),
    mutant(
        "settled-before-the-report",
        "The record forgets the rollback before it was reported.",
        _FLOW,
        "                self._report(entry, conclusion)\n",
        "                self._device.settle()\n                self._report(entry, conclusion)\n",
    ),
    mutant(
        "journal-cleared-before-the-answer",
        "The journal is cleared before the service has taken the report.",
        _FLOW,
        "                self._report(entry, conclusion)\n",
        "                self._device.journal.clear()\n                self._report(entry, conclusion)\n",
    ),
    mutant(
        "journal-not-cleared",
        "The journal is not cleared after the report.",
        _FLOW,
        f"                {_CLEARED}\n",
        "                pass\n",
    ),
    mutant(
        "a-lost-answer-taken-for-yes",
        "A report that nobody answered counts as accepted.",
        _JOBS,
        "    except ExecutionOver as error:\n",
        "    except Exception as error:\n",
    ),
    mutant(
        "over-not-taken-for-an-answer",
        "A report is owed for ever when the service says that the job is over.",
        _JOBS,
        '        log("job-over", job=job.jobid, problem=error)\n        return\n',
        '        log("job-over", job=job.jobid, problem=error)\n        raise\n',
    ),
    mutant(
        "jobs-in-progress-forgotten",
        "Only queued jobs are looked at: one that was taken before a reset is never finished.",
        _FLOW,
        "        waiting = in_progress + queued\n",
        "        waiting = queued\n",
    ),
)
