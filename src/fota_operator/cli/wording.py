"""Puts the library's texts into the command's words: options in the place of fields, and exit statuses.

The library knows parameters and no options. If an error or a finding names a field, as `bucket`, the command shows
--bucket; if it names a command with fields, as `fota bootstrap bucket=NAME`, the command shows it with its options.
"""

import re

from fota_operator.errors import BadInput, OperatorError

OPTIONS = {
    "allow": "--allow",
    "allow_jump": "--allow-jump",
    "allow_publish": "--allow-publish",
    "bad": "--bad",
    "bucket": "--bucket",
    "cacert": "--ca",
    "count": "--count",
    "deferring": "--deferred",
    "device_port": "--device-port",
    "duration_s": "--duration",
    "entry": "--entry",
    "find_links": "--find-links",
    "force": "--force",
    "gateway_port": "--gateway-port",
    "group": "--group",
    "hardware": "--hardware",
    "host": "--host",
    "insist": "--insist",
    "interval_s": "--interval",
    "keyring": "--keyring",
    "keys": "--keys",
    "kms": "--kms",
    "lock": "--lock",
    "max_things": "--max-things",
    "micropython": "--micropython",
    "most": "--most",
    "no_index": "--no-index",
    "not_after": "--not-after",
    "not_before": "--not-before",
    "per_second": "--rate",
    "reasons": "--reason",
    "no_notify": "--no-notify",
    "notify": "--notify",
    "patch": "--patch",
    "port": "--port",
    "requirements": "--requirements",
    "product": "--product",
    "role": "--role",
    "secver": "--secver",
    "seq": "--seq",
    "signers": "--sign",
    "silent": "--silent",
    "slot": "--slot",
    "slot_size": "--slot-size",
    "target": "--target",
    "timeout_minutes": "--timeout-minutes",
    "timeout_s": "--timeout",
    "to": "--to",
    "urgency": "--urgency",
    "version": "--version",
    "void_secver": "--void-secver",
    "void_seq": "--void-seq",
    "whole": "--whole",
    "wifi": "--wifi",
    "within": "--within",
    "without_library": "--without-library",
}
"""The command's option for each field that an error of the library names."""

_FLAG = "yes"
_FIELD = re.compile(r"`([a-z_]+)`")
_COMMAND = re.compile(r"`fota [^`]*`")
_SET = re.compile(r"(?<= )([a-z_]+)=(\S+?)(?=[ `])")


def worded(text: str) -> str:
    """A text of the library with the options of the command in it."""
    commands = _COMMAND.sub(lambda command: _SET.sub(_option_set, command[0]), text)
    return _FIELD.sub(lambda field: OPTIONS.get(field[1], field[0]), commands)


def exit_status(error: OperatorError) -> int:
    """The exit status: 2 if the command was used wrongly, 1 if it was refused or failed."""
    return 2 if isinstance(error, BadInput) else 1


def _option_set(found: re.Match[str]) -> str:
    field, value = found[1], found[2]
    if field not in OPTIONS:
        return found[0]
    return OPTIONS[field] if value == _FLAG else f"{OPTIONS[field]} {value}"
