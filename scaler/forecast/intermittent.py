"""Demand that is mostly zero: quantiles counted from what the same time of day brought, without a centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS

NAME = "slot_counts"
# Above this share of zeros a centre plus residuals would put the median where nothing ever is.
LEAST_ZEROS = 0.6
LEAST_HISTORY_SECONDS = WEEK_SECONDS
# A slot's own counts weigh half when it holds this many observations.
POOLING_COUNT = 30.0


def is_intermittent(values: NDArray[np.float64], step_seconds: int) -> bool:
    """Whether a series is mostly zeros, but not all, and long enough to count."""
    seen = values[np.isfinite(values)]
    if seen.size * step_seconds < LEAST_HISTORY_SECONDS:
        return False
    zeros = float((seen == 0).mean())
    return LEAST_ZEROS <= zeros < 1.0


def slot_quantiles(
    values: NDArray[np.float64],
    clock: NDArray[np.int64],
    step_seconds: int,
    horizon_steps: int,
    quantiles: tuple[float, ...],
) -> NDArray[np.float64]:
    """Empirical quantiles of the hour of the day, on weekdays and at weekends apart from three weeks on.

    They are drawn towards those of all of history: the mixture of both counts, a slot weighing more the
    more it holds. The rank is the conformal one, ``q · (n + 1)``, so that the highest quantile of few
    observations is their largest.

    Args:
        values: history, shape ``(t,)``, NaN where missing.
        clock: wall time of history and horizon.

    Returns:
        Shape ``(horizon_steps, quantiles)``.
    """
    known = values.size
    hours = clock % DAY_SECONDS // 3_600
    slots = hours
    if known * step_seconds >= 3 * WEEK_SECONDS:
        slots = hours + 24 * ((clock // DAY_SECONDS + 3) % 7 >= 5)
    seen = np.isfinite(values)
    everything = np.sort(values[seen])
    table = {}
    for slot in np.unique(slots[known : known + horizon_steps]):
        around = np.isin(slots[:known] % 24, [(slot - 1) % 24, slot % 24, (slot + 1) % 24])
        own = values[seen & around & (slots[:known] // 24 == slot // 24)]
        table[int(slot)] = _mixed(own, everything, quantiles)
    return np.stack([table[int(slot)] for slot in slots[known : known + horizon_steps]])


def _mixed(
    own: NDArray[np.float64], everything: NDArray[np.float64], quantiles: tuple[float, ...]
) -> NDArray[np.float64]:
    share = own.size / (own.size + POOLING_COUNT)
    points = np.concatenate([own, everything])
    weights = np.concatenate(
        [np.full(own.size, share / max(own.size, 1)), np.full(everything.size, (1 - share) / everything.size)]
    )
    order = np.argsort(points, kind="stable")
    reached = np.cumsum(weights[order])
    count = own.size + POOLING_COUNT
    levels = np.minimum(np.asarray(quantiles) * (count + 1) / count, 1.0)
    index = np.minimum(np.searchsorted(reached, levels - 1e-12), points.size - 1)
    found: NDArray[np.float64] = points[order][index]
    return found
