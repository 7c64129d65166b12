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
    levels = np.array([_level(values[first + day * width : first + (day + 1) * width]) for day in range(days)])
    found: list[tuple[float, Shift]] = []
    for day in range(SHIFT_DAYS, days - SHIFT_DAYS + 1):
        left, right = levels[day - SHIFT_DAYS : day], levels[day : day + SHIFT_DAYS]
        if np.isnan(left).sum() > 2 or np.isnan(right).sum() > 2:
            continue
        low, high = sorted((float(np.nanmedian(left)), float(np.nanmedian(right))))
        spread = max(_spread(left), _spread(right))
        if high > 0 and high >= _SHIFT_RATIO * low and high - low >= _SHIFT_SPREADS * spread:
            shift = Shift(first + day * width, float(np.nanmedian(left)), float(np.nanmedian(right)))
            found.append(((high - low) / max(spread, 1e-9 * high), shift))
    return _sharpest(found, SHIFT_DAYS * width)


def _level(day: Values) -> float:
    known = day[np.isfinite(day)]
    return float(np.median(known)) if known.size * 2 >= day.size else float("nan")


def _spread(week: Values) -> float:
    """Median distance of the days from their median."""
    return float(np.nanmedian(np.abs(week - np.nanmedian(week))))


def _sharpest(found: list[tuple[float, Shift]], apart: int) -> list[Shift]:
    """Of neighbouring days that all see the same change, the one that sees it most clearly."""
    kept: list[Shift] = []
    for _, shift in sorted(found, key=lambda each: (-each[0], each[1].step)):
        if all(abs(shift.step - other.step) >= apart for other in kept):
            kept.append(shift)
    return sorted(kept, key=lambda shift: shift.step)
