"""Charts of the fleet: demand as an index, capacity and cost as sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from scaler.plan.document import ForecastPart, StepPart, WorkloadPart
from scaler.report.interface import Chart, Line
from scaler.report.series import chart, nearest, tops, width_of
from scaler.report.trends import Array

_HOUR = 3600


def fleet_charts(parts: Sequence[WorkloadPart], hourly: Mapping[str, Array], end: datetime, steps: int) -> list[Chart]:
    """Demand, capacity and cost of all workloads together; what none has is left out.

    Args:
        hourly: mean demand by hour up to ``end``, by name; NaN is unknown.
        steps: most steps that a line is drawn in.
    """
    found = [_demand(parts, hourly, end, steps), _capacity(parts, steps), _cost(parts, steps)]
    return [each for each in found if each is not None]


def _demand(parts: Sequence[WorkloadPart], hourly: Mapping[str, Array], end: datetime, steps: int) -> Chart | None:
    """Mean over workloads of demand over its own mean: workloads of different units can be looked at together."""
    mine = [part for part in parts if part.forecast is not None and part.name in hourly]
    if not mine:
        return None
    longest = max(hourly[part.name].size for part in mine)
    past = np.full((len(mine), longest), np.nan)
    for row, part in enumerate(mine):
        past[row, longest - hourly[part.name].size :] = hourly[part.name]
    usual = _mean(past, axis=1)
    past = np.where(usual[:, None] > 0, 100 * past / np.where(usual > 0, usual, 1)[:, None], np.nan)
    ahead = [_ahead(part.forecast) for part in mine if part.forecast is not None]
    span = min(each.shape[0] for each in ahead)
    coming = np.stack([each[:span] for each in ahead])
    coming = 100 * coming / np.where(usual > 0, usual, np.nan)[:, None, None]
    fan = _mean(coming, axis=0)
    wide, wide_ahead = width_of(longest, _HOUR, steps), width_of(span, _HOUR, steps)
    low, middle, high = (tops(fan[:, column], wide_ahead) for column in range(3))
    start = end - timedelta(seconds=_HOUR * wide * -(-longest // wide))
    lines = (
        Line("demand", "history", start, _HOUR * wide, tops(_mean(past, axis=0), wide, at_end=True)),
        Line("p5 to p95, if all move together", "band", end, _HOUR * wide_ahead, high, low),
        Line("median", "median", end, _HOUR * wide_ahead, middle),
    )
    return chart("Demand of the fleet", "% of each workload's mean", lines)


def _ahead(part: ForecastPart) -> Array:
    """The 0.05, 0.5 and 0.95 quantile by hour, shape ``(hours, 3)``."""
    values = np.array(part.values)[:, [nearest(part.quantiles, q) for q in (0.05, 0.5, 0.95)]]
    per = max(1, _HOUR // part.step_seconds)
    hours = values.shape[0] // per
    means: Array = values[: hours * per].reshape(hours, per, 3).mean(axis=1)
    return np.repeat(means, max(1, part.step_seconds // _HOUR), axis=0)


def _capacity(parts: Sequence[WorkloadPart], steps: int) -> Chart | None:
    mine = [part for part in parts if part.steps and part.requirement is not None]
    if not mine:
        return None
    start, step, size = _grid(mine)
    needed, floor = np.zeros(size), np.zeros(size)
    for part in mine:
        if part.requirement is not None:
            needed += _held(np.array(part.requirement.per_step, dtype=float), size)
        floor += _held(_levels(part, step, lambda each: float(each.min_size)), size)
    live = [part.live.min_size for part in mine if part.live is not None]
    wide = width_of(size, step, steps)
    lines = [
        Line("requirement", "required", start, step * wide, tops(needed, wide), stepped=True),
        Line("planned floor", "floor", start, step * wide, tops(floor, wide), stepped=True),
    ]
    if len(live) == len(mine):
        lines.append(Line("live minimum", "live", start, step * size, (float(sum(live)),), stepped=True))
    return chart("Capacity of the fleet", "capacity units", tuple(lines))


def _cost(parts: Sequence[WorkloadPart], steps: int) -> Chart | None:
    mine = [part for part in parts if part.steps and all(step.usd_per_hour is not None for step in part.steps)]
    if not mine:
        return None
    start, step, size = _grid(mine)
    floor = np.zeros(size)
    for part in mine:
        floor += _held(_levels(part, step, lambda each: each.usd_per_hour or 0.0), size)
    wide = width_of(size, step, steps)
    lines = [Line("planned floor", "floor", start, step * wide, tops(floor, wide), stepped=True)]
    now = [part.cost.now_usd / _hours(part) for part in mine if part.cost is not None and part.cost.now_usd is not None]
    if len(now) == len(mine):
        lines.append(Line("as it is", "live", start, step * size, (round(sum(now), 2),), stepped=True))
    return chart("Cost of the fleet", "USD an hour", tuple(lines))


def _grid(parts: Sequence[WorkloadPart]) -> tuple[datetime, int, int]:
    """Start, step and number of steps of the longest plan."""
    longest = max(parts, key=_hours)
    start, end = longest.steps[0].start, longest.steps[-1].end
    count = len(longest.requirement.per_step) if longest.requirement is not None else 1
    return start, int((end - start).total_seconds()) // count, count


def _levels(part: WorkloadPart, step: int, value: Callable[[StepPart], float]) -> Array:
    counts = [int((each.end - each.start).total_seconds()) // step for each in part.steps]
    return np.repeat([value(each) for each in part.steps], counts)


def _held(values: Array, size: int) -> Array:
    """As long as the longest plan: the last level is held."""
    short = size - values.size
    return values[:size] if short <= 0 else np.concatenate([values, np.full(short, values[-1])])


def _hours(part: WorkloadPart) -> float:
    return (part.steps[-1].end - part.steps[0].start) / timedelta(hours=1)


def _mean(values: Array, axis: int) -> Array:
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    found: Array = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found
