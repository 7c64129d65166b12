"""The least capacity that is expected to miss no more than a share of demand, from the quantiles of demand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def covering_demand(
    values: NDArray[np.float64], quantiles: tuple[float, ...], unserved: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Demand ``x`` to cover so that ``E[max(0, D − x)] ≤ unserved · E[D]``, and the quantile that it is.

    D has the quantiles given, is uniform between them, and has an exponential tail beyond the last. Never
    below the lowest quantile. A larger demand of the same shape needs more; the same holds for demand that is
    larger by a constant while what is missed is smaller than demand itself.

    Args:
        values: shape ``(steps, quantiles)``, non-decreasing along the last axis.

    Returns:
        x and its quantile, each of shape ``(steps,)``.
    """
    q = np.asarray(quantiles)
    gaps = np.diff(values, axis=1)
    excess = _excess(gaps, q)
    missed = np.empty_like(values)  # E[max(0, D - value)] at each quantile
    missed[:, -1] = (1 - q[-1]) * excess
    pieces = gaps * ((1 - q[:-1]) + (1 - q[1:])) / 2
    missed[:, :-1] = missed[:, -1:] + np.cumsum(pieces[:, ::-1], axis=1)[:, ::-1]
    mean = values[:, 0] + missed[:, 0]
    allowed = unserved * mean
    # The segment whose upper end misses no more than is allowed, and whose lower end misses more.
    upper = np.argmax(missed <= allowed[:, None], axis=1)
    rows = np.arange(values.shape[0])
    below = np.maximum(upper - 1, 0)
    gap = values[rows, upper] - values[rows, below]
    slope = np.divide(q[upper] - q[below], gap, out=np.zeros_like(gap), where=gap > 0)
    spare, rest = allowed - missed[rows, upper], 1 - q[upper]
    back = np.divide(2 * spare, rest + np.sqrt(rest**2 + 2 * slope * spare), out=np.zeros_like(gap), where=rest > 0)
    back = np.minimum(back, gap)
    demand = values[rows, upper] - back
    level = q[upper] - slope * back
    beyond = missed[:, -1] > allowed
    with np.errstate(divide="ignore", invalid="ignore"):
        further = excess * np.log(missed[:, -1] / allowed)
        tail_level = 1 - (1 - q[-1]) * np.exp(-further / excess)
    demand = np.where(beyond, values[:, -1] + np.nan_to_num(further, posinf=0.0), demand)
    level = np.where(beyond, np.nan_to_num(tail_level, nan=q[-1]), level)
    return demand, level


def _excess(gaps: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean excess over the last quantile, shape ``(steps,)``.

    That of an exponential through the last two quantiles; larger by as much as it has grown since the two before
    (an exponential's does not), at most twofold: a heavier tail than that cannot be told from three quantiles.
    """
    last: NDArray[np.float64] = gaps[:, -1] / np.log((1 - q[-2]) / (1 - q[-1]))
    if q.size < 3:
        return last
    before = gaps[:, -2] / np.log((1 - q[-3]) / (1 - q[-2]))
    growth = np.divide(last, before, out=np.full_like(last, 2.0), where=before > 0)
    heavier: NDArray[np.float64] = last * np.clip(growth, 1.0, 2.0)
    return heavier
