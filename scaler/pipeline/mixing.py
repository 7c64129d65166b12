"""Spot capacity of the plans: chosen when the requirement and the live group are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scaler.mix.facts import Facts
from scaler.mix.interface import GroupMix
from scaler.mix.spot import SpotAsk, with_spot
from scaler.plan.interface import WorkloadInputs


def with_mixes(inputs: Sequence[WorkloadInputs], facts: Facts) -> list[WorkloadInputs]:
    """The same with the spot capacity that each plan uses; those without spot are as they were."""
    return [replace(each, mix=_mix(each, facts)) for each in inputs]


def _mix(inputs: WorkloadInputs, facts: Facts) -> GroupMix:
    workload, needed = inputs.workload, inputs.requirement
    if workload.target.kind != "asg":
        return inputs.mix
    ask = SpotAsk(
        zones=inputs.live.zones if inputs.live is not None else None,
        accepted=max(0.0005, 1 - needed.quantile),
        window_minutes=(needed.step_seconds + needed.lead_time_seconds) / 60,
    )
    return with_spot(inputs.mix, workload.spot, facts.catalogue(workload).entries, ask)
