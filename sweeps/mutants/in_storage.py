"""Bugs where bytes are kept: cells, slots, and the two copies of a small value."""

from __future__ import annotations

from sweeps.mutants.mutant import Change, Mutant, mutant

_DURABLE = "fota/durable.py"
_STORAGE = "fota/_storage_cpython.py"
_FILES = "fota/slots/files.py"
_PROVISIONING = "fota/provisioning.py"
_IMAGE = "fota/image.py"
_INSTALL = "fota/install.py"

STORAGE: tuple[Mutant, ...] = (
    Mutant(
        "crc-of-the-sequence-alone",
        "The CRC covers only the sequence number: a torn payload counts as whole.",
        (
            Change(_DURABLE, "binascii.crc32(body)", "binascii.crc32(body[4:12])"),
            Change(_DURABLE, "binascii.crc32(content[:end])", "binascii.crc32(content[4:12])"),
        ),
    ),
    mutant(
        "crc-not-checked",
        "The CRC is written and never compared.",
        _DURABLE,
        "if crc == binascii.crc32(content[:end]):",
        "if crc:",
    ),
    mutant(
        "sequence-not-increased",
        "Every copy has the same sequence number: which one is the newest is left to chance.",
        _DURABLE,
        "sequence = max(copies)[0] + 1",
        "sequence = max(copies)[0] or 1",
    ),
    mutant(
        "always-the-first-cell",
        "Each save goes to the same cell: a torn write leaves no copy of the value before it.",
        _DURABLE,
        "target = 0 if newest is None else 1 - newest[2]",
        "target = 0",
    ),
    mutant(
        "newest-copy-overwritten",
        "A save goes over the newest copy: a torn write brings back the value before the last.",
        _DURABLE,
        "target = 0 if newest is None else 1 - newest[2]",
        "target = 0 if newest is None else newest[2]",
    ),
    mutant(
        "newest-is-lowest",
        "The copy with the lowest sequence number is taken for the newest.",
        _DURABLE,
        "for copy in sorted(copies, reverse=True):",
        "for copy in sorted(copies):",
    ),
    mutant(
        "newest-by-content",
        "The newest copy is chosen by its payload, not by its sequence number.",
        _DURABLE,
        "for copy in sorted(copies, reverse=True):",
        "for copy in sorted(copies, key=lambda copy: copy[1], reverse=True):",
    ),
    mutant(
        "same-length-not-saved",
        "A value equal in length to the one before is taken for the same, and not written.",
        _DURABLE,
        "target = 0 if newest is None else 1 - newest[2]",
        "target = 0 if newest is None else 1 - newest[2]\n"
        "        if newest is not None and len(newest[1]) == len(payload):\n"
        "            return",
    ),
    mutant(
        "torn-copy-written-over",
        "A torn copy is not wiped before it is written again: two torn writes may add up to the earlier value.",
        _DURABLE,
        "            cell.write(bytes(cell.size_bytes))\n",
        "            pass\n",
    ),
    mutant(
        "cell-not-synced",
        "A cell is written and not flushed: what a save promised to keep may be lost.",
        _STORAGE,
        "success for bytes that are gone.\n                os.fsync(descriptor)\n",
        "success for bytes that are gone.\n",
    ),
    mutant(
        "slot-not-synced",
        "The image is never flushed before its slot is sealed.",
        _STORAGE,
        "            os.fsync(self._descriptor)\n",
        "",
    ),
    mutant(
        "slot-closed-unflushed",
        "Closing a slot does not flush it.",
        _STORAGE,
        "                os.ftruncate(self._descriptor, self._written_bytes)\n                self.flush()\n",
        "                os.ftruncate(self._descriptor, self._written_bytes)\n",
    ),
    mutant(
        "slot-not-listed",
        "The directory entry of a new image file is not synced: the file may vanish after it was sealed.",
        _STORAGE,
        "                sync_directory(os.path.dirname(self._path))\n                self._is_listed = True\n",
        "                self._is_listed = True\n",
    ),
    mutant(
        "home-not-listed",
        "The directory entry of a new home folder is not synced: the whole home may vanish.",
        _STORAGE,
        "        sync_directory(parent)\n",
        "",
    ),
    mutant(
        "geometry-not-synced",
        "The geometry is renamed into place before its bytes are flushed.",
        _STORAGE,
        "            _write_all(descriptor, content)\n            os.fsync(descriptor)\n",
        "            _write_all(descriptor, content)\n",
    ),
    mutant(
        "directory-sync-missing",
        "No directory is ever synced: new files and renames may be lost.",
        _STORAGE,
        '    descriptor = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)\n    try:\n'
        "        os.fsync(descriptor)\n",
        '    descriptor = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)\n    try:\n'
        "        pass\n",
    ),
    mutant(
        "seal-not-broken",
        "A sealed slot is written without breaking its seal first.",
        _FILES,
        "            self._seal_value(slot).save(_BROKEN)\n",
        "            pass\n",
    ),
    Mutant(
        "sealed-before-download-and-trusted",
        "The slot is sealed when the download begins, and a seal is believed without reading the slot.",
        (
            Change(
                _INSTALL,
                "        writer = self._slots.resume(slot, size_bytes, start.offset_bytes)\n",
                "        writer = self._slots.resume(slot, size_bytes, start.offset_bytes)\n"
                "        self._slots.seal(slot, wanted)\n",
            ),
            Change(_IMAGE, "promised is not None and holds(slots, slot, promised, buffer)", "promised is not None"),
        ),
    ),
    Mutant(
        "sealed-unflushed-and-trusted",
        "The image is sealed before it is flushed, and a seal is believed without reading the slot.",
        (
            Change(_STORAGE, "            os.fsync(self._descriptor)\n", ""),
            Change(_IMAGE, "promised is not None and holds(slots, slot, promised, buffer)", "promised is not None"),
        ),
    ),
    mutant(
        "images-compared-by-size",
        "Two images of one size are taken for the same.",
        _IMAGE,
        "            and self.md5 == other.md5\n"
        "            and (self.sha256 is None or other.sha256 is None or self.sha256 == other.sha256)\n",
        "",
    ),
    mutant(
        "record-before-the-factory-image",
        "A home is recorded as provisioned before its factory image is written.",
        _PROVISIONING,
        "    _fill(slots, factory, image_size_bytes)\n    home = Home(path)\n",
        "    home = Home(path)\n    home.records.save(Record(FACTORY_SLOT))\n"
        "    _fill(slots, factory, image_size_bytes)\n",
    ),
    mutant(
        "factory-sealed-before-written",
        "The factory slot counts as sealed, and the home as provisioned, while its image is being written.",
        _PROVISIONING,
        "    sealed = [slot for slot in range(home.slots.count) if home.slots.seal_of(slot) is not None]\n"
        "    return bool(sealed) or home.records.load() is not None\n",
        "    return home.slots.count > 0\n",
    ),
)
