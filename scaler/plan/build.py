"""Workload plans → one sealed plan."""

from __future__ import annotations

from collections.abc import Sequence

from scaler.mix.commitments_advice import Advice
from scaler.mix.interface import Mixer
from scaler.plan.document import SCHEMA_VERSION, Plan
from scaler.plan.interface import PlanContext, RefusedWorkload, WorkloadInputs
from scaler.plan.parts import commitment_part
from scaler.plan.seal import seal
from scaler.plan.workload import plan_workload, refused_workload


def build_plan(
    inputs: Sequence[WorkloadInputs],
    refused: Sequence[RefusedWorkload],
    context: PlanContext,
    mixer: Mixer,
    commitments: Sequence[Advice] = (),
) -> Plan:
    """Plan every workload and seal the result. Workloads stand in the order of their names."""
    parts = [plan_workload(given, mixer, context) for given in inputs]
    parts += [refused_workload(given, context) for given in refused]
    plan = Plan(
        schema_version=SCHEMA_VERSION,
        plan_id="",
        created_at=context.as_of,
        as_of=context.as_of,
        expires_at=context.expires_at,
        account=context.account,
        region=context.region,
        config_digest=context.config_digest,
        scaler_version=context.scaler_version,
        workloads=tuple(sorted(parts, key=lambda part: part.name)),
        commitments=tuple(commitment_part(advice) for advice in commitments),
    )
    return seal(plan)
