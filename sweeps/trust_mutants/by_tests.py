"""Checks that one document cannot show, because they need several boots of a device; and the test for each."""

from __future__ import annotations

from sweeps.seeding.bugs import Change, at
from sweeps.seeding.verbs import compare, drop, drop_operand, never, replace

_ABSENT = "tests/trust/test_keyrings_absent.py::"
_BYTES = "tests/trust/test_signed_bytes.py::"
_KEYRINGS = "tests/trust/test_keyrings.py::"
_LOST = "tests/trust/test_keyrings_lost.py::"
_POWER = "tests/trust/test_power.py::"
_ROLLBACK = "tests/trust/test_rollback.py::"

BY_TESTS: tuple[tuple[str, Change], ...] = (
    (
        _KEYRINGS + "test_a_stored_release_of_a_dropped_key_begins_no_trial",
        at("device:Device.begin_trial", drop("_.require_kept(_)")),
    ),
    (
        _KEYRINGS + "test_a_stored_release_below_a_threshold_that_was_raised_begins_no_trial",
        at("releases:Releases.require_kept", replace("_1(..., is_verified=False)", "_1(..., is_verified=True)")),
    ),
    (
        _BYTES + "test_an_image_whose_kept_release_is_lost_begins_no_trial",
        at("releases:Releases.require_kept", never("release is None")),
    ),
    (
        _BYTES + "test_an_image_beside_the_release_of_another_begins_no_trial",
        at("releases:Releases._kept", replace("_1 if _.matches(_) else None", "_1")),
    ),
    (
        _BYTES + "test_an_image_with_the_right_md5_and_another_sha256_does_not_start",
        at("releases:Releases.admit", replace("Admitted(_.wanted, ...)", "Admitted(wanted, ...)")),
    ),
    (
        _BYTES + "test_an_image_with_the_right_md5_and_another_sha256_does_not_start",
        at("install:Installer.install", never("not wanted.matches(_)")),
    ),
    (
        _BYTES + "test_an_image_that_changed_since_its_update_begins_no_trial",
        at("install:Installer.require_sealed", never("not held")),
    ),
    (
        _BYTES + "test_an_image_that_changed_since_its_trial_began_does_not_start",
        at("image:proves_itself", drop_operand("holds(...)")),
    ),
    (
        _ROLLBACK + "test_the_floor_rises_after_so_many_healthy_boots_and_not_before",
        at("floor:Floor.after_healthy_boot", replace("_1 >= PROBATION_BOOTS", "_1 >= PROBATION_BOOTS - 1")),
    ),
    (
        _ROLLBACK + "test_the_floor_rises_after_so_many_healthy_boots_and_not_before",
        at("floor:Floor.after_healthy_boot", compare("_ >= PROBATION_BOOTS", ">")),
    ),
    (
        _ROLLBACK + "test_the_boots_of_one_release_are_not_counted_for_another",
        at("floor:Floor.after_healthy_boot", replace("_1 if _ else 0", "_1")),
    ),
    (
        _ROLLBACK + "test_the_floor_does_not_fall_when_a_damaged_image_lets_an_older_one_start",
        at("floor:Floor.after_healthy_boot", never("_.seq < self.seq")),
    ),
    (
        _ROLLBACK + "test_once_the_floor_is_reached_a_healthy_boot_writes_nothing",
        at("floor:Floor.after_healthy_boot", never("_.secver <= _")),
    ),
    (
        _ROLLBACK + "test_many_looks_in_one_boot_are_one_healthy_boot",
        at("device:Device.boot_was_healthy", drop("self._is_counted = _")),
    ),
    (
        _ROLLBACK + "test_a_boot_whose_health_check_fails_does_not_count",
        at("flow:Flow.run", drop_operand("_passes(_)")),
    ),
    (
        _ROLLBACK + "test_a_program_that_does_without_jobs_is_safe_from_replays_too",
        at("device:Device.confirm", drop("self.boot_was_healthy()")),
    ),
    (
        _ABSENT + "test_a_keyring_that_nobody_can_sign_for_is_not_given_to_a_device",
        at("keyring:parse", never("threshold > len(_)")),
    ),
    (
        _KEYRINGS + "test_a_device_keeps_its_hardware_over_a_keyring_for_all",
        at("keyring:successor", drop("_.hardware = _")),
    ),
    (
        _LOST + "test_one_lost_copy_of_the_keyring_changes_nothing",
        at("keyring:KeyringStore.save", replace("_1.save_in_both(_2)", "_1.save(_2)")),
    ),
    (
        _LOST + "test_a_device_whose_keyring_is_lost_boots_and_takes_nothing",
        at("keyring:KeyringStore.load", replace("raise BadKeyring(...)", "return None")),
    ),
    (
        _KEYRINGS + "test_a_rotation_survives_a_restart",
        at("releases:Releases.replace_keyring", drop("_.save(_)")),
    ),
    (
        _LOST + "test_a_keyring_that_is_there_is_not_replaced_from_outside",
        at("provisioning:put_keyring", never("_ is not None")),
    ),
    (
        _POWER + "test_a_cut_between_confirm_and_mark_is_made_good_before_the_next_job_is_taken",
        at("flow:Flow.run", drop("_.boot_was_healthy()")),
    ),
)
"""The test, and the change with which it must fail."""
