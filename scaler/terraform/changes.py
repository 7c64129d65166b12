"""What a saved Terraform plan does to scaling targets, read from ``terraform show -json``.

Format: https://developer.hashicorp.com/terraform/internals/json-format, version 1.x.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scaler.config.targets import TargetKind
from scaler.terraform.interface import TerraformFailed

#: What cannot be destroyed without an outage of what is scaled, or the loss of its schedules and policies.
TARGETS = (
    "aws_autoscaling_group",
    "aws_appautoscaling_target",
    "aws_ecs_service",
    "aws_sagemaker_endpoint",
    "aws_lambda_alias",
)
_SCHEDULES = ("aws_autoscaling_schedule", "aws_appautoscaling_scheduled_action")


@dataclass(frozen=True)
class Sizes:
    """Sizes of a target; ``None`` is not known before the apply.

    Attributes:
        mix: types with weights, and how much of them is on-demand, in words; ``None`` where there is no mix.
    """

    min_size: int | None
    max_size: int | None
    desired_size: int | None
    mix: str | None = None


@dataclass(frozen=True)
class Action:
    """A scheduled action: when, as the target writes it, and the sizes it sets; ``None`` leaves a size."""

    when: str
    min_size: int | None
    max_size: int | None


@dataclass(frozen=True)
class TargetChange:
    """A scaling target in a plan, changed or not.

    Attributes:
        actions: as Terraform names them, such as ``("no-op",)``, ``("update",)`` or ``("delete", "create")``.
        before, after: ``None`` if it is not there.
        schedules_before, schedules_after: its scheduled actions by name.
        forced_by: attributes whose change forces a replacement.
        arn: as it is, ``None`` before it is made.
    """

    address: str
    kind: TargetKind
    name: str
    actions: tuple[str, ...]
    before: Sizes | None
    after: Sizes | None
    schedules_before: Mapping[str, Action]
    schedules_after: Mapping[str, Action]
    forced_by: tuple[str, ...] = ()
    arn: str | None = None


@dataclass(frozen=True)
class RootChange:
    """All that a plan does.

    Attributes:
        targets: in order of their addresses.
        lost: of each resource of :data:`TARGETS` that goes: address, ``destroys`` or ``replaces``, its name.
        counts: resources by what is done to them: ``add``, ``change``, ``destroy``; a replacement is two.
        elsewhere: changed resources that are neither targets nor schedules of theirs.
    """

    targets: tuple[TargetChange, ...]
    lost: tuple[tuple[str, str, str], ...]
    counts: Mapping[str, int]
    elsewhere: int = 0


def read_changes(shown: Mapping[str, Any]) -> RootChange:
    """Read a plan.

    Args:
        shown: what ``terraform show -json PLANFILE`` says.

    Raises:
        TerraformFailed: it is not such a document.
    """
    version = str(shown.get("format_version", ""))
    if version.split(".", maxsplit=1)[0] != "1" or not isinstance(shown.get("resource_changes", []), list):
        raise TerraformFailed(
            "the Terraform plan cannot be read",
            why=f"its JSON has format_version {version!a}; scaler reads 1.x",
            next_step="use a version of Terraform or OpenTofu that writes it, or update scaler",
        )
    changes = [change for change in shown.get("resource_changes", []) if change.get("mode") == "managed"]
    schedules = list(_schedules(changes))
    targets = tuple(target for change in changes for target in _target(change, schedules))
    return RootChange(
        targets=tuple(sorted(targets, key=lambda target: target.address)),
        lost=tuple(
            (change["address"], "replaces" if "create" in change["change"]["actions"] else "destroys", _name_of(change))
            for change in changes
            if change["type"] in TARGETS and "delete" in change["change"]["actions"]
        ),
        counts=_counts(changes),
        elsewhere=sum(
            change["type"] not in (*TARGETS, *_SCHEDULES) and change["change"]["actions"] != ["no-op"]
            for change in changes
        ),
    )


def _counts(changes: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    words = {"create": "add", "update": "change", "delete": "destroy"}
    found = Counter(words[action] for change in changes for action in change["change"]["actions"] if action in words)
    return {word: found[word] for word in words.values()}


def _target(change: Mapping[str, Any], schedules: Sequence[tuple[str, str, bool, Action]]) -> Iterator[TargetChange]:
    of_group = change["type"] == "aws_autoscaling_group"
    if not of_group and change["type"] != "aws_appautoscaling_target":
        return
    before, after = change["change"].get("before"), change["change"].get("after")
    identified_by = "name" if of_group else "resource_id"
    key, old = (after or before or {}).get(identified_by), (before or {}).get(identified_by)
    found = _identity(key, group=of_group)
    if found is None:
        return
    kind, name = found
    yield TargetChange(
        address=change["address"],
        kind=kind,
        name=name,
        actions=tuple(change["change"]["actions"]),
        before=_sizes(before, group=of_group),
        after=_sizes(after, group=of_group),
        schedules_before={n: a for target, n, was, a in schedules if was and target == old},
        schedules_after={n: a for target, n, was, a in schedules if not was and target == key} if after else {},
        forced_by=tuple(".".join(map(str, path)) for path in change["change"].get("replace_paths", [])),
        arn=(before or {}).get("arn"),
    )


def _identity(key: Any, *, group: bool) -> tuple[TargetKind, str] | None:
    """Kind and name; ``None`` if it is not known before the apply, or nothing that scaler plans."""
    if not isinstance(key, str):
        return None
    return ("asg", key) if group else _application(key)


def _name_of(change: Mapping[str, Any]) -> str:
    """What a person calls it: the name or identifier that it has."""
    before = change["change"].get("before") or {}
    for key in ("resource_id", "name", "id"):
        if isinstance(before.get(key), str):
            name: str = before[key]
            found = _application(name) if key == "resource_id" else None
            return name if found is None else found[1]
    return str(change["address"])


def _application(resource: Any) -> tuple[TargetKind, str] | None:
    """Kind and name of a target of Application Auto Scaling, as a configuration names it; ``None`` for others."""
    match str(resource).split("/"):
        case ["service", cluster, service]:
            return "ecs_service", f"{cluster}/{service}"
        case ["endpoint", endpoint, "variant", variant]:
            return "sagemaker_endpoint", f"{endpoint}/{variant}"
        case [single] if single.startswith("function:") and single.count(":") == 2:
            return "lambda_alias", single.removeprefix("function:")
    return None


def _sizes(state: Mapping[str, Any] | None, *, group: bool) -> Sizes | None:
    if state is None:
        return None
    if not group:
        return Sizes(_whole(state.get("min_capacity")), _whole(state.get("max_capacity")), None)
    return Sizes(
        _whole(state.get("min_size")),
        _whole(state.get("max_size")),
        _whole(state.get("desired_capacity")),
        _mix(state.get("mixed_instances_policy")),
    )


def _mix(policies: Any) -> str | None:
    if not policies:
        return None
    policy = policies[0]
    spread = (policy.get("instances_distribution") or [{}])[0]
    template = (policy.get("launch_template") or [{}])[0]
    types = [(o.get("instance_type") or "?", o.get("weighted_capacity") or "1") for o in template.get("override") or []]
    return mix_in_words(
        types,
        _whole(spread.get("on_demand_base_capacity")) or 0,
        _whole(spread.get("on_demand_percentage_above_base_capacity")),
    )


def mix_in_words(types: Sequence[tuple[str, Any]], base: int, percentage: int | None) -> str:
    """``m7i.large, m7i.xlarge=2; 2 + 40% on-demand``."""
    listed = ", ".join(name if str(weight) == "1" else f"{name}={weight}" for name, weight in types)
    share = 100 if percentage is None else percentage
    return f"{listed}; {f'{base} + ' if base else ''}{share}% on-demand"


def _schedules(changes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, bool, Action]]:
    """Target, name, whether it is the one before, and the action."""
    for change in changes:
        if change["type"] not in _SCHEDULES:
            continue
        for was, state in ((True, change["change"].get("before")), (False, change["change"].get("after"))):
            if state is None:
                continue
            if change["type"] == "aws_autoscaling_schedule":
                target, name = state.get("autoscaling_group_name"), state.get("scheduled_action_name")
                when = state.get("start_time") if not state.get("recurrence") else _recurring(state)
                low, high = _unless_left(state.get("min_size")), _unless_left(state.get("max_size"))
            else:
                target, name = state.get("resource_id"), state.get("name")
                when = f"{state.get('schedule')} {state.get('timezone')}"
                sizes = (state.get("scalable_target_action") or [{}])[0]
                low, high = _whole(sizes.get("min_capacity")), _whole(sizes.get("max_capacity"))
            yield str(target), str(name), was, Action(str(when), low, high)


def _recurring(state: Mapping[str, Any]) -> str:
    return f"{state.get('recurrence')} {state.get('time_zone') or 'Etc/UTC'}"


def _unless_left(value: Any) -> int | None:
    number = _whole(value)
    return None if number == -1 else number


def _whole(value: Any) -> int | None:
    """A number, which the provider may keep as a text; ``None`` if it is not known or empty."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
