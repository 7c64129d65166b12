"""The plan as Terraform variables: one JSON document, sorted keys, no null."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from scaler.plan.document import Plan, StepPart, WorkloadPart
from scaler.plan.schedule import ACTION_PREFIX

#: The variables that the document sets; a Terraform root must declare them.
VARIABLES = ("scaler_meta", "scaler_workloads")

# An omitted or null size of aws_autoscaling_schedule is sent as 0; -1 leaves the size alone.
# https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/autoscaling_schedule
_LEAVE_ALONE = -1


def render_tfvars(plan: Plan) -> str:
    """The text of ``scaler.auto.tfvars.json``. Refused workloads are left out: check before writing."""
    document = {
        "scaler_meta": {
            "schema_version": plan.schema_version,
            "plan_id": plan.plan_id,
            "generated_at": _rfc3339(plan.created_at),
            "expires_at": _rfc3339(plan.expires_at),
        },
        "scaler_workloads": {w.name: _workload(w) for w in plan.workloads if w.steps and w.mix_policy},
    }
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _workload(workload: WorkloadPart) -> dict[str, Any]:
    mix = workload.mix_policy
    if mix is None:
        raise ValueError(f"{workload.name} has no mix")
    first = workload.steps[0]
    return {
        "min_size": first.min_size,
        "max_size": first.max_size,
        "on_demand_base_capacity": mix.on_demand_base_capacity,
        "on_demand_percentage_above_base_capacity": mix.on_demand_percentage_above_base_capacity,
        "spot_allocation_strategy": mix.spot_allocation_strategy,
        "instance_types": [{"instance_type": name, "weighted_capacity": weight} for name, weight in mix.instance_types],
        "schedules": {_key(step.start): _schedule(step, workload) for step in workload.steps},
    }


def _key(start: datetime) -> str:
    """Named by UTC time: rolling on adds and removes actions, and never moves one onto another's time."""
    return f"{ACTION_PREFIX}{start.astimezone(UTC):%Y%m%dT%H%MZ}"


def _schedule(step: StepPart, workload: WorkloadPart) -> dict[str, Any]:
    # A minimum above the live maximum would be refused by AWS, so the maximum is raised with it.
    live = workload.live
    fits = live is not None and live.max_size >= step.max_size
    return {
        "start_time": _rfc3339(step.start),
        "min_size": step.min_size,
        "max_size": _LEAVE_ALONE if fits else step.max_size,
        "desired_capacity": _LEAVE_ALONE,
    }


def _rfc3339(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
