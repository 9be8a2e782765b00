"""Bugs in what a device trusts: keyring, releases kept beside slots, mark and floor."""

from __future__ import annotations

from sweeps.mutants.mutant import Change, Mutant, mutant

_DEVICE = "fota/device.py"
_DURABLE = "fota/durable.py"
_FIRMWARE_JOB = "aws/iot/firmware_job.py"
_FLOOR = "fota/floor.py"
_FLOW = "aws/iot/flow.py"
_HOME = "fota/home.py"
_PROVISIONING = "fota/provisioning.py"
_KEYRING = "fota/keyring.py"
_KEYRING_JOB = "aws/iot/keyring_job.py"
_RELEASES = "fota/releases.py"

_KEPT = "            device.keep_release(slot, admitted.envelope)\n"
_REQUIRED = "        self.releases.require_kept(slot)\n"

TRUST: tuple[Mutant, ...] = (
    mutant(
        "floor-raised-at-the-confirm",
        "The floor rises to a new image as soon as it is confirmed, without any probation.",
        _FLOOR,
        "        elif boots >= PROBATION_BOOTS:\n",
        "        elif boots >= 1:\n",
    ),
    Mutant(
        "floor-raised-in-a-trial",
        "An image on trial counts as healthy: mark and floor rise before anybody has confirmed it.",
        (
            Change(
                _DEVICE,
                "        if self._is_counted or self.verdict() != trial.SETTLED:\n",
                "        if self._is_counted:\n",
            ),
            Change(
                _FLOW,
                "        if self._device.verdict() == trial.ON_TRIAL and not _passes(health_check):\n",
                "        if self._device.awaits_healthy_boot():\n            self._device.boot_was_healthy()\n"
                "        if self._device.verdict() == trial.ON_TRIAL and not _passes(health_check):\n",
            ),
        ),
    ),
    mutant(
        "mark-raised-when-admitted",
        "The mark rises when a release is admitted, before its image was tried.",
        _RELEASES,
        '        log("release-admitted",',
        "        reached = self.floor()\n"
        "        reached.seq, reached.sha256 = release.seq, release.sha256\n"
        "        self.floors.save(reached)\n"
        '        log("release-admitted",',
    ),
    mutant(
        "floor-never-raised",
        "Healthy boots are counted, and the security version is never demanded.",
        _FLOOR,
        "            secver, boots = manifest.secver, 0\n",
        "            boots = PROBATION_BOOTS\n",
    ),
    mutant(
        "below-floor-accepted",
        "The floor is kept, and no security version is compared with it.",
        _FLOOR,
        "        if manifest.secver < self.secver:\n            raise BelowFloor",
        "        if manifest.secver < 0:\n            raise BelowFloor",
    ),
    mutant(
        "probation-of-another-image",
        "The healthy boots of the image before count for the next one.",
        _FLOOR,
        "        boots = (self.boots if is_the_same else 0) + 1\n",
        "        boots = self.boots + 1\n",
    ),
    mutant(
        "healthy-boot-counted-at-every-look",
        "Each look at the jobs counts as a healthy boot.",
        _DEVICE,
        "            self._is_counted = True\n",
        "            self._is_counted = False\n",
    ),
    mutant(
        "older-releases-accepted",
        "The mark is kept, and no manifest number is compared with it.",
        _FLOOR,
        "        if manifest.seq < self.seq:\n            raise OlderRelease",
        "        if manifest.seq < 0:\n            raise OlderRelease",
    ),
    mutant(
        "same-number-other-image",
        "A manifest with the number of the mark is taken for the same release, whatever image it names.",
        _FLOOR,
        "        if manifest.seq == self.seq and manifest.sha256 != self.sha256:\n",
        "        if manifest.seq == self.seq and not manifest.sha256:\n",
    ),
    Mutant(
        "release-kept-after-the-trial-began",
        "The trial begins without a look at the release, which is put beside the slot afterwards.",
        (
            Change(_DEVICE, _REQUIRED, ""),
            Change(_FIRMWARE_JOB, _KEPT, ""),
            Change(_FIRMWARE_JOB, "self._begin_trial(slot)\n", "self._begin_trial(slot, admitted)\n"),
            Change(
                _FIRMWARE_JOB,
                "    def _begin_trial(self, slot: int) -> bool:\n",
                '    def _begin_trial(self, slot: int, admitted: "Admitted") -> bool:\n',
            ),
            Change(
                _FIRMWARE_JOB,
                "            self._device.begin_trial(slot, self._entry.wanted)\n",
                "            self._device.begin_trial(slot, self._entry.wanted)\n"
                "            self._device.keep_release(slot, admitted.envelope)\n",
            ),
        ),
    ),
    mutant(
        "release-not-kept",
        "No release is kept beside its image.",
        _FIRMWARE_JOB,
        _KEPT,
        "",
    ),
    Mutant(
        "release-kept-beside-another-slot",
        "All slots share one release, and nobody asks whether it is that of the image.",
        (
            Change(_HOME, 'f"{path}/slot-{slot}.release"', 'path + "/slot-0.release"'),
            Change(
                _RELEASES,
                "        return release if release.wanted.matches(sealed) else None\n",
                "        return release\n",
            ),
        ),
    ),
    mutant(
        "unsigned-accepted",
        "A document without an envelope is taken, keyring or not.",
        _RELEASES,
        '            raise trust_errors.Unsigned("envelope: missing; this device takes signed releases only")\n',
        "            return Admitted(wanted, slot, None)\n",
    ),
    mutant(
        "lost-keyring-taken-for-none",
        "A device whose keyring is destroyed takes whatever a job names.",
        _KEYRING,
        "            if cell.is_made():\n",
        "            if content is not None:\n",
    ),
    mutant(
        "keyring-saved-into-one-copy",
        "A new keyring is written into one of its two copies: the loss of that one brings the old keys back.",
        _KEYRING,
        "        self._value.save_in_both(encode(keyring))\n",
        "        self._value.save(encode(keyring))\n",
    ),
    mutant(
        "keyring-in-one-copy-after-a-cut",
        "A keyring that is there already is not written again: a cut between its two copies leaves an older one.",
        _DURABLE,
        "        if 0 in (first[0], second[0]) or not first[1] == second[1] == payload:\n",
        "        if self.load() != payload:\n",
    ),
    mutant(
        "renewed-and-not-counted",
        "A newer manifest of the image that runs is kept, and its number counts only from the next look on.",
        _DEVICE,
        "            self.confirm()\n",
        "            pass\n",
    ),
    mutant(
        "keyring-after-the-factory-image",
        "A home is sealed, and boots, before it has its keyring.",
        _PROVISIONING,
        "    if keyring is not None:\n"
        '        _trust(path, KeyringStore(*cell_pair(path + "/keyring")), keyring)\n'
        "    _fill(slots, factory, image_size_bytes)\n",
        "    _fill(slots, factory, image_size_bytes)\n"
        "    if keyring is not None:\n"
        '        _trust(path, KeyringStore(*cell_pair(path + "/keyring")), keyring)\n',
    ),
    mutant(
        "successor-of-any-version",
        "A keyring of any version takes the place of the one that is there.",
        _KEYRING,
        '    require_same(BadKeyring, "version", current.version + 1, new.version)\n',
        "",
    ),
    mutant(
        "successor-not-signed-by-itself",
        "A keyring is taken though nobody has signed with its own keys.",
        _KEYRING,
        "        envelopes.verified(found, PAYLOAD_TYPE, new.keys, new.threshold)\n",
        "        pass\n",
    ),
    mutant(
        "keyring-without-its-hardware",
        "A keyring that is sent to devices of several kinds makes a device forget which kind it is.",
        _KEYRING,
        "    new.hardware = current.hardware\n",
        "",
    ),
    Mutant(
        "keyring-reported-before-it-is-saved",
        "SUCCEEDED is reported of a keyring that is not yet there.",
        (
            Change(
                _KEYRING_JOB,
                "        _save(keyrings, new)\n",
                '        report(jobs, job, Job.SUCCEEDED, {"keyring": str(new.version)}, progress)\n'
                "        _save(keyrings, new)\n",
            ),
            Change(
                _KEYRING_JOB,
                '    else:\n        report(jobs, job, Job.SUCCEEDED, {"keyring": str(new.version)}, progress)\n',
                "",
            ),
        ),
    ),
    mutant(
        "refused-after-a-write",
        "The journal takes note of a job before its release was found good.",
        _FIRMWARE_JOB,
        "            admitted = device.releases.admit(",
        "            device.journal.save(self._taken_up(asked.wanted))\n"
        "            admitted = device.releases.admit(",
    ),
)
