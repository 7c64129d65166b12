"""Capped periods: the load stood at a ceiling, so that what is measured is a lower bound of demand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.history.grid import Grid, Values
from scaler.history.quality_runs import DAY, Run, runs_of, steps_in

# A ceiling is flat: a peak of noise is not that close to its own maximum for an hour, and the crown of a smooth
# daily curve is within this of its top for less than an hour.
FLAT = 0.0025
LEAST_SECONDS = 3_600
_LEAST_STEPS = 6
# A ceiling is a ceiling if nothing rose above it for three days on either side.
_AROUND_DAYS = 3
# Below its ceiling the load has to move by this share of it from step to step, over this many different values,
# or a flat top says nothing: constant and smooth series have one too, and so have counts of a few things.
_MOVES = 0.01
_LEAST_LEVELS = 20
# With every instance that the group may have in service and at work, a rougher plateau is a ceiling.
_PINNED_SECONDS = 1_800


def find_capped(values: Values, grid: Grid, pinned: NDArray[np.bool_]) -> list[list[Run]]:
    """Runs of steps at a ceiling, of each row, ascending.

    A run is capped if it stays within 0.25 % of the highest value of three days before and after it for an
    hour or more, in a load that otherwise moves; or if the group was ``pinned`` for half an hour.

    Args:
        values: shape ``(rows, grid.count)``; NaN is missing.
        pinned: the same shape; True where the group stood at its maximum with all of it busy.
    """
    top = _local_top(values, grid)
    at_top = (values >= (1 - FLAT) * top) & (top > 0)
    least = steps_in(LEAST_SECONDS, grid, _LEAST_STEPS)
    found: list[list[Run]] = []
    for row, peak, mask, held in zip(values, top, at_top, pinned, strict=True):
        ceilings = [run for run in runs_of(mask, least) if _moves_below(row, run, float(peak[run.first]), grid)]
        marked = np.zeros(grid.count, bool)
        for run in [*ceilings, *runs_of(held & np.isfinite(row), steps_in(_PINNED_SECONDS, grid, 2))]:
            marked[run.first : run.end] = True
        found.append(runs_of(marked))
    return found


def _local_top(values: Values, grid: Grid) -> Values:
    """The highest value from three days before the step's day to three days after; 0 without any."""
    width = max(1, DAY // grid.step)
    days = -(-grid.count // width)
    padded = np.zeros((values.shape[0], days * width))
    padded[:, : grid.count] = np.nan_to_num(values, nan=0.0)
    highest = np.pad(padded.reshape(values.shape[0], days, width).max(axis=2), ((0, 0), (_AROUND_DAYS, _AROUND_DAYS)))
    around = np.max([highest[:, shift : shift + days] for shift in range(2 * _AROUND_DAYS + 1)], axis=0)
    top: Values = np.repeat(around, width, axis=1)[:, : grid.count]
    return top


def _moves_below(row: Values, run: Run, ceiling: float, grid: Grid) -> bool:
    near = steps_in(_AROUND_DAYS * DAY, grid, 1)
    values = row[max(0, run.first - near) : run.end + near]
    below = (values[:-1] >= 0.5 * ceiling) & (values[:-1] < 0.99 * ceiling)
    if np.unique(values[:-1][below]).size < _LEAST_LEVELS:
        return False
    changes = np.abs(np.diff(values))[below]
    changes = changes[np.isfinite(changes)]
    return bool(changes.size and np.median(changes) >= _MOVES * ceiling)
