"""Seeded bugs in the storage: slots, and the two copies of a small value."""

from __future__ import annotations

from sweeps.seeding.bugs import Bug, at, bug
from sweeps.seeding.verbs import after, drop, drop_operand, replace, returns, swap

STORAGE: tuple[Bug, ...] = (
    bug(
        "crc-of-the-sequence-alone",
        "The CRC covers only the sequence number: a torn payload counts as whole.",
        at("durable:DurableValue.save", replace("binascii.crc32(_1)", "binascii.crc32(_1[4:12])")),
        at("durable:_unframed", replace("binascii.crc32(_1[:_])", "binascii.crc32(_1[4:12])")),
    ),
    bug(
        "crc-not-checked",
        "The CRC is written and never compared.",
        at("durable:_unframed", replace("_1 == binascii.crc32(_)", "_1")),
    ),
    bug(
        "sequence-not-increased",
        "Every copy has the same sequence number: which one is the newest is left to chance.",
        at("durable:DurableValue.save", replace("_1[0] + 1", "_1[0] or 1")),
    ),
    bug(
        "always-the-first-copy",
        "Each save goes to the same copy: a torn write leaves nothing of the value before it.",
        at("durable:DurableValue.save", replace("0 if _ is None else 1 - _", "0")),
    ),
    bug(
        "newest-copy-overwritten",
        "A save goes over the newest copy: a torn write brings back the value before the last.",
        at("durable:DurableValue.save", replace("1 - _1", "_1")),
    ),
    bug(
        "newest-is-lowest",
        "The copy with the lowest sequence number is taken for the newest.",
        at("durable:DurableValue._newest", replace("sorted(_1, reverse=True)", "sorted(_1)")),
    ),
    bug(
        "newest-by-content",
        "The newest copy is chosen by its payload, not by its sequence number.",
        at(
            "durable:DurableValue._newest",
            replace("sorted(_1, reverse=True)", "sorted(_1, key=lambda copy: copy[1], reverse=True)"),
        ),
    ),
    bug(
        "same-length-not-saved",
        "A value equal in length to the one before is taken for the same, and not written.",
        at(
            "durable:DurableValue.save",
            after(
                "_ = 0 if _1 is None else _",
                """
                if _1 is not None and len(_1[1]) == len(payload):
                    return
                """,
            ),
        ),
    ),
    bug(
        "torn-copy-written-over",
        "A torn copy is not wiped before it is written again: two torn writes may add up to the earlier value.",
        at("durable:DurableValue.save", drop("_.write(bytes(_))")),
    ),
    bug(
        "copy-not-synced",
        "A copy is written and not flushed: what a save promised to keep may be lost.",
        at("storage:FileCell.write", drop("os.fsync(_)")),
    ),
    bug(
        "slot-not-synced",
        "The image is never flushed before its slot is sealed.",
        at("storage:SlotWriter.flush", drop("os.fsync(_)")),
    ),
    bug(
        "slot-closed-unflushed",
        "Closing a slot does not flush it.",
        at("storage:SlotWriter.close", drop("self.flush()")),
    ),
    bug(
        "slot-not-listed",
        "The directory entry of a new image file is not synced: the file may vanish after it was sealed.",
        at("storage:SlotWriter.flush", drop("sync_directory(_)")),
    ),
    bug(
        "home-not-listed",
        "The directory entry of a new home folder is not synced: the whole home may vanish.",
        at("storage_names:make_folder", drop("sync_directory(_)")),
    ),
    bug(
        "geometry-not-synced",
        "The geometry is renamed into place before its bytes are flushed.",
        at("storage:write_whole_file", drop("os.fsync(_)")),
    ),
    bug(
        "directory-sync-missing",
        "No directory is ever synced: new files and renames may be lost.",
        at("storage:sync_directory", drop("os.fsync(_)")),
    ),
    bug(
        "seal-not-broken",
        "A sealed slot is written without breaking its seal first.",
        at("files:FileSlots._opened", drop("_.save(_)")),
    ),
    bug(
        "sealed-before-download-and-trusted",
        "The slot is sealed when the download begins, and a seal is believed without reading the slot.",
        at("install:Installer.receive", after("_ = _1.resume(_2, ...)", "_1.seal(_2, wanted)")),
        at("image:proves_itself", drop_operand("holds(...)")),
    ),
    bug(
        "sealed-unflushed-and-trusted",
        "The image is sealed before it is flushed, and a seal is believed without reading the slot.",
        at("storage:SlotWriter.flush", drop("os.fsync(_)")),
        at("image:proves_itself", drop_operand("holds(...)")),
    ),
    bug(
        "lost-seals-start-nothing",
        "A device that has lost every seal starts nothing, whatever lies in its slots.",
        at("last_resort:seal_again", returns("False", instead_of="any(_)")),
    ),
    bug(
        "lost-seals-prove-everything",
        "A device that has lost every seal seals whatever it finds, if it has no keyring.",
        at("last_resort:_is_proven", returns("True", instead_of="not _.what_is_wrong_with(_, ...)")),
    ),
    bug(
        "lost-seals-any-release",
        "A device that has lost every seal believes the release beside a slot, whatever image lies there.",
        at("last_resort:_is_proven", returns("True", instead_of="_.matches(_)")),
    ),
    bug(
        "images-compared-by-size",
        "Two images of one size are taken for the same.",
        at("digests:Digests.matches", returns("_1", instead_of="_1 and ...")),
    ),
    bug(
        "record-before-the-factory-image",
        "A home is recorded as provisioned before its factory image is written.",
        at(
            "provisioning:provision",
            swap("_fill(...)", "_ = _(path)"),
            after("_1 = _(path)", "_1.records.save(Record(FACTORY_SLOT))"),
        ),
    ),
    bug(
        "factory-sealed-before-written",
        "The factory slot counts as sealed, and the home as provisioned, while its image is being written.",
        at(
            "provisioning:_is_provisioned",
            replace("_ = _; return bool(_) or _1.records.load() is not None", "return _1.slots.count > 0"),
        ),
    ),
)
