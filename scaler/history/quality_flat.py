"""Flat lines and level shifts: reported, so that a person looks; the values stay as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.history.grid import Grid, Values
from scaler.history.quality_runs import DAY, Row, Run, runs_of, steps_in

# A stuck exporter repeats its last value to the last digit.
FLAT_SECONDS = 3_600
_FLAT_STEPS = 6
# So many such runs would be expected by chance in the whole history, given how often neighbours are equal.
_BY_CHANCE = 1e-6
# More than this share of equal neighbours outside long runs, and equality means nothing.
_USUALLY_EQUAL = 0.5
# The same time of other weeks is flat too: a habit. So is a value that comes back again and again, as when idle.
_HABIT = 0.25
_COMES_BACK = 0.01

#: Days on either side of a shift that are compared; a whole week, so that weekdays weigh alike.
SHIFT_DAYS = 7
_SHIFT_RATIO = 2.0
# The gap between the two weeks against how far their days lie apart.
_SHIFT_SPREADS = 4.0
_UNKNOWN_DAYS = 2


def find_flat(row: Row, skip: NDArray[np.bool_]) -> list[Run]:
    """Runs of one exact value above zero, too long for chance in a load that varies, and not a habit.

    Args:
        skip: steps that are explained otherwise (a ceiling, an outage).
    """
    values, grid = row.values, row.grid
    equal = np.zeros(grid.count, bool)
    equal[1:] = values[1:] == values[:-1]
    least = steps_in(FLAT_SECONDS, grid, _FLAT_STEPS)
    candidates = [Run(run.first - 1, run.end) for run in runs_of(equal & (values > 0) & ~skip, least - 1)]
    if not candidates:
        return []
    outside = np.isfinite(values)
    for run in candidates:
        outside[run.first : run.end] = False
    share = max((int((equal & outside).sum()) + 1) / (int(outside.sum()) + 2), 0.01)
    if share > _USUALLY_EQUAL:
        return []
    least = max(least, int(np.ceil(np.log(_BY_CHANCE / grid.count) / np.log(share))))
    return [run for run in candidates if len(run) >= least and not _habit(row, run, equal)]


def _habit(row: Row, run: Run, equal: NDArray[np.bool_]) -> bool:
    """Whether the same time of other weeks is as flat, or the value is one of idleness; unknown counts as yes."""
    elsewhere = int((row.values == row.values[run.first]).sum()) - len(run)
    if elsewhere > _COMES_BACK * int(np.isfinite(row.values).sum()):
        return True
    shifts = row.comparable(run)
    flat = [float(equal[run.first + shift : run.end + shift].mean()) > _USUALLY_EQUAL for shift in shifts]
    return not flat or float(np.mean(flat)) > _HABIT


@dataclass(frozen=True)
class Shift:
    """The level changed at ``step`` and stayed: the median day before and after."""

    step: int
    before: float
    after: float


def find_shifts(values: Values, grid: Grid) -> list[Shift]:
    """Lasting changes of level: the median of a week of days at least doubled or halved from one day to the next."""
    width = DAY // grid.step
    days = grid.count // width if width else 0
    if days < 2 * SHIFT_DAYS:
        return []
    first = grid.count - days * width
    levels = _levels(values[first:].reshape(days, width))
    weeks = np.lib.stride_tricks.sliding_window_view(levels, SHIFT_DAYS)
    usable = np.isnan(weeks).sum(axis=1) <= _UNKNOWN_DAYS
    middle = _medians(np.where(usable[:, None], weeks, 0.0))
    spread = _medians(np.abs(np.where(usable[:, None], weeks, 0.0) - middle[:, None]))
    before, after = slice(None, -SHIFT_DAYS), slice(SHIFT_DAYS, None)
    low, high = np.minimum(middle[before], middle[after]), np.maximum(middle[before], middle[after])
    around = np.maximum(spread[before], spread[after])
    shifted = usable[before] & usable[after] & (high > 0)
    shifted &= (high >= _SHIFT_RATIO * low) & (high - low >= _SHIFT_SPREADS * around)
    found = [
        (
            float((high - low)[day] / max(around[day], 1e-9 * high[day])),
            Shift(first + (day + SHIFT_DAYS) * width, float(middle[day]), float(middle[day + SHIFT_DAYS])),
        )
        for day in np.flatnonzero(shifted).tolist()
    ]
    return _sharpest(found, SHIFT_DAYS * width)


def _levels(days: Values) -> Values:
    """The median of each day; NaN for a day that is mostly missing."""
    known = np.isfinite(days).sum(axis=1) * 2 >= days.shape[1]
    levels = np.full(days.shape[0], np.nan)
    levels[known] = _medians(days[known])
    return levels


def _medians(rows: Values) -> Values:
    """The median of what is observed in each row; every row has something."""
    ordered = np.sort(rows, axis=1)  # NaN comes last
    count = np.isfinite(rows).sum(axis=1)
    row = np.arange(rows.shape[0])
    result: Values = (ordered[row, (count - 1) // 2] + ordered[row, count // 2]) / 2
    return result


def _sharpest(found: list[tuple[float, Shift]], apart: int) -> list[Shift]:
    """Of neighbouring days that all see the same change, the one that sees it most clearly."""
    kept: list[Shift] = []
    for _, shift in sorted(found, key=lambda each: (-each[0], each[1].step)):
        if all(abs(shift.step - other.step) >= apart for other in kept):
            kept.append(shift)
    return sorted(kept, key=lambda shift: shift.step)
