"""Whether policies allow a request, by the rules that IAM documents for identity policies of one account.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: an explicit deny, then any
allow, else no. What is not understood here is an error, never a pass. moto's evaluation takes neither resources nor
conditions into account, and parliament and policy_sentry evaluate nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One action on one resource.

    Attributes:
        action: as IAM calls it, e.g. ``s3:ListBucket``.
        resource: its ARN; ``*`` for an action that no resource can limit.
        context: values of condition keys; a key that is not there is not in the request.
    """

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


def allowed(policies: Iterable[Mapping[str, Any]], asked: Asked) -> bool:
    """Whether the policies of one identity allow it."""
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in _listed(policy["Statement"])
        if _applies(statement, asked)
    }
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Any], asked: Asked) -> bool:
    unknown = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}
    if unknown:
        raise ValueError(f"not understood: {sorted(unknown)}")
    actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
    if not any(_like(pattern.lower(), asked.action.lower()) for pattern in actions):
        return False
    if not any(_like(pattern, asked.resource) for pattern in resources):
        return False
    return all(
        _holds(operator, asked.context.get(key), _listed(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    name = operator.removesuffix("IfExists")
    if value is None:
        return name != operator  # a key that is not in the request holds for ...IfExists alone
    match name:
        case "StringEquals":
            return value in wanted
        case "StringLike" | "ArnLike" | "ArnEquals":  # the last two do the same, says the reference of operators
            return any(_like(pattern, value) for pattern in wanted)
        case "Bool":
            return value.lower() in {each.lower() for each in wanted}
    raise ValueError(f"not understood: {operator}")


@cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", text))
    return re.compile("".join(parts), re.DOTALL)


def _like(pattern: str, value: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
