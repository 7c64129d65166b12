"""Observations of one workload → its demand per forecast step, or the reason why it is not to be trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from scaler.config import MetricConfig, Workload
from scaler.config.units import format_duration
from scaler.history.grid import Grid, Values, busiest, carry_forward, silence_as_zero, to_grid
from scaler.history.interface import Demand, HistoryRefused, Observations, Provenance, StaleHistory
from scaler.history.partition import within
from scaler.history.spans import last_multiple, moment, next_multiple, span_of, window_of
from scaler.sources.interface import Window

# A group's count skips a minute now and then; over a longer silence the group may have scaled.
_CARRIED_BUCKETS = 3
_COUNTED = ("Sum", "SampleCount")


def step_seconds_of(workload: Workload, plan_step_seconds: int) -> int:
    """Length of a forecast step: the plan's, or the metric's period where that is longer."""
    return max(plan_step_seconds, workload.load.metric.period_seconds)


def window_for(workload: Workload, metric: MetricConfig, *, as_of: datetime, plan_step_seconds: int) -> Window:
    """What to ask for: the lookback in whole steps, up to the last bucket that is complete at ``as_of``.

    The start is rounded up: a second beyond what a source keeps can make it answer with nothing at all.
    The window is empty if the lookback holds no whole step.
    """
    step, period = step_seconds_of(workload, plan_step_seconds), metric.period_seconds
    start = next_multiple(moment(next_multiple(as_of - workload.history.lookback, step)), period)
    return window_of((start, max(start, last_multiple(as_of, period))))


def build_demand(
    workload: Workload, observed: Mapping[str, Observations], *, as_of: datetime, plan_step_seconds: int
) -> Demand:
    """Demand on the forecast step, up to the last step that is complete at ``as_of``; what is later has no influence.

    ``Sum`` and ``SampleCount`` become a rate per second; levels stay as they are; a utilisation times the
    instances in service becomes busy instances. Where the period is finer than the step, the demand of a
    step is the **maximum** over its buckets: capacity must carry the busiest five minutes, not the average
    quarter of an hour.

    Args:
        observed: by role: ``"load"``, and ``"instances"`` beside a utilisation whose count is a metric.

    Raises:
        InvalidPoints: a value is NaN, infinite or negative.
        StaleHistory: the newest observation is older than ``history.max_age``.
        HistoryRefused: no complete step is observed, or more than ``history.max_missing`` of them are missing.
    """
    step = step_seconds_of(workload, plan_step_seconds)
    steps = Grid.within((next_multiple(as_of - workload.history.lookback, step), last_multiple(as_of, step)), step)
    metric = workload.load.metric
    asked = window_for(workload, metric, as_of=as_of, plan_step_seconds=plan_step_seconds)
    grid = Grid.within(span_of(asked), metric.period_seconds)
    load = _on_grid(workload, observed["load"], metric, grid)
    demand_of = _conversion(workload, observed, grid, as_of)
    _require_fresh(workload, demand_of(load), grid, as_of)
    declared = silence_as_zero(load, grid, observed["load"].answered) if workload.load.missing == "zero" else load
    values = busiest(demand_of(declared), grid, steps)
    known, missing = _require_complete(workload, values)
    provenance = Provenance(
        source=_source(workload),
        start=moment(steps.start + steps.step * known[0]),
        end=moment(steps.start + steps.step * (known[-1] + 1)),
        step_seconds=step,
        points=len(known),
        missing_fraction=missing,
        digest=_digest(values, steps),
        unit=demand_of.unit,
        notes=_notes(observed, grid, steps, silent=int(np.isfinite(declared).sum() - np.isfinite(load).sum())),
    )
    return Demand(workload.name, moment(steps.start), step, values, provenance)


def _on_grid(workload: Workload, series: Observations, metric: MetricConfig, grid: Grid) -> Values:
    return to_grid(series.points, grid, metric.statistic, f"{workload.name}: {metric.describe()}")


@dataclass(frozen=True)
class _Conversion:
    """From a bucket of the metric to demand: times ``instances``, divided by ``divisor``, is in ``unit``."""

    instances: Values | float
    divisor: float
    unit: str

    def __call__(self, load: Values) -> Values:
        return load * self.instances / self.divisor


def _conversion(workload: Workload, observed: Mapping[str, Observations], grid: Grid, as_of: datetime) -> _Conversion:
    utilisation = workload.capacity.utilisation
    if utilisation is None:
        rates = (workload.capacity.throughput or {}).values()
        if workload.load.metric.statistic in _COUNTED:
            return _Conversion(1.0, grid.step, "/s")
        return _Conversion(1.0, 1.0, "/s" if any(rate.per_second for rate in rates) else "level")
    instances: Values | float
    if utilisation.instances.count is not None:
        instances = float(utilisation.instances.count)
    else:
        instances = _instances(workload, observed["instances"], grid, as_of)
    return _Conversion(instances, 100.0 if utilisation.unit == "percent" else 1.0, "busy instances")


def _instances(workload: Workload, series: Observations, grid: Grid, as_of: datetime) -> Values:
    """Instances in service in each bucket of the load; NaN where unknown.

    A count with a longer period than the load's holds for the whole of its bucket.
    """
    metric = workload.capacity.utilisation.instances.metric if workload.capacity.utilisation else None
    if metric is None:
        raise ValueError("the instance count is not a metric")
    own = Grid.around((grid.start, grid.end), max(metric.period_seconds, grid.step))
    complete = within(series.points, (own.start, last_multiple(as_of, metric.period_seconds)))
    counts = _on_grid(workload, Observations(complete, series.answered), metric, own)
    return carry_forward(counts, _CARRIED_BUCKETS)[(grid.times() - own.start) // own.step]


def _require_fresh(workload: Workload, values: Values, grid: Grid, as_of: datetime) -> None:
    """Judges observations alone: silence, even silence declared as zero, may be an outage."""
    known = np.flatnonzero(np.isfinite(values))
    limit = workload.history.max_age
    if not len(known):
        raise HistoryRefused(
            f"{workload.name}: no demand is known in the last {format_duration(workload.history.lookback)}",
            why=f"{_source(workload)} has no complete bucket, or none with a known instance count",
            next_step="check the metric, or give a longer history.lookback",
        )
    newest = moment(grid.start + grid.step * (int(known[-1]) + 1))
    if as_of - newest > limit:
        raise StaleHistory(
            f"{workload.name}: the newest point is {_spell(int((as_of - newest).total_seconds()))} old",
            why=f"it ends at {newest:%Y-%m-%dT%H:%M:%SZ}; history.max_age is {format_duration(limit)}",
            next_step="check that the metric is still published; raise history.max_age if such a silence is normal",
        )


def _require_complete(workload: Workload, values: Values) -> tuple[list[int], float]:
    """Indices of the known steps, and the share that is missing after the first of them."""
    known = np.flatnonzero(np.isfinite(values)).tolist()
    if not known:
        raise HistoryRefused(
            f"{workload.name}: not one complete step is observed",
            why="every point lies in the step that is not over yet",
            next_step="wait for the step to end, or give a longer history.lookback",
        )
    missing = 1 - len(known) / (len(values) - known[0])
    if missing > workload.history.max_missing:
        raise HistoryRefused(
            f"{workload.name}: {missing:.1%} of the history is missing",
            why=f"history.max_missing is {workload.history.max_missing:.1%} of the steps since the first point",
            next_step="declare load.missing: zero if the metric is silent when idle, or raise history.max_missing",
        )
    return known, missing


def _notes(observed: Mapping[str, Observations], grid: Grid, steps: Grid, *, silent: int) -> tuple[str, ...]:
    notes = [note for role in sorted(observed, reverse=True) for note in observed[role].notes]  # load first
    if silent:
        notes.append(f"{silent} silent buckets read as 0, as load.missing: zero declares")
    if steps.step > grid.step:
        notes.append(f"a step of {_spell(steps.step)} is the highest of its buckets of {_spell(grid.step)}")
    return tuple(notes)


def _source(workload: Workload) -> str:
    load = workload.load.metric.describe()
    if workload.capacity.utilisation is None:
        return load
    instances = workload.capacity.utilisation.instances
    return f"{load} × {instances.metric.describe() if instances.metric else f'{instances.count} instances'}"


def _digest(values: Values, steps: Grid) -> str:
    """sha256 over the grid and the values as little-endian float64, every NaN alike."""
    canonical = np.where(np.isnan(values), np.nan, values).astype("<f8")
    return hashlib.sha256(f"{steps.start} {steps.step} {steps.count}\n".encode() + canonical.tobytes()).hexdigest()


def _spell(seconds: int) -> str:
    """A length of time in at most two units, rounded down: ``2h 15m``."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (rest, "s")) if count]
    return " ".join(parts[:2]) or "0s"
