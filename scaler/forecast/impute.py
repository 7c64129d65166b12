"""Filling missing steps for the models. What is filled in is never taken as truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS


def impute(values: NDArray[np.float64], clock: NDArray[np.int64], step_seconds: int) -> NDArray[np.float64]:
    """Replace NaN by the median of the same wall-clock slot, of the week if it was seen twice, else of the day.

    Where no slot helps (short history), the last observed value is carried on.

    Args:
        values: shape ``(t,)``; the first step is observed.
        clock: wall time of each step, shape ``(t,)``.

    Returns:
        Shape ``(t,)`` without NaN; ``values`` itself if nothing is missing.
    """
    missing = np.isnan(values)
    if not missing.any():
        return values
    filled = values.copy()
    for season, least in ((WEEK_SECONDS, 2), (DAY_SECONDS, 2)):
        slots = (clock % season) // step_seconds
        _fill_from_slots(filled, values, slots, least)
    still = np.isnan(filled)
    last = np.maximum.accumulate(np.where(still, 0, np.arange(filled.size)))
    return filled[last]


def _fill_from_slots(
    filled: NDArray[np.float64], values: NDArray[np.float64], slots: NDArray[np.int64], least: int
) -> None:
    """Fill, in place, each missing step whose slot has at least ``least`` observations."""
    missing = np.isnan(filled)
    seen = ~np.isnan(values)
    order = np.argsort(slots[seen], kind="stable")
    seen_slots, seen_values = slots[seen][order], values[seen][order]
    for slot in np.unique(slots[missing]):
        first, end = np.searchsorted(seen_slots, (slot, slot + 1))
        if end - first >= least:
            filled[missing & (slots == slot)] = np.median(seen_values[first:end])
