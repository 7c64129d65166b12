"""Demand as normal scores of its own forecast: one scale for all workloads (Dawid 1984, the probability integral)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Scores beyond this say no more than it: quantiles do not tell how far a tail reaches.
LARGEST = 4.0


def normal_scores(truth: Floats, values: Floats, quantiles: Sequence[float]) -> Floats:
    """Where demand lies in its forecast, as a standard normal would: 0 is the median, 1.64 the 0.95 quantile.

    Straight lines between the quantiles; beyond them the line of the two outermost goes on, up to :data:`LARGEST`.
    Where several quantiles are equal and demand is, it is in the middle of them.

    Args:
        truth: any shape; NaN is unknown and stays so.
        values: the shape of ``truth`` and a last axis of ascending quantiles of demand; at least two.
    """
    from scipy.special import ndtri

    z = np.asarray(ndtri(np.asarray(quantiles, dtype=float)))
    below = _place(truth, values, z, side="left")
    above = _place(truth, values, z, side="right")
    score: Floats = np.clip((below + above) / 2, -LARGEST, LARGEST)
    return score


def _place(truth: Floats, values: Floats, z: Floats, *, side: str) -> Floats:
    y = truth[..., None]
    under = values < y if side == "left" else values <= y
    upper = np.clip(under.sum(axis=-1), 1, z.size - 1)
    lower = upper - 1
    low = np.take_along_axis(values, lower[..., None], -1)[..., 0]
    high = np.take_along_axis(values, upper[..., None], -1)[..., 0]
    width = high - low
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(width > 0, (truth - low) / width, np.sign(truth - low) * np.inf)
    share = np.where((width <= 0) & (truth == low), np.where(side == "left", 0.0, 1.0), share)
    placed: Floats = np.where(np.isnan(truth), np.nan, z[lower] + share * (z[upper] - z[lower]))
    return np.clip(placed, -LARGEST, LARGEST)
