"""What must hold before a plan is taken to AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from scaler.apply.interface import ApplyRefused, Group, Wanted
from scaler.config.targets import KINDS
from scaler.live.interface import LiveGroup, Setting
from scaler.live.settings import MIX, PREDICTIVE
from scaler.plan.document import Plan, WorkloadPart
from scaler.plan.ownership import DESIRED


def check_plan(plan: Plan, now: datetime) -> None:
    """Refuse a plan that has expired, lies in the future, or holds refused workloads. Calls nothing.

    Raises:
        ApplyRefused: says which.
    """
    again = "make a new plan with scaler plan --out FILE"
    if now >= plan.expires_at:
        raise ApplyRefused(
            "the plan has expired",
            why=f"it was valid until {_time(plan.expires_at)}, and it is {_time(now)}",
            next_step=again,
        )
    if now < plan.created_at:
        raise ApplyRefused(
            "the plan was made in the future",
            why=f"it says {_time(plan.created_at)}, and it is {_time(now)}: a clock is wrong",
            next_step="set this machine's clock (NTP), then apply it again",
        )
    refused = [part.name for part in plan.workloads if part.status == "refused"]
    if refused:
        raise ApplyRefused(
            f"the plan refuses {_some(refused)}",
            why="a plan is applied whole, and only if nothing in it is in doubt",
            next_step="mend or accept what scaler plan names, and make the plan again",
        )
    inverted = [part.name for part in plan.workloads for step in part.steps if step.min_size > step.max_size]
    if inverted:
        raise ApplyRefused(
            f"the plan has a minimum above its maximum for {_some(inverted)}",
            why="such a group cannot be",
            next_step=again,
        )


def check_account(plan: Plan, account: str | None) -> None:
    """Refuse a plan for another account, or for none.

    Raises:
        ApplyRefused: shows both identities.
    """
    if plan.account is None:
        raise ApplyRefused(
            "the plan does not say which account it is for",
            why="it was made without asking AWS (--offline, or live sizes from the configuration)",
            next_step="make it again without --offline, with live: aws",
        )
    if plan.account != account:
        raise _elsewhere(f"account {plan.account}", f"account {account or '—'}", "AWS_PROFILE")


def check_regions(plan: Plan, regions: Mapping[str, str | None]) -> None:
    """Refuse a plan whose groups lie in other regions than the configuration and the environment select now.

    Args:
        regions: by workload.

    Raises:
        ApplyRefused: shows both regions.
    """
    for group, _ in groups_of(plan):
        here = regions.get(group.workload)
        if here != group.region:
            where = f"{group.workload} in {group.region}"
            raise _elsewhere(where, f"{group.workload} in {here or 'no region'}", "AWS_REGION, or region:")


def _elsewhere(planned: str, here: str, selector: str) -> ApplyRefused:
    return ApplyRefused(
        "the plan is for another account or region",
        why=f"it is for {planned}; what is selected now is {here}",
        next_step=f"select what the plan was made with ({selector}), or make a new plan",
    )


def groups_of(plan: Plan) -> tuple[tuple[Group, WorkloadPart], ...]:
    """The groups that the plan names, each once.

    Raises:
        ApplyRefused: two workloads share a group, or a group's region is not known.
    """
    found: dict[tuple[str, str, str], tuple[Group, WorkloadPart]] = {}
    for part in plan.workloads:
        if KINDS[part.target.kind].service is None:
            continue
        region = part.target.region or plan.region
        if region is None:
            raise ApplyRefused(
                f"the plan does not say in which region {part.target.name} runs",
                why="it was made without asking AWS",
                next_step="set region: in the configuration, and plan again",
            )
        key = (region, part.target.kind, part.target.name)
        if key in found:
            raise ApplyRefused(
                f"{found[key][0].workload} and {part.name} plan the same group {part.target.name}",
                why="each would undo what the other schedules",
                next_step="let one workload carry the group",
            )
        owns = tuple(sorted(setting.attribute for setting in part.settings if setting.attribute != DESIRED))
        tags = tuple(sorted(part.required_tags.items()))
        found[key] = (Group(region, part.target.name, part.name, part.target.kind, owns, tags), part)
    if plan.workloads and not found:
        raise ApplyRefused(
            "the plan names nothing that scaler apply writes to",
            why="node pools and deployments are written as files, by outputs:",
            next_step="run kubectl apply on those, or plan a target of AWS",
        )
    return tuple(found[key] for key in sorted(found))


def not_written(plan: Plan) -> tuple[WorkloadPart, ...]:
    """Workloads that another tool takes to where they run."""
    return tuple(part for part in plan.workloads if KINDS[part.target.kind].service is None)


def check_targets(group: Group, live: LiveGroup, wanted: Wanted) -> None:
    """Refuse a target that lacks a tag, runs no scheduled actions, or cannot take a setting.

    Raises:
        ApplyRefused: says which.
    """
    missing = [f"{key}={value}" for key, value in group.tags if (key, value) not in (live.tags or ())]
    if missing:
        raise ApplyRefused(
            f"{group.workload} ({group.name}) may not be written to",
            why=f"it lacks the tag {_some(missing)}, which apply.require_tag asks for",
            next_step="tag it, if scaler may write to it",
        )
    if live.suspended:
        raise ApplyRefused(
            f"{group.workload} ({group.name}) would not do what the plan says",
            why=live.suspended[0],
            next_step="resume it, or leave the workload out with --workload",
        )
    standing = {setting.attribute: setting.value for setting in live.settings}
    for setting in wanted.settings:
        _check_setting(group, standing.get(setting.attribute), setting)


def _check_setting(group: Group, live: str | None, wanted: Setting) -> None:
    name = f"{group.workload} ({group.name})"
    if live is None and not wanted.attribute.startswith(PREDICTIVE):
        raise ApplyRefused(
            f"{name} has no {wanted.attribute.replace('_', ' ')}",
            why="scaler sets it where it is, and makes none",
            next_step="make it with Terraform, or remove it from apply: in the configuration",
        )
    if wanted.attribute != MIX or live is None or wanted.value is None:
        return
    before, after = (dict(json.loads(value)["instance_types"]) for value in (live, wanted.value))
    if "by attributes" in before:
        raise ApplyRefused(
            f"{name} has no mix of instance types",
            why="it chooses instances by attributes",
            next_step="give it types with Terraform, or remove mixed_instances_policy from apply:",
        )
    moved = [name for name in before.keys() & after.keys() if before[name] != after[name]]
    if moved:
        raise ApplyRefused(
            f"{name} counts capacity in other units than the plan",
            why=f"{_some(moved)} weighs {before[min(moved)]} there and {after[min(moved)]} in the plan; "
            "sizes and scheduled actions would mean something else",
            next_step="set capacity.weights to those of the group, and plan again",
        )


def _some(names: Sequence[str]) -> str:
    unique = sorted(set(names))
    return ", ".join(unique[:3]) + (f" and {len(unique) - 3} more" if len(unique) > 3 else "")


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
