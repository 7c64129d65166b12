"""Spot capacity of the plans: chosen when the requirement and the live group are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scaler.config import Project
from scaler.errors import ScalerError
from scaler.live.spot_instances import SpotInstances, spot_instances
from scaler.mix.availability import read_availability
from scaler.mix.facts import Facts
from scaler.mix.fallback import fallback_base
from scaler.mix.interface import GroupMix
from scaler.mix.spot import SpotAsk, with_spot
from scaler.pipeline.runtime import Runtime
from scaler.plan.interface import WorkloadInputs


def with_mixes(
    inputs: Sequence[WorkloadInputs], facts: Facts, project: Project, runtime: Runtime
) -> list[WorkloadInputs]:
    """The same with the spot capacity that each plan uses; those without spot are as they were.

    Raises:
        ConfigurationError: a file of measured availability cannot be used.
    """
    return _with_fallbacks([replace(each, mix=_mix(each, facts, project, runtime)) for each in inputs], runtime)


def _mix(inputs: WorkloadInputs, facts: Facts, project: Project, runtime: Runtime) -> GroupMix:
    runtime.checkpoint("plan")
    workload, needed = inputs.workload, inputs.requirement
    if workload.target.kind != "asg":
        return inputs.mix
    measured = workload.spot.availability
    ask = SpotAsk(
        zones=inputs.live.zones if inputs.live is not None else None,
        accepted=max(0.0005, 1 - needed.quantile),
        window_minutes=(needed.step_seconds + needed.lead_time_seconds) / 60,
        history=None if measured is None else read_availability(project.path(measured)),
    )
    return with_spot(inputs.mix, workload.spot, facts.catalogue(workload).entries, ask)


def _with_fallbacks(inputs: list[WorkloadInputs], runtime: Runtime) -> list[WorkloadInputs]:
    """The on-demand base raised where spot is missing now, for workloads that ask for it."""
    asking = [each for each in inputs if each.workload.spot.on_demand_fallback and each.mix.spot is not None]
    found: dict[str, SpotInstances | ScalerError | None] = {}
    for region in {each.workload.region for each in asking}:
        mine = [each for each in asking if each.workload.region == region and each.live is not None]
        names = sorted({each.workload.target.name for each in mine if each.workload.live is None})
        try:
            asked = {} if runtime.offline or not names else spot_instances(runtime.aws, region, names)
            found.update({e.workload.name: asked.get(e.workload.target.name) for e in mine})
        except ScalerError as error:
            found.update({e.workload.name: error for e in mine})
    return [_with_fallback(e, found.get(e.workload.name)) if e in asking else e for e in inputs]


def _with_fallback(inputs: WorkloadInputs, found: SpotInstances | ScalerError | None) -> WorkloadInputs:
    mix = inputs.mix
    if not isinstance(found, SpotInstances):
        why = "what runs was not asked" if found is None else found.what
        note = f"spot: no on-demand fallback in this plan: {why}"
        return replace(inputs, mix=replace(mix, notes=(*mix.notes, note)))
    weights = dict(mix.types)
    # A type that is no longer on the list is about to be replaced.
    sure = sum(weights.get(kind, 0) * count for kind, count in found.sure.items())
    limits, needed = inputs.workload.limits, inputs.requirement.units[:1]
    need = int(np.clip(needed, limits.min, limits.max)[0])
    size = int(np.clip(mix.raised(needed), limits.min, limits.max)[0])
    base = fallback_base(need, size, sure, mix.on_demand_base, mix.on_demand_percentage)
    if base == mix.on_demand_base:
        return inputs
    note = (
        f"spot: on-demand stands in: {sure} units of spot can be counted on and {found.noticed} instances have their "
        f"notice, so that the base is {base} until the next plan, and not {mix.on_demand_base}"
    )
    # The sizes stay those of the configured base: it is back as soon as spot is.
    return replace(inputs, mix=replace(mix, on_demand_base=base, notes=(*mix.notes, note)))
