"""Observations of one workload → its demand on the grid of its metric, before anything is judged to be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.config import MetricConfig, Workload
from scaler.config.units import format_duration
from scaler.history.conversion import conversion
from scaler.history.grid import Grid, Values, silence_as_zero, to_grid
from scaler.history.interface import Finding, HistoryRefused, Observations, StaleHistory
from scaler.history.partition import within
from scaler.history.quality_counter import differences, looks_like_counter
from scaler.history.spans import last_multiple, moment, next_multiple, span_of, window_of
from scaler.sources.interface import InvalidPoints, Points, Window


@dataclass(frozen=True, eq=False)
class Measured:
    """Demand of one workload on the grid of its metric.

    Attributes:
        grid: buckets of the metric's period, up to the last that was complete at ``as_of``.
        steps: the forecast steps, up to the last that was complete.
        values: shape ``(grid.count,)``; NaN is missing. Silence that is declared as zero is 0.
        newest: end of the newest bucket that was observed, ``None`` without any; silence is no observation.
        pinned: shape of ``values``: the group stood at its maximum and all of it was busy.
        findings: what was found in the points themselves.
    """

    workload: Workload
    as_of: datetime
    grid: Grid
    steps: Grid
    values: Values
    newest: datetime | None
    pinned: NDArray[np.bool_]
    unit: str
    source: str
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


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


def measure(
    workload: Workload, observed: Mapping[str, Observations], *, as_of: datetime, plan_step_seconds: int
) -> Measured:
    """Put the points on the grid and make demand of them.

    ``Sum``, ``SampleCount`` and counters become a rate per second; levels stay as they are; a utilisation
    times the instances in service becomes busy instances.

    Args:
        observed: by role: ``"load"``, and ``"instances"`` beside a utilisation whose count is a metric.

    Raises:
        InvalidPoints: a value is NaN or infinite, negative without a word about it in the configuration, or
            the metric is a counter that is not declared as one.
    """
    step = step_seconds_of(workload, plan_step_seconds)
    steps = Grid.within((next_multiple(as_of - workload.history.lookback, step), last_multiple(as_of, step)), step)
    metric = workload.load.metric
    asked = window_for(workload, metric, as_of=as_of, plan_step_seconds=plan_step_seconds)
    grid = Grid.within(span_of(asked), metric.period_seconds)
    points, findings, notes = _points(workload, observed["load"].points, grid)
    statistic = "Sum" if workload.load.counter else metric.statistic
    load = to_grid(points, grid, statistic, f"{workload.name}: {metric.describe()}")
    _require_no_counter(workload, load)
    to_demand = conversion(workload, observed, grid, as_of)
    known = np.flatnonzero(np.isfinite(to_demand(load)))
    zero = workload.load.missing == "zero"
    declared = silence_as_zero(load, grid, observed["load"].answered) if zero else load
    silent = int(np.isfinite(declared).sum() - np.isfinite(load).sum())
    if silent:
        notes.append(f"{silent} silent buckets read as 0, as load.missing: zero declares")
    return Measured(
        workload=workload,
        as_of=as_of,
        grid=grid,
        steps=steps,
        values=to_demand(declared),
        newest=moment(grid.start + grid.step * (int(known[-1]) + 1)) if known.size else None,
        pinned=to_demand.pinned(workload, load),
        unit=to_demand.unit,
        source=_source(workload),
        notes=(*(note for role in sorted(observed, reverse=True) for note in observed[role].notes), *notes),
        findings=tuple(findings),
    )


def _points(workload: Workload, points: Points, grid: Grid) -> tuple[Points, list[Finding], list[str]]:
    """The points as the configuration says to read them, and what that did to them."""
    findings: list[Finding] = []
    notes: list[str] = []
    points = within(points, (grid.start, grid.end))
    off_grid = int((points.times % grid.step != 0).sum())
    if off_grid:
        notes.append(f"{off_grid} of {len(points.times)} points begin off the grid of {spell(grid.step)}")
    negative = points.values < 0
    if negative.any() and workload.load.negative != "refuse":
        policy = workload.load.negative
        findings.append(_at("negative", points.times[negative], grid, f"read as {policy}, as load.negative declares"))
        if policy == "zero":
            points = Points(points.times, np.maximum(points.values, 0.0))
        else:
            points = Points(points.times[~negative], points.values[~negative])
    if workload.load.counter and np.all(points.values >= 0):  # what is left of the negative ones is refused later
        points, resets = differences(points, grid.step)
        if resets.size:
            findings.append(_at("counter reset", resets, grid, "the counter began again at zero"))
    return points, findings, notes


def _at(kind: str, times: NDArray[np.int64], grid: Grid, words: str) -> Finding:
    """One finding for all such points: from the first to the last of them."""
    if kind not in ("negative", "counter reset"):
        raise ValueError(kind)
    count = f"{times.size} point{'s' if times.size > 1 else ''}"
    start, end = moment(int(times[0])), moment(int(times[-1]) + grid.step)
    return Finding("negative" if kind == "negative" else "counter reset", start, end, f"{count}: {words}")


def _require_no_counter(workload: Workload, load: Values) -> None:
    resets = None if workload.load.counter else looks_like_counter(load)
    if resets is not None:
        raise InvalidPoints(
            f"{workload.name}: the metric looks like a counter",
            why=f"{workload.load.metric.describe()} only rises, but for {resets} falls to next to nothing; "
            "no load does that",
            next_step="declare load.counter: true, or choose a metric and statistic that count load",
        )


def require_fresh(measured: Measured) -> None:
    """Judge the age of what was observed: silence, even silence declared as zero, may be an outage.

    Raises:
        StaleHistory: the newest observation is older than ``history.max_age``.
        HistoryRefused: there is none.
    """
    workload, newest, limit = measured.workload, measured.newest, measured.workload.history.max_age
    if newest is None:
        raise HistoryRefused(
            f"{workload.name}: no demand is known in the last {format_duration(workload.history.lookback)}",
            why=f"{measured.source} has no complete bucket, or none with a known instance count",
            next_step="check the metric, or give a longer history.lookback",
        )
    age = measured.as_of - newest
    if age > limit:
        raise StaleHistory(
            f"{workload.name}: the newest point is {spell(int(age.total_seconds()))} old",
            why=f"it ends at {newest:%Y-%m-%dT%H:%M:%SZ}; history.max_age is {format_duration(limit)}",
            next_step="check that the metric is still published; raise history.max_age if such a silence is normal",
        )


def _source(workload: Workload) -> str:
    load = workload.load.metric.describe()
    if workload.capacity.utilisation is None:
        return load
    instances = workload.capacity.utilisation.instances
    return f"{load} × {instances.metric.describe() if instances.metric else f'{instances.count} instances'}"


def spell(seconds: int) -> str:
    """A length of time in at most two units, rounded down: ``2h 15m``."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (rest, "s")) if count]
    return " ".join(parts[:2]) or "0s"
