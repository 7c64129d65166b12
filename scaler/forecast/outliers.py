"""Outliers: clipped in what a model is fitted on, never in what it is scored and calibrated on (bursts are demand)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import WEEK_SECONDS

#: Deviations from the median of the slot of the week, in median absolute deviations, beyond which a step is clipped.
CLIP_DEVIATIONS = 10.0
#: The deviation counts no less than this share of the level: a flat series is not all outliers.
CLIP_FLOOR = 0.05
# A slot seen less often cannot tell what is usual: a weekly batch is no outlier.
LEAST_WEEKS = 3


def clipped(values: NDArray[np.float64], clock: NDArray[np.int64], step_seconds: int) -> NDArray[np.float64]:
    """The series with outliers cut off.

    Args:
        values: shape ``(t,)`` without NaN.
        clock: wall time of each step, shape ``(t,)``.
    """
    weeks, slots = clock // WEEK_SECONDS, clock % WEEK_SECONDS // step_seconds
    weeks = weeks - weeks[0]
    table = np.full((int(weeks[-1]) + 1, WEEK_SECONDS // step_seconds), np.nan)
    table[weeks, slots] = values
    count = np.isfinite(table).sum(axis=0)
    enough = count >= LEAST_WEEKS
    if not enough.any():
        return values
    ordered = np.sort(table, axis=0)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, table.shape[0] - 1)[None], axis=0)[0]
    middle = ((low + high) / 2)[slots]
    deviation = np.where(enough[slots], values - middle, 0.0)
    spread = float(np.median(np.abs(deviation[enough[slots]])))
    bound = CLIP_DEVIATIONS * max(spread, CLIP_FLOOR * float(np.median(np.abs(values))))
    if bound <= 0:
        return values
    cut: NDArray[np.float64] = np.where(np.abs(deviation) > bound, middle + np.sign(deviation) * bound, values)
    return cut
