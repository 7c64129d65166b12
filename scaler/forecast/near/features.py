"""What a decision knows: recent levels, and how a target time differed from now on earlier days and weeks."""

from __future__ import annotations

import numpy as np

from scaler.forecast.near.grid import Array, Index, Near, Series, last_known, or_else

#: Lengths in minutes of the recent means; the quarter of an hour is what the others are told relative to.
RECENT_MINUTES = (3, 5, 15, 30, 60, 180)
BASE = RECENT_MINUTES.index(15)
LONGEST = RECENT_MINUTES.index(180)
#: Lengths in minutes of the recent maxima.
HIGHEST_MINUTES = (5, 30)
#: Seasonal lags are means over so many minutes to both sides.
SMOOTH_MINUTES = 6
DAYS, WEEKS = 7, 4


def recent(series: Series, near: Near, decisions: Index, *, before: float = 0.0) -> tuple[Array, Array]:
    """Recent levels, shape ``(features, decisions)``, logarithms relative to the base, and the base itself.

    Args:
        before: level, a logarithm, that was known last before the decisions.
    """
    now = decisions - near.delay
    means = [np.log1p(series.mean(now - near.steps(m), now)) for m in RECENT_MINUTES]
    level = last_known(means[LONGEST], before)
    means = [or_else(each, level) for each in means]
    tops = []
    for minutes in HIGHEST_MINUTES:
        begin = now - near.steps(minutes)
        top = np.where(begin >= 0, series.highest(near.steps(minutes))[np.maximum(begin, 0)], np.nan)
        tops.append(or_else(np.log1p(top), level))
    base = means.pop(BASE)
    return np.stack([each - base for each in (*means, *tops)]), base


def seasonal(series: Series, near: Near, centres: Index) -> tuple[Array, ...]:
    """Yesterday, the mean of the last seven days, last week, the mean of the last four weeks; each ``(decisions,)``.

    Args:
        centres: steps whose season is asked for; everything up to a day less ``SMOOTH_MINUTES`` before them is seen.
    """
    half = near.steps(SMOOTH_MINUTES)

    def lags(count: int, length: int) -> Array:
        times = [centres - k * length for k in range(1, count + 1)]
        return np.stack([np.log1p(series.mean(time - half, time + half + 1)) for time in times])

    days, weeks = lags(DAYS, near.day), lags(WEEKS, 7 * near.day)
    day_mean = _mean(days)
    week_mean = or_else(_mean(weeks), day_mean)
    return or_else(days[0], day_mean), day_mean, or_else(weeks[0], day_mean), week_mean


def features(series: Series, near: Near, decisions: Index, window: int, known: tuple[Array, Array]) -> Array:
    """The regressors of one window ahead, shape ``(decisions, features)``.

    Args:
        known: what ``recent`` returned for the decisions.
    """
    levels, base = known
    now = decisions - near.delay
    ahead = seasonal(series, near, decisions + near.window * window + near.window // 2)
    here = seasonal(series, near, now - near.steps(SMOOTH_MINUTES * 2 / 3))
    moves = [or_else(later - sooner, np.zeros_like(base)) for later, sooner in zip(ahead, here, strict=True)]
    gaps = [or_else(sooner - base, np.zeros_like(base)) for sooner in here]
    return np.stack([np.ones_like(base), base, *levels, *moves, *gaps], axis=1)


def _mean(values: Array) -> Array:
    """Mean over the first axis of what is known, NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
