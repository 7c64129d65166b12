"""Quantiles of demand per forecast step → capacity units per plan step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scaler.capacity.ceiling import DemandCeiling
from scaler.capacity.interface import CapacityRefused, Requirement, RiskChoice, UnitCapacity
from scaler.capacity.stranded import gpu_note
from scaler.capacity.unserved import covering_demand
from scaler.forecast.interface import QuantileForecast

# AWS starts a scheduled action up to two minutes late.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
SCHEDULE_DELAY_SECONDS = 120


@dataclass(frozen=True)
class PlanGrid:
    """The plan's steps: ``steps`` of ``step_seconds`` from ``start`` (UTC, on a step boundary)."""

    start: datetime
    step_seconds: int
    steps: int

    def forecast_steps(self, cutoff: datetime, forecast_step_seconds: int, lead_time_seconds: int) -> int:
        """Forecast steps after ``cutoff`` that the plan and the lead time behind it look at."""
        span = (self.start - cutoff).total_seconds() + self.step_seconds * (
            self.steps + _lead_steps(lead_time_seconds, self.step_seconds)
        )
        return max(1, -(-int(span) // forecast_step_seconds))


def _lead_steps(lead_time_seconds: int, step_seconds: int) -> int:
    return -(-(lead_time_seconds + SCHEDULE_DELAY_SECONDS) // step_seconds)


def requirement(
    forecast: QuantileForecast,
    row: int,
    grid: PlanGrid,
    *,
    capacity: UnitCapacity,
    risk: RiskChoice,
    lead_time_seconds: int,
    ceiling: DemandCeiling | None = None,
    notes: tuple[str, ...] = (),
) -> Requirement:
    """Units that one workload of a forecast needs in each step of the plan.

    A level that is set at the start of a step is ready only a lead time later, and it is what there is
    until the next step's level is ready. So it covers demand from the start of its step to the end of
    it plus the lead time plus the delay of a scheduled action, in whole steps.

    Args:
        ceiling: the most demand to plan for.
        notes: what the plan should say about it beside what is found here.

    Raises:
        CapacityRefused: the forecast is not finite, or does not reach over the plan.
    """
    lead_steps = _lead_steps(lead_time_seconds, grid.step_seconds)
    steps = grid.steps + lead_steps

    def at(quantile: float) -> NDArray[np.float64]:
        return _per_plan_step(forecast, row, quantile, grid, steps)

    if risk.unserved is None:
        planned, quantile = at(risk.quantile), risk.quantile
    else:
        spread = np.stack([at(each) for each in forecast.quantiles], axis=1)
        planned, levels = covering_demand(spread, forecast.quantiles, risk.unserved)
        quantile = round(float(levels.max()), 4)
    if ceiling is not None:
        highest = float(planned.max())
        planned, above = ceiling.apply(planned, grid.start, grid.step_seconds)
        if above:
            notes += (
                f"demand p{quantile * 100:.3g} of up to {highest:.4g} is capped at {ceiling.demand:.4g}, 1.5 × the "
                f"highest of the last 28 days, in {above} of {steps} steps; an event would lift it",
            )

    def ahead(demand: NDArray[np.float64]) -> NDArray[np.float64]:
        """The highest from each step on until the level of the next step is ready."""
        highest_ahead: NDArray[np.float64] = sliding_window_view(demand, lead_steps + 1).max(axis=1)
        return highest_ahead

    demand = ahead(planned)
    units = capacity.units(demand)
    peak = int(units.argmax())
    notes += gpu_note(capacity.gpus, float(demand[peak]), int(units[peak]))
    return Requirement(
        name=forecast.names[row],
        start=grid.start,
        step_seconds=grid.step_seconds,
        quantile=quantile,
        quantile_reason=risk.reason,
        units=units,
        units_p50=capacity.units(ahead(at(0.5))),
        units_p95=capacity.units(ahead(at(0.95))),
        demand=demand,
        capacity=capacity,
        lead_time_seconds=lead_time_seconds,
        notes=notes,
    )


def _per_plan_step(
    forecast: QuantileForecast, row: int, quantile: float, grid: PlanGrid, steps: int
) -> NDArray[np.float64]:
    """Demand per plan step, shape ``(steps,)``: the highest of the forecast steps it touches."""
    values = forecast.values[row, :, forecast.quantiles.index(quantile)]
    offset = int((grid.start - forecast.cutoff).total_seconds())
    starts = offset + grid.step_seconds * np.arange(steps)
    first = starts // forecast.step_seconds
    last = (starts + grid.step_seconds - 1) // forecast.step_seconds
    if offset < 0 or last[-1] >= values.shape[0] or not np.isfinite(values).all():
        raise CapacityRefused(
            f"the forecast of {forecast.names[row]} cannot carry a plan",
            why="it is not finite, or does not reach over the plan and its lead time",
            next_step="run scaler forecast to see it, and check the history it was made from",
        )
    width = int((last - first).max()) + 1
    index = np.minimum(first[:, None] + np.arange(width), last[:, None])
    result: NDArray[np.float64] = values[index].max(axis=1)
    return result
