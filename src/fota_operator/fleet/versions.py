"""Compares versions as people write them, and reads rules such as `>=1.2,<1.3`. Pure.

Numbers count as numbers: 1.10 comes after 1.9. 1.3 and 1.3.0 are the same, and 1.3.0-rc1 comes before both, as in
Semantic Versioning. A version of another form has no place in that order, and a rule says nothing about it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne

from fota_operator.errors import BadInput

_FORM = re.compile(r"[vV]?([0-9]+(?:\.[0-9]+)*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
_RULE = re.compile(r"(<=|>=|!=|<|>|=)? *(.*)")
_ORDERS: dict[str, Callable[[object, object], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "!=": ne}  # type: ignore[dict-item]
"""The operators of Python; mypy knows them with their own types."""
_MAX_CHARACTERS = 64
_MAX_RULES = 8

_Key = tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]]
_RELEASE = ((2, 0, ""),)
"""What comes in the place of a pre-release's words: it is greater than any of them."""


def order_of(version: str) -> _Key | None:
    """The place of a version among others; None if it has none."""
    found = _FORM.fullmatch(version)
    if found is None or len(version) > _MAX_CHARACTERS:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    words = _RELEASE if found[2] is None else tuple(_word(word) for word in found[2].split("."))
    return tuple(numbers), words


def _word(word: str) -> tuple[int, int, str]:
    return (0, int(word), "") if word.isdecimal() else (1, 0, word)


@dataclass(frozen=True)
class VersionRule:
    """One comparison. `sign` is one of < <= > >= = !=."""

    sign: str
    version: str

    def verdict(self, version: str) -> bool | None:
        """Whether a version fits; None: the two cannot be compared."""
        ours, theirs = order_of(self.version), order_of(version)
        if ours is None or theirs is None:
            # The same text is the same version, whatever its form; another text may mean the same.
            if self.sign in ("=", "!="):
                return (version == self.version) == (self.sign == "=")
            return None
        return _ORDERS[self.sign](theirs, ours)


def parse_rules(text: str) -> tuple[VersionRule, ...]:
    """The rules that `<1.3.0`, `1.4.0` or `>=1.2,<1.3` mean: all of them must fit. *Raises* BadInput."""
    rules = tuple(_rule(part.strip(" ")) for part in text.split(","))
    if len(rules) > _MAX_RULES:
        raise BadInput(f"`version`: expected at most {_MAX_RULES} rules, got {len(rules)}", "leave some out")
    return rules


def verdict_of(rules: Sequence[VersionRule], version: str) -> bool | None:
    """Whether a version fits all rules; None: some cannot be compared with it, and no other speaks against it."""
    verdicts = [rule.verdict(version) for rule in rules]
    return False if False in verdicts else None if None in verdicts else True


def _rule(text: str) -> VersionRule:
    found = _RULE.fullmatch(text)
    sign, version = (found[1] or "=", found[2]) if found else ("", "")
    if not 0 < len(version) <= _MAX_CHARACTERS or not version.isprintable():
        raise BadInput(f"`version`: expected a version or a comparison, got {text!r}", _REMEDY)
    if sign not in ("=", "!=") and order_of(version) is None:
        raise BadInput(f"`version`: expected numbers and dots after {sign}, got {version!r}", _REMEDY)
    return VersionRule(sign, version)


_REMEDY = "write `fota fleet version=RULE`, with a rule as '<1.3.0', 1.4.0 or '>=1.2,<1.3'"
