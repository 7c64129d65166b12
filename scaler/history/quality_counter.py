"""Counters: readings that only rise until they are reset. Their differences are the load."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.history.grid import Values
from scaler.sources.interface import Points

# Fewer readings may rise by accident.
_LEAST_READINGS = 48
_RISES = 0.99
_STRICTLY = 0.5
# After a reset a counter starts near zero; a load that merely falls does not.
_RESET_TO = 0.1


def differences(readings: Points, period_seconds: int) -> tuple[Points, NDArray[np.int64]]:
    """What was counted from each reading to the next, at the time of the later one.

    A reading below the one before it is a reset: what it shows was counted since, and what was counted
    between the last reading and the reset is lost. Across a gap it is unknown when things were counted,
    so that the first reading after one gives no difference: missing, not a spike.

    Args:
        readings: at most one per period is assumed to be complete; times ascending.

    Returns:
        The differences, and the times of the resets.
    """
    rise = np.diff(readings.values)
    reset = rise < 0
    near = np.diff(readings.times) < 2 * period_seconds
    counted = np.where(reset, readings.values[1:], rise)
    times = readings.times[1:]
    return Points(times[near], counted[near], readings.notes), times[reset]


def looks_like_counter(values: Values) -> int | None:
    """How often a row that rises all the time was reset, or ``None`` if it does not look like a counter.

    No load rises in 99 of 100 steps and otherwise falls to next to nothing.
    """
    known = values[np.isfinite(values)]
    if known.size < _LEAST_READINGS:
        return None
    rise = np.diff(known)
    falls = rise < 0
    rising = (rise >= 0).mean() >= _RISES and (rise > 0).mean() >= _STRICTLY
    deep = bool((known[1:][falls] <= _RESET_TO * known[:-1][falls]).all())
    return int(falls.sum()) if rising and deep else None
