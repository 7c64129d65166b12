"""The plan of one workload: levels, mix, cost, risk, and what changes against the live state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.config import Workload
from scaler.mix.interface import Mixer
from scaler.plan.bounds import Bounded, apply_bounds, binding, hold, require_live
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
from scaler.plan.level import Level
from scaler.plan.ownership import beside_sizes, settings, writers
from scaler.plan.parts import DIGITS, forecast_part, history_part, live_part, preflight_part
from scaler.plan.planned import Planned, planned
from scaler.plan.schedule import live_floor, standing_floor_is, step_time
from scaler.plan.spot_part import spot_risk_part


def plan_workload(inputs: WorkloadInputs, mixer: Mixer, context: PlanContext) -> WorkloadPart:
    """Plan one workload from its requirement, mix and live state.

    A shortfall (demand above ``limits.max``) is planned at the maximum and refused, so that nothing is
    written before somebody has seen it. While there is a reason to hold, nothing is scaled in.

    Raises:
        PlanRefused: there is a reason to hold, and the live state is unknown.
    """
    needed = inputs.requirement
    bounded = _bounded(inputs, context)
    schedule = planned(inputs, bounded, context)
    levels, bounded, weekly = schedule.levels, schedule.bounded, schedule.weekly
    floor = _floor(levels, bounded.units.shape[0])
    rails = (*guardrails(inputs, bounded, floor, mixer, context), *schedule.rails)
    steps = _steps(inputs, schedule, mixer)
    status, reasons = _status(inputs, schedule, floor, rails, steps)
    mix = inputs.mix
    policy = MixPolicyPart(
        instance_types=mix.types or needed.capacity.weights,
        on_demand_base_capacity=mix.on_demand_base,
        on_demand_percentage_above_base_capacity=mix.on_demand_percentage,
        spot_allocation_strategy=mix.spot_allocation_strategy,
        notes=mix.notes,
        zones=mix.spot.zones if mix.spot is not None else (),
    )
    hold = inputs.provenance.hold is not None or status in ("refused", "degraded")
    owned = tuple(settings(inputs.workload, policy, inputs.live, steps[0].min_size, hold=hold))
    status, reasons = beside_sizes(status, reasons, owned, inputs.live)
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
        steps=steps,
        mix_policy=policy,
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
        weekly=weekly,
        preflight=preflight_part(inputs),
        settings=owned,
        required_tags=dict(sorted(inputs.workload.apply.require_tag.items())),
        writers=tuple(writers(inputs.workload, inputs.live)),
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


def _bounded(inputs: WorkloadInputs, context: PlanContext) -> Bounded:
    needed, live = inputs.requirement, inputs.live
    require_live(inputs.workload.name, inputs.provenance, live)
    lower = (inputs.workload.name, "lower-live") in context.accepted
    raised = inputs.mix.raised(needed.units)
    bounded = apply_bounds(needed.units, inputs.workload.limits, live, raised=raised, lower_live=lower)
    if inputs.provenance.hold is None or live is None:
        return bounded
    return hold(bounded, live, live_floor(live, needed.start, needed.step_seconds, bounded.units.size))


def _floor(levels: tuple[Level, ...], steps: int) -> NDArray[np.int64]:
    floor = np.zeros(steps, dtype=np.int64)
    for level in levels:
        floor[level.first : level.end] = level.units
    return floor


def _status(
    inputs: WorkloadInputs,
    schedule: Planned,
    floor: NDArray[np.int64],
    rails: tuple[GuardrailPart, ...],
    steps: tuple[StepPart, ...],
) -> tuple[Status, tuple[str, ...]]:
    live, needed, weekly = inputs.live, inputs.requirement, schedule.weekly
    reasons = [f"model {inputs.choice.model}: {inputs.choice.reason}", *needed.notes, *schedule.notes]
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
    if weekly is None:
        same = np.array_equal(live_floor(live, needed.start, needed.step_seconds, floor.size), floor)
    else:
        same = standing_floor_is(live, inputs.workload.target.kind, steps, weekly, needed.start)
    same = same and live.max_size == schedule.bounded.max_size
    return ("unchanged" if same else "changed"), tuple(reasons)


def _steps(inputs: WorkloadInputs, schedule: Planned, mixer: Mixer) -> tuple[StepPart, ...]:
    needed, limits, max_size = inputs.requirement, inputs.workload.limits, schedule.bounded.max_size

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
            binding=_profile(schedule, level)
            or binding(
                level.units,
                required,
                limits,
                needed,
                demand=float(needed.demand[level.first : level.end].max()),
                raised=int(inputs.mix.raised(needed.units[level.first : level.end]).max()),
                held=inputs.provenance.hold is not None,
            ),
        )

    return tuple(part(level) for level in schedule.levels)


def _profile(schedule: Planned, level: Level) -> str | None:
    """What decides a level that the weekly profile raises above what the plan's own span needs."""
    if schedule.weekly is None or level.units <= int(schedule.asked[level.first : level.end].max()):
        return None
    return f"weekly profile in {schedule.weekly.time_zone}"


def _risk(inputs: WorkloadInputs, bounded: Bounded, floor: NDArray[np.int64], mixer: Mixer) -> RiskPart:
    shares = mixer.split(inputs.mix, int(floor.max())).shares
    units = sum(s.units for s in shares)
    spot = sum(s.units for s in shares if s.offering.capacity_type == "spot")
    return RiskPart(
        shortfall_probability=_shortfall_probability(inputs, floor),
        shortfall_units=bounded.shortfall_units,
        spot_share=round(spot / units, DIGITS) if units else 0.0,
        pools=inputs.mix.pools,
        spot=spot_risk_part(inputs.mix, floor, inputs.requirement.units),
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
