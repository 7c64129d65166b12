"""What a plan must not do unless a person has accepted it: each rule names its bound, and how to pass it once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.counting import how_many
from scaler.errors import Refused
from scaler.mix.interface import Mixer
from scaler.plan.bounds import Bounded
from scaler.plan.document import GuardrailPart, Plan
from scaler.plan.interface import PlanContext, WorkloadInputs

#: Rules that ``--accept NAME:RULE`` lets pass. ``lower-live`` refuses nothing: accepted, it lowers the maximum.
RULES = ("shortfall", "change", "extreme", "budget", "freshness", "preflight", "lower-live")
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Breach:
    """A rule that a plan would break.

    Attributes:
        bound: the setting that it breaks, with its value.
        message: one line, beginning with the rule.
        next_step: what to do, where it is not to change the setting.
    """

    rule: str
    bound: str
    message: str
    next_step: str | None = None


def guardrails(
    inputs: WorkloadInputs, bounded: Bounded, floor: NDArray[np.int64], mixer: Mixer, context: PlanContext
) -> tuple[GuardrailPart, ...]:
    """Every rule that the plan of one workload breaks: refused, or accepted by name.

    Args:
        floor: planned minimum per step, shape ``(steps,)``.
    """
    breaches = (
        *_shortfall(inputs, bounded),
        *_change(inputs, floor, context),
        *_extreme(inputs, context),
        *_budget(inputs, bounded, floor, mixer),
        *_freshness(inputs, context),
        *_preflight(inputs),
    )
    name = inputs.workload.name
    return tuple(
        GuardrailPart(
            rule=breach.rule,
            bound=breach.bound,
            outcome="accepted" if (name, breach.rule) in context.accepted else "refused",
            message=breach.message,
            next_step=breach.next_step,
        )
        for breach in breaches
    )


def _shortfall(inputs: WorkloadInputs, bounded: Bounded) -> Iterator[Breach]:
    if bounded.shortfall_units:
        bound = f"limits.max {inputs.workload.limits.max}"
        yield Breach(
            "shortfall",
            bound,
            f"shortfall: demand p{inputs.requirement.quantile * 100:.3g} needs up to "
            f"{how_many(bounded.shortfall_units, 'unit')} more than {bound}, in {bounded.shortfall_steps} of "
            f"{bounded.units.size} steps",
        )


def _change(inputs: WorkloadInputs, floor: NDArray[np.int64], context: PlanContext) -> Iterator[Breach]:
    live, rules = inputs.live, context.guardrails
    if live is None:
        return
    now, highest = max(live.desired_size, live.min_size), int(floor.max())
    if highest > max(rules.free_units, rules.max_growth * now):
        bound = f"guardrails.max_growth {rules.max_growth:g}"
        yield Breach(
            "change", bound, f"change: the peak of {how_many(highest, 'unit')} is above {bound} × the {now} that run"
        )


def _extreme(inputs: WorkloadInputs, context: PlanContext) -> Iterator[Breach]:
    peak, factor = inputs.peak, context.guardrails.max_times_history
    demand = float(inputs.requirement.demand.max())
    if peak is not None and peak > 0 and demand > factor * peak:
        bound = f"guardrails.max_times_history {factor:g}"
        unit = inputs.provenance.unit
        yield Breach(
            "extreme",
            bound,
            f"extreme: the forecast of {demand:.6g} {unit} is above {bound} × the highest seen, {peak:.6g} {unit}",
        )


def _budget(inputs: WorkloadInputs, bounded: Bounded, floor: NDArray[np.int64], mixer: Mixer) -> Iterator[Breach]:
    cap = inputs.workload.limits.max_usd_per_day
    if cap is None:
        return
    bound = f"limits.max_usd_per_day {cap:g}"
    units = np.minimum(np.maximum(floor, inputs.requirement.units_p50), bounded.max_size)
    usd = {int(level): mixer.split(inputs.mix, int(level)).usd_per_hour for level in np.unique(units)}
    if any(cost is None for cost in usd.values()):
        yield Breach("budget", bound, f"budget: the cost is unknown, so {bound} cannot be held")
        return
    seconds = inputs.requirement.step_seconds
    per_step = np.array([usd[int(level)] or 0.0 for level in units]) * seconds / 3600
    spent = np.concatenate([[0.0], np.cumsum(per_step)])
    window = min(units.size, _DAY_SECONDS // seconds)
    dearest = float((spent[window:] - spent[:-window]).max())
    if dearest > cap:
        yield Breach("budget", bound, f"budget: the dearest day costs {dearest:,.2f} USD, above {bound}")


def _freshness(inputs: WorkloadInputs, context: PlanContext) -> Iterator[Breach]:
    limit = inputs.workload.history.max_age
    # The cutoff is the end of the newest step that was complete: up to a step before the newest point.
    age = context.as_of - inputs.forecast.cutoff
    if age > limit + timedelta(seconds=inputs.forecast.step_seconds):
        bound = f"history.max_age {limit}"
        yield Breach("freshness", bound, f"freshness: the forecast starts from data that is {age} old, above {bound}")


def _preflight(inputs: WorkloadInputs) -> Iterator[Breach]:
    for finding in inputs.preflight:
        if finding.grade == "blocked":
            yield Breach("preflight", finding.bound, f"preflight: {finding.message}", finding.next_step)


def circuit_breaker(plan: Plan, max_refused: float) -> Refused | None:
    """The refusal of the whole run if too many workloads are in doubt: then the fault is likely a common one."""
    refused = [part.name for part in plan.workloads if part.status == "refused"]
    share = len(refused) / len(plan.workloads) if plan.workloads else 0.0
    if len(refused) < 2 or share <= max_refused:
        return None
    return Refused(
        f"the whole run is refused: {len(refused)} of {len(plan.workloads)} workloads are in doubt",
        why=f"guardrails.max_refused is {max_refused:.0%}; so many at once point at one common cause",
        next_step="look for what they share (source, credentials, clock); no file was written, nothing is applied",
    )
