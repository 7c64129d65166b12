"""The plan as Terraform variables: one JSON document, sorted keys, no null."""

from __future__ import annotations

import json
from typing import Any

from scaler.config.targets import TargetKind
from scaler.emit.schedules import rfc3339, scheduled_changes
from scaler.plan.document import Plan, WorkloadPart

#: The variables that the document sets; a Terraform root must declare them.
VARIABLES = ("scaler_meta", "scaler_workloads")

#: Targets that Terraform makes; those of Kubernetes are written as YAML.
KINDS: tuple[TargetKind, ...] = ("asg", "ecs_service", "sagemaker_endpoint", "lambda_alias")


def render_tfvars(plan: Plan) -> str:
    """The text of ``scaler.auto.tfvars.json``. Refused workloads are left out: check before writing."""
    return as_json(
        {
            "scaler_meta": {
                "schema_version": plan.schema_version,
                "plan_id": plan.plan_id,
                "generated_at": rfc3339(plan.created_at),
                "expires_at": rfc3339(plan.expires_at),
            },
            "scaler_workloads": {w.name: _workload(w) for w in plan.workloads if w.target.kind in KINDS and w.steps},
        }
    )


def as_json(document: dict[str, Any]) -> str:
    """Sorted keys, one value per line, so that a review shows what changed; never NaN."""
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _workload(workload: WorkloadPart) -> dict[str, Any]:
    first = workload.steps[0]
    return {
        "min_size": first.min_size,
        "max_size": first.max_size,
        **_mix(workload),
        "schedules": {change.name: change.as_variables() for change in scheduled_changes(workload)},
    }


def _mix(workload: WorkloadPart) -> dict[str, Any]:
    """The mix of a group; what is no group has none, and says so by an empty list."""
    mix = workload.mix_policy
    if workload.target.kind != "asg" or mix is None:
        return {
            "on_demand_base_capacity": 0,
            "on_demand_percentage_above_base_capacity": 100,
            "spot_allocation_strategy": "price-capacity-optimized",
            "instance_types": [],
        }
    return {
        "on_demand_base_capacity": mix.on_demand_base_capacity,
        "on_demand_percentage_above_base_capacity": mix.on_demand_percentage_above_base_capacity,
        "spot_allocation_strategy": mix.spot_allocation_strategy,
        "instance_types": [{"instance_type": name, "weighted_capacity": weight} for name, weight in mix.instance_types],
    }
