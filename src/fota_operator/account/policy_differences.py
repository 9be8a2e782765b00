"""What a policy allows that it should not, and the other way round, in words that are bounded. Pure."""

from collections.abc import Iterable

from fota_operator.account.policy_statements import parse_statements

_NAMED = 2
"""How many permissions of each kind are named; the others are counted."""


def policy_differences(found: object, wanted: object) -> str:
    """How a policy differs from another one, each given as JSON or parsed."""
    has, needs = _permissions(found), _permissions(wanted)
    parts = [_told("it also allows", has - needs), _told("it does not allow", needs - has)]
    return " and ".join(part for part in parts if part) or "its conditions, or what it denies, are others"


def _permissions(document: object) -> set[str]:
    return {
        f"{action} on {resource}"
        for statement in parse_statements(document)
        if statement.allows
        for action in statement.actions
        for resource in statement.resources
    }


def _told(verb: str, permissions: Iterable[str]) -> str:
    names = sorted(permissions)
    if not names:
        return ""
    others = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{verb} {', '.join(names[:_NAMED])}{others}"
