"""Seeded bugs in what a boot decides, and in what the record says of a trial."""

from __future__ import annotations

from sweeps.seeding.bugs import Bug, at, bug
from sweeps.seeding.verbs import before, compare, drop, replace, set_to

BOOT: tuple[Bug, ...] = (
    bug(
        "attempt-not-saved",
        "The attempt is counted in memory, and the image on trial started without saving that.",
        at("boot:choose", replace("_save(_, trial.attempt_spent(_1))", "trial.attempt_spent(_1)")),
    ),
    bug(
        "attempt-spent-after-the-boot",
        "The attempt is spent when the end of the image was seen, not before it runs: a power cut costs none.",
        at(
            "boot:choose",
            replace("_save(_1, trial.attempt_spent(_2))", "_save(_1, _2)"),
            before(
                "_ = action(_1, ...)",
                """
                if pending is not None and cause != "not-confirmed":
                    _1 = trial.attempt_spent(_1)
                """,
            ),
        ),
    ),
    bug(
        "attempt-not-counted",
        "The attempt is saved as often as the image starts, and is always the same number.",
        at("trial:attempt_spent", replace("_1 + 1", "_1")),
    ),
    bug(
        "attempts-not-stored",
        "The record is written without its attempts.",
        at("record:encode", replace("min(_.attempts_spent, _)", "0")),
    ),
    bug(
        "an-offline-start-gives-an-attempt",
        "An image that is started again since it could not connect begins its trial anew, with no attempt spent.",
        at("boot:goes_on", before("if _1 is None or ...: ...", "records.save(trial.begun(_1, slot))")),
    ),
    bug(
        "one-attempt-too-many",
        "The attempts are compared with <=.",
        at("boot:action", compare("_.attempts_spent < _", "<=")),
    ),
    bug(
        "one-attempt-too-few",
        "The attempt that is about to be spent is counted before the decision.",
        at("boot:action", replace("_1.attempts_spent", "_1.attempts_spent + 1")),
    ),
    bug(
        "a-spent-attempt-ends-the-trial",
        "Spending an attempt makes the old slot the one that starts next.",
        at("trial:attempt_spent", replace("Record(_1, ..., boot_slot=_)", "Record(_1, ...)")),
    ),
    bug(
        "trial-slot-not-proven",
        "The image on trial is started whatever its slot holds.",
        at("boot:choose", set_to("is_proven", "pending is not None")),
    ),
    bug(
        "confirmed-slot-not-proven",
        "The confirmed image is started whatever its slot holds.",
        at("boot:choose", replace("proves(_1.confirmed_slot)", "_1.confirmed_slot < slot_count")),
    ),
    bug(
        "rebuilt-with-an-unproven-slot",
        "A lost record is rebuilt with slot 0, whatever it holds.",
        at("boot:_rebuild", replace("_proven(_1, proves)", "list(_1)")),
    ),
    bug(
        "rebuilt-from-the-last-slot",
        "A lost record is rebuilt with no slot but the last.",
        at("boot:_rebuild", replace("range(_1)", "range(_1 - 1, _1)")),
    ),
    bug(
        "rebuilt-without-a-fallback",
        "A lost record is rebuilt with the first slot that proves itself as the confirmed one, tried or not.",
        at("boot:_rebuild", replace("len(_1) < 2", "len(_1) < 9")),
    ),
    bug(
        "rollback-not-saved",
        "The old image is started after the last attempt, and the record still says that the trial goes on.",
        at("boot:choose", drop("_save(_, record)")),
    ),
    bug(
        "rollback-forgotten",
        "Giving a trial up leaves a record that knows of no trial.",
        at("boot:choose", replace("_save(_1, record)", "_save(_1, trial.settled(record))")),
    ),
    bug(
        "boot-prefers-the-trial-slot",
        "An image that was tried and given up is started again, since its slot proves itself.",
        at(
            "boot:choose",
            before(
                "if proves(_1.confirmed_slot): ...",
                """
                if _1.trial_slot is not None and proves(_1.trial_slot):
                    return _1.trial_slot
                """,
            ),
        ),
    ),
    bug(
        "rollback-into-the-trial-slot",
        "A trial that was given up still starts next.",
        at(
            "trial:rolled_back",
            replace("Record(_1, ..., trial_slot=_2)", "Record(_1, ..., boot_slot=_2, trial_slot=_2)"),
        ),
    ),
    bug(
        "settled-on-the-bad-slot",
        "Once a rollback was told, the slot that was given up is taken for the confirmed one.",
        at(
            "trial:settled",
            replace("_1.confirmed_slot", "_1.confirmed_slot if _1.trial_slot is None else _1.trial_slot"),
        ),
    ),
    bug(
        "confirm-keeps-the-old-slot",
        "Confirming ends the trial, and the old image stays the confirmed one.",
        at("trial:confirmed", replace("Record(_1.trial_slot, ...)", "Record(_1.confirmed_slot)")),
    ),
    bug(
        "confirm-leaves-a-trial",
        "Confirming makes the new image the confirmed one, and the old one the one on trial.",
        at(
            "trial:confirmed",
            replace("Record(_1.trial_slot, ...)", "Record(_1.trial_slot, trial_slot=_1.confirmed_slot)"),
        ),
    ),
    bug(
        "crashes-after-the-confirm-not-counted",
        "A confirmed image that crashes in every boot is started for ever.",
        at("boot:crashed", replace("_save(_1, trial.crashed(_2))", "trial.crashed(_2)")),
    ),
    bug(
        "fall-back-not-saved",
        "The image before the confirmed one starts after its crashes, and the record does not say so.",
        at("boot:_after_crashes", drop("_save(_, record)")),
    ),
    bug(
        "fall-back-not-told",
        "A device that went back from a confirmed image keeps that to itself.",
        at("shadows:Shadows.tell_fall_back", replace("facts and _", "False")),
    ),
    bug(
        "the-way-back-outlives-its-slot",
        "The record names a slot to fall back on while another image is written into it.",
        at("device:Device.install", replace("record.fallback_slot == slot", "False")),
    ),
    bug(
        "confirm-not-saved",
        "Confirming changes nothing that survives a reset.",
        at("device:Device.confirm", replace("_.save_in_both(_1)", "_1")),
    ),
    bug(
        "rolled-back-taken-for-settled",
        "The boot after a rollback counts as settled.",
        at("trial", replace("(True, False, False, ROLLED_BACK)", "(True, False, False, SETTLED)")),
    ),
    bug(
        "given-up-and-forgotten",
        "An image that gives itself up leaves a record that knows of no trial.",
        at("device:Device.give_up_trial", replace("trial.rolled_back(_1, _)", "trial.settled(_1)")),
    ),
    bug(
        "rollback-never-settled",
        "A rollback that was told stays in the record.",
        at("device:Device.settle", replace("_.save(_1)", "_1")),
    ),
    bug(
        "running-slot-overwritten",
        "An image goes to the first slot, which may be the one that runs.",
        at("device:Device.slot_for", replace("(_.running_slot, _.confirmed_slot)", "()")),
    ),
    bug(
        "trial-of-the-wrong-slot",
        "The trial that begins is that of the running slot's right neighbour.",
        at(
            "device:Device.begin_trial",
            replace("trial.begun(_1, _2)", "trial.begun(_1, (_2 + 1) % self._slots.count)"),
        ),
    ),
)
