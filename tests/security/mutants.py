"""The checks that are taken away by hand, one at a time: where, which piece of the code, and what stands there then.

Grouped by the vectors among which one must then get another verdict. What is said of a life instead of one document
is in `LIVES`, with the test that must fail then.
"""

from __future__ import annotations

from security import test_keyrings, test_power, test_rollback

#  folder of vectors: function: (what is replaced, by what)
VECTORS: dict[str, dict[str, list[tuple[str, str]]]] = {
    "refused/bad-signature": {
        "fota.signature:verify_p256": [
            ("return verify(public_key, message, signature)", "return True"),
        ],
        "fota.envelope:verified": [
            ("is not True", "is None"),
        ],
    },
    "refused/too-few-signatures": {
        "fota.envelope:verified": [
            ("if len(signers) < threshold:", "if False:"),
            ("if len(signers) < threshold:", "if len(signers) < 1:"),
            ("if len(signers) < threshold:", "if len(envelope.signatures) < threshold:"),
        ],
        "fota.keyring:successor": [
            ("current.keys, current.threshold", "current.keys, 1"),
        ],
    },
    "refused/unknown-key": {
        "fota.envelope:verified": [
            ("if not signers:", "if False:"),
        ],
    },
    "refused/bad-envelope": {
        "fota.envelope:verified": [
            ('require_same(BadEnvelope, "payloadType", payload_type, envelope.payload_type)', "pass"),
        ],
        "fota.envelope:parse": [
            ('or set(value) != {"payload", "payloadType", "signatures"}', ""),
            ("type(kind) is not str or ", ""),
            ("not 0 < len(found) <= MOST_SIGNATURES", "False"),
            ("not isinstance(found, list) or ", ""),
            ("!= len(signatures):", "== 0:"),
        ],
        "fota.envelope:_signature": [
            ('or set(value) != {"keyid", "sig"}', ""),
            ('type(key) is not str or len(key) != KEY_ID_DIGITS or key.strip("0123456789abcdef")', "False"),
            ("if len(signature) != SIGNATURE_BYTES:", "if False:"),
        ],
        "fota.envelope:_from_base64": [
            ("_base64(content) != value or ", ""),
            ("or len(content) > most_bytes", ""),
            ("not content or ", ""),
        ],
    },
    "accepted": {
        "fota.envelope:verified": [
            ("signed_bytes(payload_type, envelope.payload)", "envelope.payload"),
        ],
        "fota.envelope:signed_bytes": [
            (" {payload_type} ", " "),
        ],
        "fota.floor:Floor.require": [
            ("if manifest.seq < self.seq:", "if manifest.seq <= self.seq:"),
        ],
    },
    "refused/bad-manifest": {
        "fota.strict_json:parse_canonical": [
            ("canonical(fields) != text or ", ""),
        ],
        "fota.manifest:checked": [
            ("elif name not in optional:", "elif False:"),
            ("if not _is_right(fields[name], rule):", "if False:"),
        ],
        "fota.manifest:parse": [
            ('fields.get("critical", ())', "[]"),
        ],
        "fota.manifest:is_whole": [
            ("type(value) is int", "isinstance(value, int)"),
            ("type(value) is int", "isinstance(value, (int, float))"),
            ("least <= value", "True"),
            ("<= most", "< 10**30"),
        ],
        "fota.manifest:_is_name": [
            ('and not str(value).lower().strip("abcdefghijklmnopqrstuvwxyz0123456789._-")', ""),
        ],
        "fota.manifest:_is_text": [
            ("type(value) is str and ", ""),
            ("0 < len(value)", "True"),
            ("<= _MOST_CHARACTERS", "< 10_000"),
        ],
        "fota.manifest:is_hexadecimal": [
            ("len(value) == digits", "True"),
            ("0123456789abcdef", "0123456789abcdefABCDEF"),
            ('and not value.strip("0123456789abcdef")', ""),
        ],
        "fota.manifest:_is_right": [
            ("and 0 < len(value) <= _MOST_NAMES", ""),
            ("and all(map(_is_name, value))", ""),
            ("isinstance(value, list) and ", ""),
        ],
        "fota.strict_json:canonical": [
            ("_encoded(value, _MOST_SIGNED_DEPTH)", "_encoded(value, 100)"),
        ],
    },
    "refused/wrong-product": {
        "fota.releases:require_for": [
            ('require_same(trust_errors.WrongProduct, "product", keyring.product, release.product)', "pass"),
        ],
        "fota.keyring:successor": [
            ('require_same(WrongProduct, "product", current.product, new.product)', "pass"),
        ],
    },
    "refused/wrong-hardware": {
        "fota.releases:require_for": [
            ("if keyring.hardware not in release.hardware:", "if False:"),
        ],
        "fota.keyring:successor": [
            ("if new.hardware is not None:", "if False:"),
        ],
    },
    "refused/wrong-format": {
        "fota.releases:require_for": [
            ('require_same(trust_errors.WrongFormat, "image", image_kind, release.image)', "pass"),
        ],
    },
    "refused/not-valid-now": {
        "fota.releases:require_valid": [
            ("now_s < release.not_before", "False"),
            ("now_s > release.not_after", "False"),
        ],
    },
    "refused/unsigned": {
        "fota.releases:Releases.admit": [
            ("if envelope is None:", "if False:"),
            ("if keyring is None:", "if keyring is None or envelope is None:"),
        ],
    },
    "refused/contradiction": {
        "fota.releases:Releases.admit": [
            ("if not release.wanted.matches(wanted):", "if False:"),
            ("if slot is not None:", "if False:"),
        ],
        "fota.image:Digests.matches": [
            ("or self.sha256 == other.sha256", "or True"),
            ("self.size_bytes == other.size_bytes", "True"),
            ("and self.md5 == other.md5", ""),
        ],
    },
    "refused/slot-is-running": {
        "fota.releases:Releases.admit": [
            ("slot = release.slot", "pass"),
        ],
        "fota.device:Device.slot_for": [
            ("if number in kept:", "if False:"),
        ],
    },
    "refused/older-release": {
        "fota.floor:Floor.require": [
            ("if manifest.seq < self.seq:", "if False:"),
            ("if manifest.seq < self.seq:", "if manifest.seq < self.seq - 1:"),
            ("and manifest.sha256 != self.sha256", "and False"),
        ],
    },
    "refused/below-floor": {
        "fota.floor:Floor.require": [
            ("if manifest.secver < self.secver:", "if False:"),
            ("if manifest.secver < self.secver:", "if manifest.secver < self.secver - 1:"),
        ],
    },
    "refused/no-such-slot": {
        "fota.device:Device.slot_for": [
            ("if not 0 <= number < self.slots.count:", "if False:"),
        ],
    },
    "refused/image-too-large": {
        "fota.device:Device.slot_for": [
            ("if size_bytes > capacity_bytes:", "if False:"),
        ],
    },
    "refused/known-bad": {
        "aws.iot.firmware_job:FirmwareJob.carry_out": [
            ("device.journal.knows_bad(admitted.wanted) and", "False and"),
        ],
    },
    "refused/bad-document": {
        "aws.iot.document:parse": [
            ("if type(insists) is not bool:", "if False:"),
        ],
        "aws.iot.document:_slot": [
            ("type(value) is not int", "not isinstance(value, int)"),
        ],
        "aws.iot.document:_size": [
            ("type(value) is not int", "not isinstance(value, int)"),
            ("not 0 < value <= MOST_SIZE_BYTES", "False"),
        ],
        "aws.iot.document:_digest": [
            ("len(value) != digits", "False"),
            ('or value.strip("0123456789abcdefABCDEF")', ""),
        ],
        "aws.iot.document:_url": [
            ('if not value.startswith("https://"):', "if False:"),
        ],
        "aws.iot.document:_fields": [
            ('if name not in known and not name.startswith("x-"):', "if False:"),
        ],
    },
    "refused/no-keyring": {
        "fota.keyring:successor": [
            ("if current is None:", "if False:"),
        ],
    },
    "refused/bad-keyring": {
        "fota.keyring:successor": [
            ('require_same(BadKeyring, "version", current.version + 1, new.version)', "pass"),
            ("current.version + 1, new.version", "True, new.version > current.version"),
            ("envelopes.verified(found, PAYLOAD_TYPE, new.keys, new.threshold)", "pass"),
        ],
        "fota.strict_json:parse_canonical": [
            ("canonical(fields) != text or ", ""),
        ],
        "fota.keyring:parse": [
            ('if name not in _RULES and name != "keys":', "if False:"),
        ],
        "fota.keyring:_keys": [
            ("if name != key_id(key):", "if False:"),
            ('or not digits.startswith("04")', ""),
            ("not manifest.is_hexadecimal(digits, _POINT_DIGITS) or ", ""),
            ("not 0 < len(value) <= _MOST_KEYS", "False"),
        ],
        "fota.manifest:checked": [
            ("elif name not in optional:", "elif False:"),
            ("if not _is_right(fields[name], rule):", "if False:"),
        ],
        "fota.manifest:is_whole": [
            ("type(value) is int", "isinstance(value, (int, float))"),
            ("least <= value", "True"),
        ],
        "fota.manifest:_is_right": [
            ("return _is_name(value)", "return True"),
        ],
        "fota.keyring:KeyringStore.load": [
            ("if cell.is_made():", "if False:"),
        ],
    },
}

#  function, what is replaced, by what, and the life that goes wrong then
LIVES = (
    ("fota.device:Device.begin_trial", "self.releases.require_kept(slot)", "pass",
     test_keyrings.test_a_stored_release_of_a_dropped_key_begins_no_trial),
    ("fota.releases:Releases.require_kept", "is_verified=False", "is_verified=True",
     test_keyrings.test_a_stored_release_below_a_threshold_that_was_raised_begins_no_trial),
    ("fota.releases:Releases.require_kept", "if release is None:", "if False:",
     test_rollback.test_an_image_whose_kept_release_is_lost_begins_no_trial),
    ("fota.releases:Releases._kept", "if release.wanted.matches(sealed) else None", "",
     test_rollback.test_an_image_beside_the_release_of_another_begins_no_trial),
    ("fota.releases:Releases.admit", "Admitted(release.wanted,", "Admitted(wanted,",
     test_rollback.test_an_image_with_the_right_md5_and_another_sha256_does_not_start),
    ("fota.install:Installer.install", "if not wanted.matches(came):", "if False:",
     test_rollback.test_an_image_with_the_right_md5_and_another_sha256_does_not_start),
    ("fota.device:Device.begin_trial", "if not self.installer.holds(slot, wanted):", "if False:",
     test_rollback.test_an_image_that_changed_since_its_update_begins_no_trial),
    ("fota.image:proves_itself", "and holds(slots, slot, promised, buffer)", "",
     test_rollback.test_an_image_that_changed_since_its_trial_began_does_not_start),
    ("fota.floor:Floor.after_healthy_boot", "boots >= PROBATION_BOOTS", "boots >= PROBATION_BOOTS - 1",
     test_rollback.test_the_floor_rises_after_so_many_healthy_boots_and_not_before),
    ("fota.floor:Floor.after_healthy_boot", "boots >= PROBATION_BOOTS", "boots > PROBATION_BOOTS",
     test_rollback.test_the_floor_rises_after_so_many_healthy_boots_and_not_before),
    ("fota.floor:Floor.after_healthy_boot", "if is_the_same else 0", "",
     test_rollback.test_the_boots_of_one_release_are_not_counted_for_another),
    ("fota.floor:Floor.after_healthy_boot", "if manifest.seq < self.seq:", "if False:",
     test_rollback.test_the_floor_does_not_fall_when_a_damaged_image_lets_an_older_one_start),
    ("fota.floor:Floor.after_healthy_boot", "if manifest.secver <= secver:", "if False:",
     test_rollback.test_once_the_floor_is_reached_a_healthy_boot_writes_nothing),
    ("fota.device:Device.boot_was_healthy", "self._is_counted = True", "pass",
     test_rollback.test_many_looks_in_one_boot_are_one_healthy_boot),
    ("aws.iot.flow:Flow.run", "self._device.awaits_healthy_boot() and _passes(health_check)",
     "self._device.awaits_healthy_boot()",
     test_rollback.test_a_boot_whose_health_check_fails_does_not_count),
    ("fota.device:Device.confirm", "self.boot_was_healthy()", "pass",
     test_rollback.test_a_program_that_does_without_jobs_is_safe_from_replays_too),
    ("fota.keyring:parse", "if threshold > len(keys):", "if False:",
     test_keyrings.test_a_keyring_that_nobody_can_sign_for_is_not_given_to_a_device),
    ("fota.keyring:successor", "new.hardware = current.hardware", "pass",
     test_keyrings.test_a_device_keeps_its_hardware_over_a_keyring_for_all),
    ("fota.keyring:KeyringStore.save", "save_in_both", "save",
     test_keyrings.test_one_lost_copy_of_the_keyring_changes_nothing),
    ("fota.keyring:KeyringStore.load", "raise BadKeyring(", "return None, (",
     test_keyrings.test_a_device_whose_keyring_is_lost_boots_and_takes_nothing),
    ("aws.iot.keyring_job:_save", "keyrings.save(new)", "pass",
     test_keyrings.test_a_rotation_survives_a_restart),
    ("fota.provisioning:put_keyring", "if current is not None:", "if False:",
     test_keyrings.test_a_keyring_that_is_there_is_not_replaced_from_outside),
    ("aws.iot.flow:Flow.run", "self._device.boot_was_healthy()", "pass",
     test_power.test_a_cut_between_confirm_and_mark_is_made_good_before_the_next_job_is_taken),
)  # fmt: skip
