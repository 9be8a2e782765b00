"""A policy document of IAM, S3 or AWS IoT, parsed: what each of its statements says. Pure.

AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
Leaves to others: whether that is as it should be (`policy_findings`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fota_operator.bounded_text import parse_json

ANYBODY = "*"


@dataclass(frozen=True)
class Statement:
    """One statement. `principals` are services, ARNs and accounts, or ANYBODY.

    A statement that names its exceptions (NotAction, NotResource, NotPrincipal) counts for everything if it allows,
    and for nothing if it denies: a policy may then look wider than it is, but never narrower.
    `conditions` are (operator, key, values), operators and keys in lower case.
    """

    allows: bool
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = field(default=())

    def names_action(self, action: str) -> bool:
        """Whether it is about an action."""
        return any(matches(pattern.lower(), action.lower()) for pattern in self.actions)

    def names_resource(self, resource: str) -> bool:
        """Whether it is about a resource."""
        return any(matches(pattern, resource) for pattern in self.resources)

    def names_principal(self, principal: str) -> bool:
        """Whether it is about somebody."""
        return principal in self.principals or ANYBODY in self.principals


def parse_statements(document: object) -> tuple[Statement, ...]:
    """The statements of a document, given as JSON or parsed. Anything that is not a statement is ignored."""
    if isinstance(document, str):
        try:
            document = parse_json(document)
        except ValueError:
            return ()
    found = document.get("Statement") if isinstance(document, Mapping) else None
    return tuple(_parsed(one) for one in _many(found) if isinstance(one, Mapping))


def permits(statements: tuple[Statement, ...], action: str, resource: str) -> bool:
    """Whether an action on a resource is allowed by one and denied by none. Conditions are taken as met."""
    about = [one for one in statements if one.names_action(action) and one.names_resource(resource)]
    return bool(about) and all(one.allows for one in about)


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches as in a policy: `*` is any characters, slashes and colons included; `?` is one."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _parsed(statement: Mapping[str, object]) -> Statement:
    # Neither word is "Allow" or "Deny": AWS takes no such statement, and it must not grant anything here.
    allows = statement.get("Effect") == "Allow"

    def named(element: str) -> tuple[str, ...]:
        if f"Not{element}" in statement:
            return ("*",) if allows else ()
        return _texts(statement.get(element))

    return Statement(
        allows=allows,
        actions=named("Action"),
        resources=named("Resource"),
        principals=_principals(statement, allows=allows),
        conditions=tuple(_conditions(statement.get("Condition"))),
    )


def _principals(statement: Mapping[str, object], *, allows: bool) -> tuple[str, ...]:
    if "NotPrincipal" in statement:
        return (ANYBODY,) if allows else ()
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return tuple(text for one in principal.values() for text in _texts(one))
    return _texts(principal)


def _conditions(condition: object) -> list[tuple[str, str, tuple[str, ...]]]:
    if not isinstance(condition, Mapping):
        return []
    return [
        (str(operator).lower(), str(key).lower(), tuple(_condition_value(value) for value in _many(values)))
        for operator, keys in condition.items()
        if isinstance(keys, Mapping)
        for key, values in keys.items()
    ]


def _condition_value(value: object) -> str:
    # IAM accepts true or false without quotes, too.
    return str(value).lower() if isinstance(value, bool) else str(value)


def _texts(one_or_more: object) -> tuple[str, ...]:
    return tuple(one for one in _many(one_or_more) if isinstance(one, str))


def _many(one_or_more: object) -> list[object]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]
