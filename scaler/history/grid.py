"""Raw points → values on a regular UTC grid. NaN is missing; 0 is a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.history.partition import within
from scaler.history.spans import Span, moment, span_of
from scaler.sources.interface import InvalidPoints, Points, Window

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Buckets ``[start + i*step, start + (i+1)*step)`` in seconds since the epoch; ``start`` is a multiple of step."""

    start: int
    step: int
    count: int

    @classmethod
    def within(cls, span: Span, step: int) -> Grid:
        """The whole buckets that lie in the span."""
        start = ceil(span[0], step)
        return cls(start, step, max(0, (span[1] - start) // step))

    @classmethod
    def around(cls, span: Span, step: int) -> Grid:
        """The buckets that the span touches."""
        start = floor(span[0], step)
        return cls(start, step, max(0, -((start - span[1]) // step)))

    @property
    def end(self) -> int:
        """End of the last bucket."""
        return self.start + self.step * self.count

    def times(self) -> NDArray[np.int64]:
        """Starts of the buckets, shape ``(count,)``."""
        return self.start + self.step * np.arange(self.count, dtype=np.int64)


def floor(seconds: int, step: int) -> int:
    """The last multiple of ``step`` at or before ``seconds``."""
    return seconds // step * step


def ceil(seconds: int, step: int) -> int:
    """The first multiple of ``step`` at or after ``seconds``."""
    return -(-seconds // step) * step


def require_measurements(points: Points, name: str) -> None:
    """Refuse values that no load can have.

    Raises:
        InvalidPoints: NaN, infinite or negative; names the first such time and value.
    """
    wrong = np.flatnonzero(~(np.isfinite(points.values) & (points.values >= 0)))
    if not len(wrong):
        return
    time, value = moment(int(points.times[wrong[0]])), float(points.values[wrong[0]])
    more = f", and {len(wrong) - 1} more such points" if len(wrong) > 1 else ""
    raise InvalidPoints(
        f"{name} has the value {value:g} at {time:%Y-%m-%dT%H:%M:%SZ}{more}",
        why="load and instance counts are finite and never negative; a counter reset or a wrong metric looks like this",
        next_step="choose a metric and statistic that count load, or say what it means with load.negative",
    )


def to_grid(points: Points, grid: Grid, statistic: str, name: str) -> Values:
    """Sum up the points of each bucket by the metric's statistic; points outside the grid are left out.

    ``Sum`` and ``SampleCount`` add, ``Maximum`` and ``Minimum`` take the extreme, ``Average`` and percentiles
    take the mean: the mean of percentiles is no percentile, but lies between them, where their maximum
    would make a rare moment the rule.

    Args:
        name: the series, for messages.

    Returns:
        Shape ``(grid.count,)``; NaN where no point is.

    Raises:
        InvalidPoints: a value is NaN, infinite or negative, or the sum of a bucket overflows.
    """
    inside = within(points, (grid.start, grid.end))
    require_measurements(inside, name)
    result = np.full(grid.count, np.nan)
    if not len(inside.times):
        return result
    buckets, first = np.unique((inside.times - grid.start) // grid.step, return_index=True)
    values = inside.values
    extreme = {"Maximum": np.maximum, "Minimum": np.minimum}.get(statistic, np.add)
    with np.errstate(over="ignore"):
        summed = extreme.reduceat(values, first)
    if extreme is np.add and statistic not in ("Sum", "SampleCount"):
        summed = summed / np.diff(np.append(first, len(values)))
    result[buckets] = summed
    require_measurements(Points(grid.start + grid.step * buckets, summed), name)
    return result + 0.0  # -0.0 becomes 0.0: equal values have equal digests


def silence_as_zero(values: Values, grid: Grid, answered: Sequence[Window]) -> Values:
    """Read missing buckets as 0, for a metric that is declared to be silent when nothing happens.

    Only from the first observation on, and only where the source has answered: what was never asked is
    unknown, whatever the metric does when it is idle.
    """
    known = np.zeros(grid.count, bool)
    for window in answered:
        low, high = span_of(window)
        known[max(0, -((grid.start - low) // grid.step)) : max(0, (high - grid.start) // grid.step)] = True
    observed = np.isfinite(values)
    known &= np.maximum.accumulate(observed)
    return np.where(known & ~observed, 0.0, values)


def carry_forward(values: Values, limit: int) -> Values:
    """Fill each gap with the value before it, for at most ``limit`` buckets; the rest stays NaN."""
    index = np.where(np.isfinite(values), np.arange(len(values)), -1)
    last = np.maximum.accumulate(index)
    near = (last >= 0) & (np.arange(len(values)) - last <= limit)
    return np.where(near, values[last], np.nan)


def busiest(values: Values, grid: Grid, steps: Grid) -> Values:
    """The maximum over the buckets that each step touches; NaN where all of them are missing.

    Capacity is set once per step and has to carry the busiest bucket in it; the mean of a step would be
    exceeded in half of its buckets.

    Args:
        grid: of ``values``; its buckets are no longer than the steps.

    Returns:
        Shape ``(steps.count,)``.
    """
    result = np.full(steps.count, np.nan)
    times = grid.times()
    # A bucket lies in one step, or across two where the period does not divide the step.
    for edge in (times, times + grid.step - 1):
        step = (edge - steps.start) // steps.step
        inside = (step >= 0) & (step < steps.count)
        np.fmax.at(result, step[inside], values[inside])
    return result
