"""Bugs in what a boot decides, and in what the record says of a trial."""

from __future__ import annotations

from sweeps.mutants.mutant import Change, Mutant, mutant

_BOOT = "fota/boot.py"
_DEVICE = "fota/device.py"
_RECORD = "fota/record.py"
_TRIAL = "fota/trial.py"

BOOT: tuple[Mutant, ...] = (
    mutant(
        "attempt-not-saved",
        "The attempt is counted in memory, and the image on trial started without saving that.",
        _BOOT,
        "        if _save(records, trial.attempt_spent(record)):\n",
        "        if trial.attempt_spent(record):\n",
    ),
    Mutant(
        "attempt-spent-after-the-boot",
        "The attempt is spent when the end of the image was seen, not before it runs: a power cut costs none.",
        (
            Change(
                _BOOT,
                "    decision = action(record, attempts,",
                '    if pending is not None and cause != "not-confirmed":\n'
                "        record = trial.attempt_spent(record)\n"
                "    decision = action(record, attempts,",
            ),
            Change(_BOOT, "if _save(records, trial.attempt_spent(record)):", "if _save(records, record):"),
        ),
    ),
    mutant(
        "attempt-not-counted",
        "The attempt is saved as often as the image starts, and is always the same number.",
        _TRIAL,
        "        attempts_spent=record.attempts_spent + 1,\n",
        "        attempts_spent=record.attempts_spent,\n",
    ),
    mutant(
        "attempts-not-stored",
        "The record is written without its attempts.",
        _RECORD,
        "        min(record.attempts_spent, 255),\n",
        "        0,\n",
    ),
    mutant(
        "one-attempt-too-many",
        "The attempts are compared with <=.",
        _BOOT,
        "        record.attempts_spent < attempts,\n",
        "        record.attempts_spent <= attempts,\n",
    ),
    mutant(
        "one-attempt-too-few",
        "The attempt that is about to be spent is counted before the decision.",
        _BOOT,
        "        record.attempts_spent < attempts,\n",
        "        record.attempts_spent + 1 < attempts,\n",
    ),
    mutant(
        "a-spent-attempt-ends-the-trial",
        "Spending an attempt makes the old slot the one that starts next.",
        _TRIAL,
        "        record.confirmed_slot,\n        boot_slot=record.boot_slot,\n",
        "        record.confirmed_slot,\n",
    ),
    mutant(
        "trial-slot-not-proven",
        "The image on trial is started whatever its slot holds.",
        _BOOT,
        "trial_is_proven=pending is not None and proves(pending)",
        "trial_is_proven=pending is not None",
    ),
    mutant(
        "confirmed-slot-not-proven",
        "The confirmed image is started whatever its slot holds.",
        _BOOT,
        "    if proves(record.confirmed_slot):\n",
        "    if record.confirmed_slot < slot_count:\n",
    ),
    mutant(
        "rebuilt-with-an-unproven-slot",
        "A lost record is rebuilt with slot 0, whatever it holds.",
        _BOOT,
        "    proven = list(filter(proves, range(slot_count)))\n",
        "    proven = list(range(slot_count))\n",
    ),
    mutant(
        "rebuilt-from-the-last-slot",
        "A lost record is rebuilt with no slot but the last.",
        _BOOT,
        "    proven = list(filter(proves, range(slot_count)))\n",
        "    proven = list(filter(proves, range(slot_count - 1, slot_count)))\n",
    ),
    mutant(
        "rebuilt-without-a-fallback",
        "A lost record is rebuilt with the first slot that proves itself as the confirmed one, tried or not.",
        _BOOT,
        "    if len(proven) < 2:\n",
        "    if len(proven) < 9:\n",
    ),
    mutant(
        "rollback-not-saved",
        "The old image is started after the last attempt, and the record still says that the trial goes on.",
        _BOOT,
        "        _save(records, record)\n    if proves",
        "    if proves",
    ),
    mutant(
        "rollback-forgotten",
        "Giving a trial up leaves a record that knows of no trial.",
        _BOOT,
        "        _save(records, record)\n    if proves",
        "        _save(records, trial.settled(record))\n    if proves",
    ),
    mutant(
        "boot-prefers-the-trial-slot",
        "An image that was tried and given up is started again, since its slot proves itself.",
        _BOOT,
        "    if proves(record.confirmed_slot):\n",
        "    if record.trial_slot is not None and proves(record.trial_slot):\n"
        "        return record.trial_slot\n"
        "    if proves(record.confirmed_slot):\n",
    ),
    mutant(
        "rollback-into-the-trial-slot",
        "A trial that was given up still starts next.",
        _TRIAL,
        "        record.confirmed_slot,\n        trial_slot=record.trial_slot,\n",
        "        record.confirmed_slot,\n        boot_slot=record.trial_slot,\n"
        "        trial_slot=record.trial_slot,\n",
    ),
    mutant(
        "settled-on-the-bad-slot",
        "Once a rollback was told, the slot that was given up is taken for the confirmed one.",
        _TRIAL,
        "    return Record(record.confirmed_slot)\n",
        "    return Record(record.confirmed_slot if record.trial_slot is None else record.trial_slot)\n",
    ),
    mutant(
        "confirm-keeps-the-old-slot",
        "Confirming ends the trial, and the old image stays the confirmed one.",
        _TRIAL,
        "    return record if record.trial_slot is None else Record(record.trial_slot)\n",
        "    return record if record.trial_slot is None else Record(record.confirmed_slot)\n",
    ),
    mutant(
        "confirm-leaves-a-trial",
        "Confirming makes the new image the confirmed one, and the old one the one on trial.",
        _TRIAL,
        "    return record if record.trial_slot is None else Record(record.trial_slot)\n",
        "    return record if record.trial_slot is None else "
        "Record(record.trial_slot, trial_slot=record.confirmed_slot)\n",
    ),
    mutant(
        "confirm-not-saved",
        "Confirming changes nothing that survives a reset.",
        _DEVICE,
        "            self._records.save_in_both(trial.confirmed(self.record()))\n",
        "            trial.confirmed(self.record())\n",
    ),
    mutant(
        "rolled-back-taken-for-settled",
        "The boot after a rollback counts as settled.",
        _TRIAL,
        "    (True, False, False, ROLLED_BACK),\n",
        "    (True, False, False, SETTLED),\n",
    ),
    mutant(
        "given-up-and-forgotten",
        "An image that gives itself up leaves a record that knows of no trial.",
        _DEVICE,
        "        self._records.save(trial.rolled_back(self.record(), cause))\n",
        "        self._records.save(trial.settled(self.record()))\n",
    ),
    mutant(
        "rollback-never-settled",
        "A rollback that was told stays in the record.",
        _DEVICE,
        "            self._records.save(trial.settled(self.record()))\n",
        "            trial.settled(self.record())\n",
    ),
    mutant(
        "running-slot-overwritten",
        "An image goes to the first slot, which may be the one that runs.",
        _DEVICE,
        "        kept = (self.running_slot, self.record().confirmed_slot)\n",
        "        kept = ()\n",
    ),
    mutant(
        "trial-of-the-wrong-slot",
        "The trial that begins is that of the running slot's right neighbour.",
        _DEVICE,
        "        self._records.save(trial.begun(self.record(), slot))\n",
        "        self._records.save(trial.begun(self.record(), (slot + 1) % self.slots.count))\n",
    ),
)
