"""Checks of a document: when one is taken away, a vector of one file must get another verdict."""

from __future__ import annotations

from sweeps.seeding.bugs import Change, at
from sweeps.seeding.verbs import always, compare, drop, drop_operand, never, replace, returns

BY_VECTORS: dict[str, tuple[Change, ...]] = {
    "refused/bad-signature": (
        at("signature:verify_p256", returns("True")),
        at("envelope:verified", replace("_1 is not True", "_1 is None")),
    ),
    "refused/too-few-signatures": (
        at("envelope:verified", never("len(_) < threshold")),
        at("envelope:verified", replace("len(_1) < threshold", "len(_1) < 1")),
        at("envelope:verified", replace("len(_) < threshold", "len(envelope.signatures) < threshold")),
        at("keyring:successor", replace("current.threshold", "1")),
    ),
    "refused/unknown-key": (at("envelope:verified", never("not signers")),),
    "refused/bad-envelope": (
        at("envelope:verified", drop('require_same(_, "payloadType", ...)')),
        at("envelope:parse", drop_operand("set(_) != _")),
        at("envelope:parse", drop_operand("type(_) is not str")),
        at("envelope:parse", never("not 0 < len(found) <= _")),
        at("envelope:parse", drop_operand("not isinstance(_, list)")),
        at("envelope:parse", replace("len(dict(_1)) != len(_1)", "len(dict(_1)) == 0")),
        at("envelope:_signature", drop_operand("set(_) != _")),
        at("envelope:_signature", never("not is_hexadecimal(...)")),
        at("envelope:_signature", never("len(_) != SIGNATURE_BYTES")),
        at("envelope:_from_base64", drop_operand("_base64(_) != _")),
        at("envelope:_from_base64", drop_operand("len(_) > _")),
        at("envelope:_from_base64", drop_operand("not _")),
    ),
    "accepted": (
        at("envelope:verified", replace("signed_bytes(_, _1)", "_1")),
        at("envelope:signed_bytes", replace("f'DSSEv1 {_1} {_} {_2} '", "f'DSSEv1 {_1} {_2} '")),
        at("floor:Floor.require", compare("_.seq < self.seq", "<=")),
    ),
    "refused/bad-manifest": (
        at("strict_json:parse_canonical", drop_operand("canonical(_) != _")),
        at("manifest:checked", never("_ not in optional")),
        at("manifest:checked", never("not _is_right(...)")),
        at("manifest:parse", replace('_.get("critical", _)', "[]")),
        at("fields:is_whole", replace("type(_1) is int", "isinstance(_1, int)")),
        at("fields:is_whole", replace("type(_1) is int", "isinstance(_1, (int, float))")),
        at("fields:is_whole", replace("_ <= _1 <= _2", "_1 <= _2")),
        at("fields:is_whole", replace("_1 <= _2 <= _", "_1 <= _2 < 10**30")),
        at("manifest:_is_name", drop_operand("is_of_letters(...)")),
        at("manifest:_is_text", drop_operand("type(_) is str")),
        at("manifest:_is_text", replace("0 < _1 <= _2", "_1 <= _2")),
        at("manifest:_is_text", replace("0 < _1 <= _", "0 < _1 < 10_000")),
        at("fields:is_hexadecimal", always("len(_) == digits")),
        at("fields:is_hexadecimal", replace("'0123456789abcdef'", "'0123456789abcdefABCDEF'")),
        at("fields:is_hexadecimal", drop_operand("not _.strip(_)")),
        at("manifest:_is_right", drop_operand("0 < len(_) <= _")),
        at("manifest:_is_right", drop_operand("all(_)")),
        at("manifest:_is_right", drop_operand("isinstance(_, list)")),
        at("strict_json:canonical", replace("_encoded(_1, _)", "_encoded(_1, 100)")),
    ),
    "refused/wrong-product": (
        at("releases:require_for", drop('require_same(_, "product", ...)')),
        at("keyring:successor", drop('require_same(_, "product", ...)')),
    ),
    "refused/wrong-hardware": (
        at("releases:require_for", never("_.hardware not in _.hardware")),
        at("keyring:successor", never("_.hardware is not None")),
    ),
    "refused/wrong-format": (at("releases:require_for", never("_.image not in image_kinds")),),
    "refused/wrong-runtime": (
        at("releases:Releases.admit", drop("require_runnable(...)")),
        at("tags:misfit", never("boot > protocol")),
        at("tags:misfit", always("fits(runtime)")),
    ),
    "refused/not-valid-now": (
        at("releases:require_valid", never("now_s < _")),
        at("releases:require_valid", never("now_s > _")),
    ),
    "refused/unsigned": (
        at("releases:Releases.admit", never("envelope is None")),
        at("releases:Releases.admit", replace("keyring is None", "keyring is None or envelope is None")),
    ),
    "refused/contradiction": (
        at("releases:Releases.admit", never("not _.matches(_)")),
        at("releases:Releases.admit", never("slot is not None")),
        at("digests:Digests.matches", always("_.sha256 == _.sha256")),
        at("digests:Digests.matches", always("_.size_bytes == _.size_bytes")),
        at("digests:Digests.matches", drop_operand("_.md5 == _.md5")),
    ),
    "refused/slot-is-running": (
        at("releases:Releases.admit", drop("slot = _.slot")),
        at("device:Device.slot_for", replace("if _ in _: ...", "if False: ...")),
    ),
    "refused/older-release": (
        at("floor:Floor.require", never("_.seq < self.seq")),
        at("floor:Floor.require", replace("_1.seq < self.seq", "_1.seq < self.seq - 1")),
        at("floor:Floor.require", never("_.sha256 != self.sha256")),
    ),
    "refused/below-floor": (
        at("floor:Floor.require", never("_.secver < self.secver")),
        at("floor:Floor.require", replace("_1.secver < self.secver", "_1.secver < self.secver - 1")),
    ),
    "refused/no-such-slot": (at("device:Device.slot_for", never("not 0 <= _ < _")),),
    "refused/image-too-large": (at("device:Device.slot_for", never("size_bytes > _")),),
    "refused/known-bad": (at("firmware_job:FirmwareJob.carry_out", never("_.knows_bad(_)")),),
    "refused/bad-document": (
        at("document:parse", never("type(_) is not bool")),
        at("document:_slot", replace("type(_1) is not int", "not isinstance(_1, int)")),
        at("document:_size", replace("type(_1) is not int", "not isinstance(_1, int)")),
        at("document:_size", never("not 0 < _ <= _")),
        at("document:checked_digest", drop_operand("not is_hexadecimal(...)")),
        at("fields:is_hexadecimal", always("len(_) == digits")),
        at("fields:is_hexadecimal", drop_operand("not _.strip(_)")),
        at("document:checked_url", never("not _.startswith('https://')")),
        at("document:_fields", never("_ not in known and ...")),
    ),
    "refused/no-keyring": (at("keyring:successor", never("current is None")),),
    "refused/bad-keyring": (
        at("keyring:successor", drop('require_same(_, "version", ...)')),
        at(
            "keyring:successor",
            replace("require_same(_1, 'version', _2 + 1, _3)", "require_same(_1, 'version', True, _3 > _2)"),
        ),
        at("keyring:successor", drop("_.verified(...)")),
        at("strict_json:parse_canonical", drop_operand("canonical(_) != _")),
        at("keyring:parse", never("_ not in _ and _ != 'keys'")),
        at("keyring:_keys", never("_ != key_id(_)")),
        at("keyring:_keys", drop_operand("not _.startswith('04')")),
        at("keyring:_keys", drop_operand("not is_hexadecimal(...)")),
        at("keyring:_keys", never("not 0 < len(_) <= _")),
        at("manifest:checked", never("_ not in optional")),
        at("manifest:checked", never("not _is_right(...)")),
        at("fields:is_whole", replace("type(_1) is int", "isinstance(_1, (int, float))")),
        at("fields:is_whole", replace("_ <= _1 <= _2", "_1 <= _2")),
        at("manifest:_is_right", returns("True", instead_of="_is_name(_)")),
        at("keyring:KeyringStore.load", never("_.is_made()")),
    ),
}
"""File of vectors -> the changes, each a bug of its own."""
