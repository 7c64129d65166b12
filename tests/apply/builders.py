"""Sealed plans for groups whose live state is known, and the groups themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from scaler.apply.interface import Group
from scaler.config import TargetKind
from scaler.live.interface import LiveGroup
from scaler.live.scalable import scalable
from scaler.plan.document import ActionPart, LivePart, Plan, SettingPart, StepPart, TargetPart, WorkloadPart
from scaler.plan.seal import seal

ACCOUNT = "123456789012"
REGION = "us-east-1"
QUARTER = timedelta(minutes=15)


def quarter() -> datetime:
    """A moment in the current quarter of an hour, and far from its ends."""
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() // 900 * 900 + 300, UTC)


def group(name: str, kind: TargetKind = "asg") -> Group:
    """The target of workload ``name``."""
    return Group(REGION, target_name(name, kind), name, kind)


def target_name(name: str, kind: TargetKind) -> str:
    """What the target of workload ``name`` is called."""
    return {
        "asg": f"{name}-asg", "ecs_service": f"shop/{name}", "sagemaker_endpoint": f"{name}/AllTraffic",
        "lambda_alias": f"{name}:live", "node_pool": name, "deployment": f"shop/{name}",
    }[kind]  # fmt: skip


def resource(name: str, kind: TargetKind) -> str:
    """How Application Auto Scaling calls the target of workload ``name``."""
    return scalable(kind, target_name(name, kind)).resource


def live_part(live: LiveGroup) -> LivePart:
    """The live state as a plan records it."""
    return LivePart(
        min_size=live.min_size,
        max_size=live.max_size,
        desired_size=live.desired_size,
        foreign_actions=sum(not a.name.startswith("scaler-") for a in live.actions),
        actions=tuple(ActionPart(**vars(action)) for action in live.actions),
        fingerprint=live.fingerprint,
        registered=live.registered,
        policies=live.policies,
        settings=tuple(
            SettingPart(attribute=s.attribute, value=None if s.value is None else json.loads(s.value))
            for s in live.settings
        ),
    )


def step(start: datetime, end: datetime, min_size: int, max_size: int = 20) -> StepPart:
    """One level."""
    return StepPart(
        start=start, end=end, min_size=min_size, desired_size=None, max_size=max_size, required_units=min_size,
        mix=(), usd_per_hour=None, binding="demand",
    )  # fmt: skip


def part(
    name: str,
    levels: Sequence[int],
    live: LiveGroup | None,
    start: datetime,
    kind: TargetKind = "asg",
    *,
    settings: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    **given: Any,
) -> WorkloadPart:
    """A workload with one level per quarter of an hour from ``start``; equal neighbours make one level."""
    steps: list[StepPart] = []
    for number, level in enumerate(levels):
        begin = start + QUARTER * number
        if steps and steps[-1].min_size == level:
            steps[-1] = steps[-1].model_copy(update={"end": begin + QUARTER})
        else:
            steps.append(step(begin, begin + QUARTER, level, **given))
    return WorkloadPart(
        name=name, target=TargetPart(kind=kind, name=target_name(name, kind), region=REGION), status="changed",
        reasons=(), steps=tuple(steps), live=None if live is None else live_part(live),
        settings=tuple(SettingPart(attribute=name, value=value) for name, value in (settings or {}).items()),
        required_tags=dict(tags or {}),
    )  # fmt: skip


def sealed(parts: Sequence[WorkloadPart], now: datetime, **given: Any) -> Plan:
    """A plan of these workloads, made at ``now``."""
    fields: dict[str, Any] = {
        "schema_version": "1.0", "plan_id": "", "created_at": now, "as_of": now,
        "expires_at": now + timedelta(hours=26), "account": ACCOUNT, "region": REGION, "config_digest": "c" * 64,
        "scaler_version": "0.1.0", "workloads": tuple(sorted(parts, key=lambda p: p.name)),
    }  # fmt: skip
    return seal(Plan(**(fields | given)))


def plan_of(
    levels: Mapping[str, Sequence[int]], live: Mapping[Group, LiveGroup], now: datetime, **given: Mapping[str, Any]
) -> Plan:
    """A plan whose first level began up to a quarter of an hour ago and lasts for an hour.

    Nothing starts while a test runs: past starts are refused, and would be a matter of their own.

    Args:
        given: by workload, more arguments of :func:`part`.
    """
    start = datetime.fromtimestamp(now.timestamp() // 900 * 900, tz=now.tzinfo)
    of = {each.workload: (state, each.kind) for each, state in live.items()}
    return sealed(
        [
            part(name, [sizes[0]] * 3 + list(sizes), of[name][0], start, of[name][1], **given.get(name, {}))
            for name, sizes in levels.items()
        ],
        now,
    )
