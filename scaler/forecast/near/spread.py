"""How far off a forecast is about to be: a local scale, and quantiles of the errors measured by it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.near.grid import Array, Index, Near
from scaler.forecast.near.regression import daily_ridge

Flags = NDArray[np.bool_]

#: Half-lives in minutes of the recent sizes of errors.
HALF_LIVES_MINUTES = (60, 1_440, 7 * 1_440)
#: Weight of each earlier day in the usual size of an error at this time of the day.
DAY_WEIGHT = 0.8
#: Scores older than this are not used; after half of it one counts half.
SCORE_DAYS = 28
#: With fewer scores than this there are no quantiles yet; errors are then taken to be this many scales at most.
LEAST_SCORES, UNKNOWN_SCORE = 50, 4.0
#: On the first two days errors are taken to be so much larger than they seem, as a share of demand.
UNKNOWN_SCALE = 0.05
SCALE_RIDGE = 1e-3


def local_scale(errors: Array, level: Array, near: Near, *, days: Index, learnt: Flags, window: int) -> Array:
    """Size of the error to expect at each decision, shape ``(decisions,)``, above 0.

    A regression of the logarithm of the size on recent sizes, the size at this time of the day, and the level.

    Args:
        errors: of the decisions in order; NaN is unknown.
        level: forecast of each decision, a logarithm.
        learnt: rows that may be fitted to.
        window: how far ahead the errors are; the newest are not known yet.
    """
    return local_scales(errors, level, near, days=days, learnt=learnt, window=window)[0]


def local_scales(
    errors: Array, level: Array, near: Near, *, days: Index, learnt: Flags, window: int
) -> tuple[Array, Array]:
    """As :func:`local_scale`, and the coefficients of each day, shape ``(days, features)``."""
    size = np.abs(errors)
    late = lateness(near, window)
    known = np.concatenate((np.full(late, np.nan), size))[: size.size]
    recent = [_fading_mean(known, half_life) for half_life in half_lives(near)]
    usual = _at_this_time(size, near)
    regressors = scale_regressors(recent, np.where(np.isfinite(usual), usual, recent[1]), level)
    target = np.where(learnt & (days >= 1), np.log(size + 0.1 * recent[2] + 1e-4), np.nan)
    coefficients = daily_ridge(regressors, target, days, int(days[-1]) + 1, ridge=SCALE_RIDGE)
    return np.where(days < 2, recent[1] + UNKNOWN_SCALE, scale_of(regressors, coefficients[days])), coefficients


def lateness(near: Near, window: int) -> int:
    """Decisions after one until the error of its window is known."""
    return -(-near.known_after(window) // near.every)


def half_lives(near: Near) -> list[float]:
    """Half-lives of the recent sizes of errors, in decisions."""
    return [near.steps(minutes) / near.every for minutes in HALF_LIVES_MINUTES]


def scale_regressors(recent: list[Array], usual: Array, level: Array) -> Array:
    """What the size of an error is told from, shape ``(decisions, features)``."""
    least = 0.05 * np.maximum(recent[2], 1e-3)
    logs = [np.log(np.maximum(each, least) + 1e-4) for each in (*recent, usual)]
    return np.stack([np.ones_like(level), *logs, level], axis=1)


def scale_of(regressors: Array, coefficients: Array) -> Array:
    """The size to expect, shape ``(decisions,)``."""
    scale: Array = np.exp(np.clip((regressors * coefficients).sum(axis=1), -9.0, 2.0))
    return scale


def score_quantiles(scores: Array, days: Index, learnt: Flags, levels: Array) -> Array:
    """Quantiles of the scores of the days before each day, newer ones counting more.

    Args:
        scores: errors in scales; NaN is unknown.
        levels: in (0, 1).

    Returns:
        shape ``(days, levels)``.
    """
    count = int(days[-1]) + 1
    made = np.full((count, levels.size), UNKNOWN_SCORE)
    bounds = np.searchsorted(days, np.arange(count + 1))
    usable = np.where(learnt, scores, np.nan)
    for day in range(count):
        first = bounds[max(min(2, day - 1), day - SCORE_DAYS, 0)]
        part, ages = usable[first : bounds[day]], day - 1 - days[first : bounds[day]]
        seen = np.isfinite(part)
        if seen.sum() < LEAST_SCORES:
            continue
        part, weight = part[seen], 0.5 ** (ages[seen] / (SCORE_DAYS / 2))
        order = np.argsort(part, kind="stable")
        total = np.cumsum(weight[order])
        at = np.minimum(np.searchsorted(total, levels * total[-1]), part.size - 1)
        made[day] = part[order][at]
    return made


def _fading_mean(values: Array, half_life: float) -> Array:
    """Mean of the known values so far, older ones counting less; 0 before there is one."""
    from scipy.signal import lfilter

    keep = 0.5 ** (1.0 / half_life)
    known = np.isfinite(values)
    total = lfilter([1.0], [1.0, -keep], np.where(known, values, 0.0))
    weight = lfilter([1.0], [1.0, -keep], known.astype(float))
    mean: Array = total / np.maximum(weight, 1e-9)
    return mean


def _at_this_time(size: Array, near: Near) -> Array:
    """Usual size of an error at this time of the day, from the seven days before; NaN before there is one."""
    per_day = near.day // near.every
    hour = max(1, near.steps(60) // near.every)
    smooth = np.convolve(np.nan_to_num(size), np.ones(hour) / hour, "same")[: size.size]
    total, weight = np.zeros(size.size), np.zeros(size.size)
    for day in range(1, 8):
        if day * per_day < size.size:
            total[day * per_day :] += DAY_WEIGHT**day * smooth[: -day * per_day]
            weight[day * per_day :] += DAY_WEIGHT**day
    return np.where(weight > 0, total / np.maximum(weight, 1e-9), np.nan)
