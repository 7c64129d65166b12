"""Quantiles of demand per forecast step → capacity units per plan step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import CapacityRefused, Requirement, RiskChoice, UnitCapacity
from scaler.forecast.interface import QuantileForecast

# AWS starts a scheduled action up to two minutes late.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
SCHEDULE_DELAY_SECONDS = 120

# Demand that is a whole number of units but for rounding must not cost one more.
_ROUNDING = 1e-9


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
) -> Requirement:
    """Units that one workload of a forecast needs in each step of the plan.

    A level that is set at the start of a step is ready only a lead time later, and it is what there is
    until the next step's level is ready. So it covers demand from the start of its step to the end of
    it plus the lead time plus the delay of a scheduled action, in whole steps.

    Raises:
        CapacityRefused: the forecast is not finite, or does not reach over the plan.
    """
    lead_steps = _lead_steps(lead_time_seconds, grid.step_seconds)

    def units(quantile: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        demand = _per_plan_step(forecast, row, quantile, grid, grid.steps + lead_steps)
        covered = np.lib.stride_tricks.sliding_window_view(demand, lead_steps + 1).max(axis=1)
        return np.ceil(covered / capacity.demand_per_unit - _ROUNDING).astype(np.int64), covered

    needed, demand = units(risk.quantile)
    return Requirement(
        name=forecast.names[row],
        start=grid.start,
        step_seconds=grid.step_seconds,
        quantile=risk.quantile,
        quantile_reason=risk.reason,
        units=needed,
        units_p50=units(0.5)[0],
        units_p95=units(0.95)[0],
        demand=demand,
        capacity=capacity,
        lead_time_seconds=lead_time_seconds,
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
