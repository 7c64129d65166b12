"""A full plan → what updates need until the next one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import UnitCapacity
from scaler.capacity.requirement import SCHEDULE_DELAY_SECONDS
from scaler.config import Project
from scaler.forecast.interface import ForecastRefused, QuantileForecast
from scaler.forecast.intermittent import NAME as SLOT_COUNTS
from scaler.forecast.quick import fit_quick
from scaler.history.interface import Panel
from scaler.pipeline.planning import PlanRun
from scaler.pipeline.rolling_state import NearPart, RollingState, Row, UnitSteps
from scaler.plan.document import Plan, WorkloadPart
from scaler.plan.interface import WorkloadInputs
from scaler.plan.seal import seal
from scaler.version import __version__

#: A table has every number of units up to here; beyond, numbers a thousandth apart.
EXACT_UNITS = 2_048
#: Observations below which nothing is known of how errors fade.
LEAST_DAYS = 3
_HALVINGS = 60


def fit_rolling(run: PlanRun, project: Project) -> RollingState:
    """What updates need of a full plan. A workload that cannot be updated keeps to the plan until the next one."""
    inputs = {given.workload.name: given for given in run.inputs}
    panels = () if run.history is None else run.history.panels
    batches = () if run.forecasts is None else run.forecasts.batches
    parts = []
    for _, made in batches:
        panel = next(each for each in panels if each.step_seconds == made.step_seconds)
        part = _part([inputs[n] for n in made.names if n in inputs], panel, made, project)
        if part is not None:
            parts.append(part)
    refused = {part.name: part.reasons[0] for part in run.plan.workloads if part.status == "refused" and part.reasons}
    return RollingState(_basis(run.plan), run.plan.plan_id, project.digest, __version__, tuple(parts), refused)


def unit_steps(units: Callable[[NDArray[np.float64]], NDArray[np.int64]], most: int, source: str = "") -> UnitSteps:
    """The table of a monotone function from demand to units, up to ``most`` units.

    The most demand that ``k`` units carry is found by bisection, for all ``k`` at once.
    """
    tail = np.geomspace(EXACT_UNITS, max(most, EXACT_UNITS), num=max(2, int(np.log(max(most, 1)) * 1_000)))
    ks = np.unique(np.concatenate([np.arange(min(most, EXACT_UNITS) + 1), np.ceil(tail).astype(np.int64), [most]]))
    ks = ks[ks <= most]
    high = np.ones(ks.size)
    for _ in range(200):
        short = units(high) <= ks
        if not short.any():
            break
        high = np.where(short, high * 2, high)
    low = np.where(units(np.zeros(ks.size)) <= ks, 0.0, -1.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fits = (units(np.maximum(middle, 0.0)) <= ks) & (low >= 0)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return UnitSteps(ks.astype(np.int64), np.maximum.accumulate(low), source)


def _part(given: list[WorkloadInputs], panel: Panel, made: QuantileForecast, project: Project) -> NearPart | None:
    seconds = made.step_seconds
    known = np.isfinite(panel.values)
    seen = {name: int(known[index].sum()) * seconds for index, name in enumerate(panel.names)}
    fit = [each for each in given if _settled(each) and seen[each.workload.name] >= LEAST_DAYS * 86_400]
    if not fit:
        return None
    lead = max(each.requirement.lead_time_seconds for each in fit)
    near_seconds = int(project.config.rolling.near.total_seconds()) + lead + SCHEDULE_DELAY_SECONDS
    near_steps = min(-(-near_seconds // seconds) + 1, made.values.shape[1])
    names = [each.workload.name for each in fit]
    full = _trimmed(made, names, {each.requirement.quantile for each in fit}, _spread(fit))
    try:
        quick = fit_quick(panel.select(names), full, near_steps=near_steps)
    except ForecastRefused:
        return None
    return NearPart(quick, near_steps, tuple(_row(each) for each in fit))


def _settled(given: WorkloadInputs) -> bool:
    """Whether the forecast is one whose errors fade as those of the engine do."""
    return not given.choice.degraded and given.choice.model != SLOT_COUNTS


def _spread(fit: list[WorkloadInputs]) -> bool:
    return any(each.workload.risk.unserved is not None for each in fit)


def _trimmed(made: QuantileForecast, names: list[str], wanted: set[float], spread: bool) -> QuantileForecast:
    """The rows and levels that updates look at; all levels where the expected shortfall decides."""
    levels = {0.5, 0.95, *wanted}
    kept = [i for i, level in enumerate(made.quantiles) if spread or level in levels]
    rows = [made.names.index(name) for name in names]
    return replace(
        made,
        names=tuple(names),
        quantiles=tuple(made.quantiles[i] for i in kept),
        values=np.ascontiguousarray(made.values[rows][:, :, kept]),
        choices=tuple(made.choices[row] for row in rows),
    )


def _row(given: WorkloadInputs) -> Row:
    needed, workload = given.requirement, given.workload
    unserved = workload.risk.unserved
    return Row(
        name=workload.name,
        # With an accepted share unserved the plan's quantile is found anew by each update.
        quantile=max(given.forecast.quantiles) if unserved is not None else needed.quantile,
        unserved=unserved,
        lead_time_seconds=needed.lead_time_seconds,
        steps=unit_steps(needed.capacity.units, workload.limits.max, needed.capacity.source),
        per_unit=_per_unit(needed.capacity),
    )


def _per_unit(capacity: UnitCapacity) -> float | None:
    """Demand that each unit carries, where it is the same for each."""
    return capacity.demand_per_unit if not capacity.resources and capacity.zones == 1 else None


def as_capacity(steps: UnitSteps) -> UnitCapacity:
    """The table as the capacity stage takes it."""
    return UnitCapacity(demand_per_unit=float("inf"), weights=(), source=steps.source, resources=(steps,))


def _basis(plan: Plan) -> Plan:
    """The plan without what updates do not look at, sealed anew; refused workloads are left out."""
    parts = tuple(_lean(part) for part in plan.workloads if part.status != "refused" and part.steps)
    return seal(plan.model_copy(update={"workloads": parts}))


def _lean(part: WorkloadPart) -> WorkloadPart:
    steps = tuple(step.model_copy(update={"mix": (), "usd_per_hour": None}) for step in part.steps)
    without = {"history": None, "forecast": None, "requirement": None, "cost": None, "risk": None}
    return part.model_copy(
        update={**without, "steps": steps, "preflight": (), "settings": (), "weekly": None, "reasons": part.reasons[:1]}
    )
