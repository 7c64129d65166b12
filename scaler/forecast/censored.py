"""Capped periods: demand was at least what was measured. They are raised to what their season would have been."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS

# The weeks, then days, before a capped step that it is compared with.
WEEKS, DAYS = 4, 7
# A level drawn from fewer steps of the same day would be noise.
LEAST_ALIKE = 4
# How much the hours before a cap may raise or lower what earlier weeks say.
MOST_LEVEL = 3.0


def raise_capped(
    values: NDArray[np.float64], capped: NDArray[np.bool_], step_seconds: int
) -> tuple[NDArray[np.float64], int]:
    """Capped steps raised to the median of the same time in earlier weeks (or days), at the level of late.

    Nothing after a step has an influence on it, so that a backtest on the result sees no future. A capped
    step never falls below what was measured; where no earlier time tells, it stays.

    Args:
        values: shape ``(t,)``, NaN where missing.
        capped: shape ``(t,)``.

    Returns:
        The repaired series, and how many steps were raised.
    """
    steps = np.flatnonzero(capped & np.isfinite(values))
    if steps.size == 0:
        return values, 0
    free = np.where(capped, np.nan, values)
    day, week = DAY_SECONDS // step_seconds, WEEK_SECONDS // step_seconds
    usual = _earlier(free, np.arange(values.size), [week * number for number in range(1, WEEKS + 1)])
    usual = np.where(
        np.isnan(usual), _earlier(free, np.arange(values.size), [day * n for n in range(1, DAYS + 1)]), usual
    )
    repaired = values.copy()
    for step in steps:
        window = slice(max(0, int(step) - day), int(step))
        alike = np.isfinite(free[window]) & (usual[window] > 0)
        level = 1.0
        if alike.sum() >= LEAST_ALIKE:
            ratio = float(np.median(free[window][alike] / usual[window][alike]))
            level = float(np.clip(ratio, 1 / MOST_LEVEL, MOST_LEVEL))
        if np.isfinite(usual[step]):
            repaired[step] = max(values[step], level * usual[step])
    return repaired, int((repaired[steps] > values[steps]).sum())


def _earlier(values: NDArray[np.float64], steps: NDArray[np.int64], lags: list[int]) -> NDArray[np.float64]:
    """Median over the lags of each step, NaN where none is known."""
    rows = np.stack([np.where(steps >= lag, values[np.maximum(steps - lag, 0)], np.nan) for lag in lags])
    seen = np.isfinite(rows)
    count = seen.sum(axis=0)
    ordered = np.sort(np.where(seen, rows, np.inf), axis=0)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, len(lags) - 1)[None], axis=0)[0]
    result: NDArray[np.float64] = np.where(
        count > 0, (np.where(count > 0, low, 0) + np.where(count > 0, high, 0)) / 2, np.nan
    )
    return result
