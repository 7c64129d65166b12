"""The plan of one workload: levels, mix, cost, risk, and what changes against the live state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.config import Workload
from scaler.mix.interface import Mixer
from scaler.plan.bounds import Bounded, apply_bounds, binding, hold, require_live
from scaler.plan.compile import Level, compile_levels
from scaler.plan.cost import plan_cost
from scaler.plan.document import (
    GuardrailPart,
    MixPart,
    MixPolicyPart,
    RequirementPart,
    RiskPart,
    Status,
    StepPart,
    TargetPart,
    WorkloadPart,
)
from scaler.plan.guardrails import guardrails
from scaler.plan.interface import PlanContext, RefusedWorkload, WorkloadInputs
from scaler.plan.parts import DIGITS, forecast_part, history_part, live_part, preflight_part
from scaler.plan.schedule import foreign_actions, live_floor, step_time
from scaler.plan.step_down import hold_levels, limit_levels_down, limit_steps_down


def plan_workload(inputs: WorkloadInputs, mixer: Mixer, context: PlanContext) -> WorkloadPart:
    """Plan one workload from its requirement, mix and live state.

    A shortfall (demand above ``limits.max``) is planned at the maximum and refused, so that nothing is
    written before somebody has seen it. While there is a reason to hold, nothing is scaled in.

    Raises:
        PlanRefused: there is a reason to hold, and the live state is unknown.
    """
    needed = inputs.requirement
    bounded = _bounded(inputs, context)
    levels, limited = _levels(inputs, bounded, context)
    floor = _floor(levels, bounded.units.shape[0])
    rails = (*guardrails(inputs, bounded, floor, mixer, context), *limited)
    status, reasons = _status(inputs, bounded, floor, rails)
    mix = inputs.mix
    return WorkloadPart(
        name=inputs.workload.name,
        target=_target(inputs.workload, context),
        status=status,
        reasons=reasons,
        guardrails=rails,
        history=history_part(inputs),
        forecast=forecast_part(inputs),
        requirement=RequirementPart(
            quantile=needed.quantile,
            quantile_reason=needed.quantile_reason,
            units=_unit(inputs.workload),
            demand_per_unit=needed.capacity.demand_per_unit,
            per_step=tuple(int(u) for u in needed.units),
            lead_time_seconds=needed.lead_time_seconds,
            source=needed.capacity.source,
        ),
        steps=_steps(inputs, levels, bounded.max_size, mixer),
        mix_policy=MixPolicyPart(
            instance_types=needed.capacity.weights,
            on_demand_base_capacity=mix.on_demand_base,
            on_demand_percentage_above_base_capacity=mix.on_demand_percentage,
            spot_allocation_strategy=mix.spot_allocation_strategy,
            notes=mix.notes,
        ),
        cost=plan_cost(
            mixer,
            mix,
            floor=floor,
            units_p50=needed.units_p50,
            units_p95=needed.units_p95,
            max_units=bounded.max_size,
            live=inputs.live,
            step_seconds=needed.step_seconds,
        ),
        risk=_risk(inputs, bounded, floor, mixer),
        live=live_part(inputs),
        preflight=preflight_part(inputs),
    )


def refused_workload(refused: RefusedWorkload, context: PlanContext) -> WorkloadPart:
    """A workload without a plan: its name, and why."""
    error = refused.error
    return WorkloadPart(
        name=refused.workload.name,
        target=_target(refused.workload, context),
        status="refused",
        reasons=(error.what, error.why, error.next_step),
    )


def _target(workload: Workload, context: PlanContext) -> TargetPart:
    region = workload.region or context.region or context.default_region
    return TargetPart(kind=workload.target.kind, name=workload.target.name, region=region)


def _unit(workload: Workload) -> str:
    unit = workload.target.facts.unit
    return {"unit": "capacity units of the group", "concurrency": "units of concurrency"}.get(unit, f"{unit}s")


def _levels(
    inputs: WorkloadInputs, bounded: Bounded, context: PlanContext
) -> tuple[tuple[Level, ...], tuple[GuardrailPart, ...]]:
    """The schedule, scaled in no faster than the guardrails let it, and a word on it if that binds."""
    rules, needed = context.guardrails, inputs.requirement
    hold_seconds = 0 if rules.scale_in_hold is None else int(rules.scale_in_hold.total_seconds())
    units = hold_levels(bounded.units, -(-hold_seconds // needed.step_seconds))
    before = int(units[0]) if inputs.live is None else min(inputs.live.min_size, bounded.max_size)
    slowed = limit_steps_down(units, before, rules.max_step_down)
    room = max(1, context.max_actions - foreign_actions(inputs.live))
    levels = limit_levels_down(compile_levels(slowed, room), before, rules.max_step_down)
    steps = int((slowed > units).sum())
    if not steps:
        return levels, ()
    bound = f"guardrails.max_step_down {rules.max_step_down:g}"
    message = f"step down: {bound} keeps the level up to {int((slowed - units).max())} units higher, in {steps} steps"
    return levels, (GuardrailPart(rule="step-down", bound=bound, outcome="limited", message=message),)


def _bounded(inputs: WorkloadInputs, context: PlanContext) -> Bounded:
    needed, live = inputs.requirement, inputs.live
    require_live(inputs.workload.name, inputs.provenance, live)
    lower = (inputs.workload.name, "lower-live") in context.accepted
    bounded = apply_bounds(needed.units, inputs.workload.limits, live, lower_live=lower)
    if inputs.provenance.hold is None or live is None:
        return bounded
    return hold(bounded, live, live_floor(live, needed.start, needed.step_seconds, bounded.units.size))


def _floor(levels: tuple[Level, ...], steps: int) -> NDArray[np.int64]:
    floor = np.zeros(steps, dtype=np.int64)
    for level in levels:
        floor[level.first : level.end] = level.units
    return floor


def _status(
    inputs: WorkloadInputs, bounded: Bounded, floor: NDArray[np.int64], rails: tuple[GuardrailPart, ...]
) -> tuple[Status, tuple[str, ...]]:
    live, needed = inputs.live, inputs.requirement
    reasons = [f"model {inputs.choice.model}: {inputs.choice.reason}", *needed.notes]
    warned = (f"preflight: {each.message}" for each in inputs.preflight if each.grade == "warning")
    reasons = [*(rail.message for rail in rails), *reasons, *warned]
    if any(rail.outcome == "refused" for rail in rails):
        return "refused", tuple(reasons)
    if inputs.provenance.hold is not None:
        reasons.insert(0, f"no scale-in: {inputs.provenance.hold}")
        return "degraded", tuple(reasons)
    if inputs.choice.degraded:
        return "degraded", tuple(reasons)
    if live is None:
        return "changed", (*reasons, "live state unknown")
    same = live.max_size == bounded.max_size and np.array_equal(
        live_floor(live, needed.start, needed.step_seconds, floor.size), floor
    )
    return ("unchanged" if same else "changed"), tuple(reasons)


def _steps(inputs: WorkloadInputs, levels: tuple[Level, ...], max_size: int, mixer: Mixer) -> tuple[StepPart, ...]:
    needed, limits = inputs.requirement, inputs.workload.limits

    def part(level: Level) -> StepPart:
        required = int(needed.units[level.first : level.end].max())
        split = mixer.split(inputs.mix, level.units)
        return StepPart(
            start=step_time(needed.start, needed.step_seconds, level.first),
            end=step_time(needed.start, needed.step_seconds, level.end),
            min_size=level.units,
            desired_size=None,
            max_size=max_size,
            required_units=required,
            mix=tuple(
                MixPart(
                    instance_type=s.offering.instance_type,
                    zone=s.offering.zone,
                    capacity_type=s.offering.capacity_type,
                    count=s.count,
                    units=s.units,
                )
                for s in split.shares
            ),
            usd_per_hour=None if split.usd_per_hour is None else round(split.usd_per_hour, DIGITS),
            binding=binding(
                level.units,
                required,
                limits,
                needed,
                demand=float(needed.demand[level.first : level.end].max()),
                held=inputs.provenance.hold is not None,
            ),
        )

    return tuple(part(level) for level in levels)


def _risk(inputs: WorkloadInputs, bounded: Bounded, floor: NDArray[np.int64], mixer: Mixer) -> RiskPart:
    shares = mixer.split(inputs.mix, int(floor.max())).shares
    units = sum(s.units for s in shares)
    spot = sum(s.units for s in shares if s.offering.capacity_type == "spot")
    return RiskPart(
        shortfall_probability=_shortfall_probability(inputs, floor),
        shortfall_units=bounded.shortfall_units,
        spot_share=round(spot / units, DIGITS) if units else 0.0,
        pools=inputs.mix.pools,
    )


def _shortfall_probability(inputs: WorkloadInputs, floor: NDArray[np.int64]) -> float:
    """Highest probability over the steps that the floor does not carry demand, from the quantiles.

    A floor above the highest quantile is said to be as likely short as that quantile: an upper bound.
    """
    forecast, needed = inputs.forecast, inputs.requirement
    offset = int((needed.start - forecast.cutoff).total_seconds())
    row = (offset + needed.step_seconds * np.arange(floor.size)) // forecast.step_seconds
    covered = (needed.capacity.units(forecast.values[inputs.row][row]) <= floor[:, None]).sum(axis=1)
    levels = np.concatenate([[0.0], forecast.quantiles])
    return round(float((1 - levels[covered]).max()), DIGITS)
