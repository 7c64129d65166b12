"""What the fits see: outliers clipped, missing steps filled. What calibration sees is the demand as it was."""

from __future__ import annotations

import numpy as np

from scaler.forecast.panel.grid import Array, Season

#: Deviations from the slot's median, in median absolute deviations of the row, beyond which a step is clipped.
CLIP_DEVIATIONS = 8.0
#: The deviations of a row count no less than this share of its median level: a flat row is not all outliers.
CLIP_FLOOR = 0.02


def cleaned(values: Array, season: Season) -> Array:
    """Clip and fill.

    Args:
        values: shape ``(steps, n)``, NaN is missing; each column has an observation.

    Returns:
        Same shape, without NaN.
    """
    centre = _slot_centre(values, season)
    deviation = values - centre
    spread = np.nanmedian(np.abs(deviation), axis=0)
    level = np.nanmedian(np.abs(values), axis=0)
    bound = CLIP_DEVIATIONS * np.maximum(spread, CLIP_FLOOR * level)
    # More than half of the steps at the slot's median says nothing about the spread of the rest.
    bound = np.where(bound > 0, bound, np.inf)
    clipped = centre + np.clip(deviation, -bound, bound)
    return np.where(np.isnan(values), centre, clipped)


def _slot_centre(values: Array, season: Season) -> Array:
    """Median of the slot of the week where it was seen three times, else of the day, else of the column."""
    steps = values.shape[0]
    length = season.week if steps >= 3 * season.week else season.day
    missing = bool(np.isnan(values).any())
    padded = -steps % length
    stacked = np.concatenate([np.full((padded, values.shape[1]), np.nan), values]).reshape(-1, length, values.shape[1])
    slot = _nanmedian(stacked) if missing or padded else np.median(stacked, axis=0)
    if np.isnan(slot).any():
        day = season.day if length != season.day else 1
        by_day = _nanmedian(slot.reshape(-1, day, slot.shape[1]))
        slot = np.where(np.isnan(slot), np.tile(by_day, (length // day, 1)), slot)
        slot = np.where(np.isnan(slot), _nanmedian(values), slot)
    return np.tile(slot, (stacked.shape[0], 1))[padded:]


def _nanmedian(values: Array) -> Array:
    """Median along the first axis, NaN where nothing was seen, without NumPy's slow path or its warning."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(ordered).sum(axis=0)
    low = np.maximum((count - 1) // 2, 0)
    high = np.minimum(count // 2, ordered.shape[0] - 1)
    take = np.take_along_axis
    middle: Array = (take(ordered, low[None], 0)[0] + take(ordered, high[None], 0)[0]) / 2
    return np.where(count > 0, middle, np.nan)
