"""Runs of steps: where they begin and end, and which of them repeat what the same time usually brings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from scaler.history.grid import Grid, Values

DAY = 86_400
_WEEKS = (-4, -3, -2, -1, 1, 2, 3, 4)
_DAYS = tuple(day for day in range(-10, 11) if day)
# A comparison over a segment that is mostly missing says little.
_LEAST_OBSERVED = 0.75
# The quarter of other weeks with the least: one earlier outage or holiday at the same time is no habit.
_LOW = 0.25
# Where that quarter is so far below the middle, weeks resemble each other too little to call anything usual.
_ALIKE = 0.4


@dataclass(frozen=True)
class Run:
    """Steps ``first`` up to and without ``end``."""

    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first


def runs_of(mask: NDArray[np.bool_], least: int = 1) -> list[Run]:
    """Runs of True in a row, of at least so many steps, ascending."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    first, end = edges[::2], edges[1::2]
    long = end - first >= least
    return [Run(a, b) for a, b in zip(first[long].tolist(), end[long].tolist(), strict=True)]


def steps_in(seconds: int, grid: Grid, least: int) -> int:
    """How many steps make up so many seconds, and never fewer than ``least``."""
    return max(least, -(-seconds // grid.step))


@lru_cache(maxsize=64)
def utc_offsets(start: int, step: int, count: int, timezone: str) -> NDArray[np.int64]:
    """Local time minus UTC in seconds for each step, shape ``(count,)``; zones change on quarter hours."""
    zone = ZoneInfo(timezone)
    block = max(1, 900 // step)
    known = []
    for time in range(start, start + step * count, step * block):
        offset = datetime.fromtimestamp(time, zone).utcoffset()
        known.append(0 if offset is None else int(offset.total_seconds()))
    result = np.repeat(np.array(known, np.int64), block)[:count]
    result.setflags(write=False)
    return result


@dataclass(frozen=True, eq=False)
class Row:
    """One workload's values with what is needed to ask what is usual.

    Attributes:
        values: shape ``(grid.count,)``; NaN is missing.
        offsets: of :func:`utc_offsets` in the workload's zone: a season follows the clock on the wall.
    """

    values: Values
    grid: Grid
    offsets: NDArray[np.int64]

    def segment(self, first: int, end: int) -> Values:
        """The values of ``[first, end)``, without what lies outside the grid."""
        return self.values[max(0, first) : max(0, end)]

    @cached_property
    def _sums(self) -> tuple[Values, NDArray[np.int64]]:
        """Sum and number of the observed values before each step: the mean of a segment in two look-ups."""
        known = np.isfinite(self.values)
        total = np.concatenate([[0.0], np.cumsum(np.where(known, self.values, 0.0))])
        return total, np.concatenate([[0], np.cumsum(known)])

    def weekend(self, index: int) -> bool:
        """Whether a step starts on a Saturday or Sunday, local time."""
        local = self.grid.start + self.grid.step * index + int(self.offsets[min(max(index, 0), self.grid.count - 1)])
        return (local // DAY + 3) % 7 >= 5  # 1970-01-01 was a Thursday

    def comparable(self, run: Run) -> list[int]:
        """By how many steps to shift the run to see the same time of other weeks; of other days if weeks are few.

        A weekday is compared with weekdays only and a weekend with weekends. Empty if there are too few
        to say what is usual: one other week and two other days, or three other days.
        """
        weeks = self._shifts(run, [7 * week for week in _WEEKS])
        if len(weeks) >= 2:
            return weeks
        days = [s for s in self._shifts(run, list(_DAYS)) if self._same_kind(run, s)]
        return days if len(days) >= (3 if not weeks else 2) else []

    def _shifts(self, run: Run, days: list[int]) -> list[int]:
        shifts = []
        for count in days:
            near = run.first + count * DAY // self.grid.step
            if not 0 <= near < self.grid.count:
                continue
            clock_change = int(self.offsets[run.first] - self.offsets[near])
            shift = (count * DAY + clock_change) // self.grid.step
            inside = run.first + shift >= 0 and run.end + shift <= self.grid.count
            apart = abs(shift) >= len(run)
            if inside and apart and self._observed(run, shift) >= _LEAST_OBSERVED * len(run):
                shifts.append(shift)
        return shifts

    def _observed(self, run: Run, shift: int) -> int:
        _, count = self._sums
        return int(count[run.end + shift] - count[run.first + shift])

    def _same_kind(self, run: Run, shift: int) -> bool:
        ends = (run.first, run.end - 1)
        return all(self.weekend(end) == self.weekend(end + shift) for end in ends)

    def usual(self, run: Run, shifts: list[int]) -> float:
        """What the time of the run brings in other weeks: the low quartile over the shifts of the mean.

        NaN without any, or where the weeks do not resemble each other.
        """
        total, count = self._sums
        first = run.first + np.array(shifts, np.int64)
        observed = count[first + len(run)] - count[first]
        if not (observed > 0).any():
            return float("nan")
        means = np.sort((total[first + len(run)] - total[first])[observed > 0] / observed[observed > 0])
        low, middle = _quantile(means, _LOW), _quantile(means, 0.5)
        return low if low >= _ALIKE * middle else float("nan")


def mean(values: Values) -> float:
    """The mean of what is observed; NaN without any."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _quantile(ascending: Values, q: float) -> float:
    """A quantile between neighbours, as numpy's; that one takes longer to begin than this to finish."""
    place = q * (ascending.size - 1)
    low = int(place)
    high = min(low + 1, ascending.size - 1)
    return float(ascending[low] + (place - low) * (ascending[high] - ascending[low]))


def busy_level(values: Values, grid: Grid) -> Values:
    """What a busy time was like around each step: the highest 0.9 quantile of this and the two weeks beside it.

    Local, so that a service that grew tenfold is not found idle in its first weeks.

    Args:
        values: shape ``(rows, grid.count)``.

    Returns:
        The same shape; 0 where nothing was observed for weeks.
    """
    width = max(1, 7 * DAY // grid.step)
    blocks = -(-values.shape[1] // width)
    level = np.zeros((values.shape[0], blocks))
    for block in range(blocks):
        part = values[:, block * width : (block + 1) * width]
        known = np.isfinite(part).any(axis=1)
        if known.any():
            level[known, block] = np.nanquantile(part[known], 0.9, axis=1)
    padded = np.pad(level, ((0, 0), (1, 1)))
    around = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    return np.repeat(around, width, axis=1)[:, : values.shape[1]]
