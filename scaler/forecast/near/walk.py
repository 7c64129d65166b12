"""A walk over a series: at each decision the quantiles of the windows ahead, from what was known by then alone.

Fitted anew each day: a ridge regression per window ahead on recent levels and the same time on earlier days and weeks,
in logarithms; a local scale of its errors; and quantiles of the errors of the last four weeks measured by it. So the
quantiles are those of errors that were really made, not of a fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scaler.forecast.near.features import features, recent
from scaler.forecast.near.grid import Array, Index, Near, Series
from scaler.forecast.near.regression import daily_ridge
from scaler.forecast.near.spread import local_scale, score_quantiles

#: No quantile is above this, as a logarithm: a scale gone wild must not overflow.
HIGHEST_LOG = 20.0


@dataclass(frozen=True, eq=False)
class Walk:
    """Forecasts along a series.

    Attributes:
        decisions: step of each decision: nothing from ``decision - delay`` on was seen by it. Shape ``(decisions,)``.
        values: quantiles of the windows, shape ``(levels, windows, decisions)``, at least 0.
    """

    decisions: Index
    values: Array


def walk(values: Array, near: Near, levels: Sequence[float], *, phase: int = 0) -> Walk:
    """Forecast the windows ahead of every decision.

    Args:
        values: shape ``(steps,)``, in a unit of which few is little (instances); NaN is missing.
        levels: ascending, each in (0, 1).
        phase: step of the first decision; the others follow every ``near.every`` steps, one at the end included.
    """
    series = Series.of(values)
    decisions = np.arange(phase, values.size + 1, near.every)
    days = (decisions - phase) // near.day
    known = recent(series, near, decisions)
    wanted = np.asarray(levels, float)
    made = np.empty((wanted.size, near.windows, decisions.size))
    for window in range(near.windows):
        regressors = features(series, near, decisions, window, known)
        at = decisions + near.window * window
        inside = at + near.length(window) <= values.size
        truth = np.where(inside, series.highest(near.length(window))[np.minimum(at, values.size - 1)], np.nan)
        off_base = np.log1p(truth) - known[1]
        # What a day is fitted to must be known when it begins.
        learnt = (decisions - phase + near.known_after(window)) // near.day == days
        coefficients = daily_ridge(regressors, np.where(learnt, off_base, np.nan), days, int(days[-1]) + 1)
        centre = (regressors * coefficients[days]).sum(axis=1)
        errors, level = off_base - centre, centre + known[1]
        scale = local_scale(errors, level, near, days=days, learnt=learnt, window=window)
        spread = score_quantiles(errors / scale, days, learnt, wanted)[days].T
        made[:, window] = np.expm1(np.minimum(level + scale * spread, HIGHEST_LOG))
    return Walk(decisions, np.maximum(made, 0.0))
