"""What must hold before a plan is taken to AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from scaler.apply.interface import ApplyRefused, Group
from scaler.plan.document import Plan, WorkloadPart


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
    found: dict[tuple[str, str], tuple[Group, WorkloadPart]] = {}
    for part in plan.workloads:
        if part.target.kind != "asg":
            raise ApplyRefused(
                f"{part.name} is no Auto Scaling group",
                why=f"scaler apply does not write to {part.target.kind} targets yet",
                next_step="plan the other workloads alone, with --workload",
            )
        region = part.target.region or plan.region
        if region is None:
            raise ApplyRefused(
                f"the plan does not say in which region {part.target.name} runs",
                why="it was made without asking AWS",
                next_step="set region: in the configuration, and plan again",
            )
        key = (region, part.target.name)
        if key in found:
            raise ApplyRefused(
                f"{found[key][0].workload} and {part.name} plan the same group {part.target.name}",
                why="each would undo what the other schedules",
                next_step="let one workload carry the group",
            )
        found[key] = (Group(region, part.target.name, part.name), part)
    return tuple(found[key] for key in sorted(found))


def _some(names: Sequence[str]) -> str:
    unique = sorted(set(names))
    return ", ".join(unique[:3]) + (f" and {len(unique) - 3} more" if len(unique) > 3 else "")


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
