"""The plan in the variables of the community's module for Auto Scaling groups.

https://registry.terraform.io/modules/terraform-aws-modules/autoscaling/aws: names and types of its versions 8 and 9.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from scaler.emit.schedules import Scheduled, scheduled_changes
from scaler.emit.tfvars import as_json
from scaler.plan.document import MixPolicyPart, Plan, WorkloadPart

#: The variable that the document sets: by workload, arguments of the module.
VARIABLE = "scaler_autoscaling"


def render_community(plan: Plan) -> str:
    """The text of a variable file; only groups are in it, as the module makes nothing else.

    Names, launch templates and networks stay with the caller, and ``desired_capacity`` stays unset: scaling
    policies own it.
    """
    return as_json({VARIABLE: {w.name: _group(w) for w in plan.workloads if w.target.kind == "asg" and w.steps}})


def _group(workload: WorkloadPart) -> dict[str, Any]:
    first = workload.steps[0]
    group: dict[str, Any] = {
        "min_size": first.min_size,
        "max_size": first.max_size,
        # The module drops nothing that has passed, and its minimum is the first level already.
        "schedules": {
            _name(change): change.as_variables()
            for change in scheduled_changes(workload)
            if _coming(change, first.start)
        },
    }
    if workload.mix_policy is not None:
        group |= {"use_mixed_instances_policy": True, "mixed_instances_policy": _mix(workload.mix_policy)}
    return group


def _coming(change: Scheduled, first: datetime) -> bool:
    return change.start is None or change.start > first


def _name(change: Scheduled) -> str:
    """The provider keeps the first start of a recurring action, so a changed cron needs another name."""
    if change.recurrence is None:
        return change.name
    return f"{change.name}-{hashlib.sha256(f'{change.recurrence} {change.time_zone}'.encode()).hexdigest()[:8]}"


def _mix(mix: MixPolicyPart) -> dict[str, Any]:
    types = [{"instance_type": name, "weighted_capacity": str(weight)} for name, weight in mix.instance_types]
    return {
        "instances_distribution": {
            "on_demand_allocation_strategy": "prioritized",
            "on_demand_base_capacity": mix.on_demand_base_capacity,
            "on_demand_percentage_above_base_capacity": mix.on_demand_percentage_above_base_capacity,
            "spot_allocation_strategy": mix.spot_allocation_strategy,
        },
        "launch_template": {"override": types},  # version 9
        "override": types,  # version 8; each leaves the other's alone
    }
