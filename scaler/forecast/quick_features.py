"""What the quick path knows at an origin: how far demand has been off lately, and how lively it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.panel.grid import Season

Array = NDArray[np.float64]

#: Weight of the errors of the last hours in the local scale; the rest is the row's usual error.
LOCAL_WEIGHT = 0.5
#: The local scale is at least this share of the usual error.
LEAST_SCALE = 0.3


@dataclass(frozen=True)
class Windows:
    """Lengths in steps over which recent errors are averaged: the newest, about an hour, about three, a day."""

    lengths: tuple[int, ...]
    local: int


def windows_of(season: Season) -> Windows:
    """Windows for a step; those that coincide are taken once."""
    hour = max(1, season.day // 24)
    lengths = tuple(sorted({1, hour, 3 * hour, season.day}))
    return Windows(lengths, max(3, 3 * hour))


def lead_buckets(near_steps: int) -> NDArray[np.int64]:
    """First lead of each bucket; buckets double in length."""
    return 2 ** np.arange(int(np.log2(near_steps)) + 1)


def past_centre(filled: Array, season: Season, weeks: int = 4) -> Array:
    """Mean of the slot in the weeks before, or in the days before where there is no week; never of the step itself.

    Args:
        filled: shape ``(steps, n)``, without NaN.

    Returns:
        Same shape; NaN on the first day.
    """
    steps = filled.shape[0]
    centre = np.full_like(filled, np.nan)
    by_day = steps < 3 * season.week
    length = season.day if by_day else season.week
    for end in range(length, steps, length):
        back = min(7 if by_day else weeks, end // length)
        mean = filled[end - back * length : end].reshape(back, length, -1).mean(axis=0)
        centre[end : end + length] = mean[: steps - end]
    return centre


def features(errors: Array, windows: Windows, *, last: bool = False) -> Array:
    """Mean error over each window before each origin, shape ``(origins, n, windows)``.

    Args:
        errors: shape ``(steps, n)``; NaN counts nothing, and a window without any counts as no error.
        last: only the origin after the last step.

    Returns:
        Row ``t`` is known at the end of step ``t``.
    """
    return np.stack([_trailing_mean(errors, length, last) for length in windows.lengths], axis=2)


def local_scale(errors: Array, usual: Array, windows: Windows, *, last: bool = False) -> Array:
    """Size of error to expect, from the last hours and the usual one, shape ``(origins, n)``; never 0."""
    recent = _trailing_mean(np.abs(errors), windows.local, last)
    mixed = np.maximum(LOCAL_WEIGHT * recent + (1 - LOCAL_WEIGHT) * usual, LEAST_SCALE * usual)
    return np.where(mixed > 0, mixed, 1.0)


def _trailing_mean(values: Array, length: int, last: bool) -> Array:
    seen = np.isfinite(values)
    clean = np.where(seen, values, 0.0)
    if last:
        part, count = clean[-length:].sum(axis=0), seen[-length:].sum(axis=0)
        return np.asarray(part / np.maximum(count, 1))[None]
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(clean, axis=0)])
    count = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(seen, axis=0)])
    begin = np.maximum(np.arange(1, total.shape[0]) - length, 0)
    return np.asarray((total[1:] - total[begin]) / np.maximum(count[1:] - count[begin], 1))
