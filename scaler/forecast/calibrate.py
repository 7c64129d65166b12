"""Quantiles from what a model got wrong: split conformal calibration over rolling origins.

Residuals at earlier origins, divided by the local scale of demand, are pooled over origins and over
buckets of the horizon; their quantiles, times the scale at the step, are put around the centre
(Vovk et al., *Algorithmic Learning in a Random World*, 2005; Lei et al. 2018, "Distribution-free
predictive inference for regression"). Two scores per step cannot tell a 0.99, so residuals are pooled
and the far tail is extrapolated rather than cut off at the largest residual seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS, season_before

# Errors grow over the first hours, then with the day; finer buckets would leave too few residuals each.
BUCKET_EDGES_SECONDS = (0, 6 * 3_600, 24 * 3_600)
# A bucket's own quantile counts for half when it holds this many independent residuals.
POOLING_COUNT = 24.0
# Errors within this time of each other are taken for one observation.
CORRELATION_SECONDS = 2 * 3_600
# Beyond this level the tail is extrapolated: in the last tenth an empirical quantile rests on a handful.
TAIL_START = 0.9
# With this many independent scores beyond a quantile the scores speak for themselves.
TAIL_COUNT = 10.0
# A scale below this share of its mean over the horizon would turn a small residual into a huge score.
SCALE_FLOOR = 0.2
# ... and below this share of mean demand is taken for rounding.
LEVEL_FLOOR = 1e-3
RECENT_SECONDS = 2 * WEEK_SECONDS
# Short history: spread is doubled, and is at least a quarter of the level, as a whole day was never seen twice.
SHORT_HISTORY_FACTOR = 2.0
SHORT_HISTORY_LEVEL_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Residuals:
    """What a model got wrong at the origins that it may be calibrated on.

    Attributes:
        values: truth minus prediction, shape ``(origins, steps)``, NaN where the truth is missing.
        scale: :func:`local_scale` at each origin, same shape.
    """

    values: NDArray[np.float64]
    scale: NDArray[np.float64]


def local_scale(
    values: NDArray[np.float64], clock: NDArray[np.int64], step_seconds: int, horizon_steps: int
) -> NDArray[np.float64]:
    """How much demand departs from its season around each step of the horizon, from the last two weeks.

    Half of it is the overall mean absolute seasonal difference, half that of the hour of the day.

    Args:
        values: history without NaN, shape ``(t,)``, at least two days.
        clock: wall time over history and horizon, shape ``(t + horizon_steps,)``.

    Returns:
        Shape ``(horizon_steps,)``, in units of demand; 0 only if all of history is 0.
    """
    season = WEEK_SECONDS if values.size * step_seconds >= RECENT_SECONDS + DAY_SECONDS else DAY_SECONDS
    first = max(season // step_seconds + 3_600 // step_seconds, values.size - RECENT_SECONDS // step_seconds)
    targets = np.arange(min(first, values.size - 1), values.size, dtype=np.int64)
    source = season_before(targets, clock, step_seconds=step_seconds, season_seconds=season, end=values.size)
    difference = np.abs(values[targets] - values[source])
    overall = float(difference.mean())
    hours = clock % DAY_SECONDS // 3_600
    weight = np.bincount(hours[targets], minlength=24)
    hourly = np.bincount(hours[targets], weights=difference, minlength=24) / np.maximum(weight, 1)
    hourly = np.where(weight > 0, hourly, overall)
    smooth = (np.roll(hourly, 1) + 2 * hourly + np.roll(hourly, -1)) / 4
    scale = (overall + smooth[hours[values.size : values.size + horizon_steps]]) / 2
    floored: NDArray[np.float64] = np.maximum(scale, LEVEL_FLOOR * float(np.abs(values).mean()))
    return floored


def quantiles_around(
    centre: NDArray[np.float64],
    scale: NDArray[np.float64],
    residuals: Residuals,
    quantiles: tuple[float, ...],
    step_seconds: int,
) -> NDArray[np.float64]:
    """Quantiles of demand per step.

    Beyond the horizon of the residuals the spread grows with the square root of the horizon.

    Args:
        centre: prediction, shape ``(steps,)``.
        scale: :func:`local_scale` at the same steps.
        residuals: at least one of them observed.
        quantiles: ascending, in (0, 1).

    Returns:
        Shape ``(steps, quantiles)``: finite, non-negative, non-decreasing along the last axis.

    Raises:
        ValueError: no residual is observed.
    """
    reference = float(scale.mean())
    floor = SCALE_FLOOR * reference
    if floor > 0:
        scores, width = residuals.values / np.maximum(residuals.scale, floor), np.maximum(scale, floor)
    else:  # nothing but zero was seen: residuals stay in units of demand
        scores, width = residuals.values, np.ones_like(scale)
    known = residuals.values.shape[1]
    bucket = np.searchsorted(np.asarray(BUCKET_EDGES_SECONDS), np.arange(known) * step_seconds, side="right") - 1
    table = _bucket_quantiles(scores, bucket, quantiles, step_seconds)
    ahead = np.arange(centre.size)
    growth = np.sqrt(np.maximum(ahead + 1, known) / known)
    spread = table[bucket[np.minimum(ahead, known - 1)]] * (width * growth)[:, None]
    return ordered(centre[:, None] + spread)


def _bucket_quantiles(
    scores: NDArray[np.float64], bucket: NDArray[np.int64], quantiles: tuple[float, ...], step_seconds: int
) -> NDArray[np.float64]:
    """Quantiles of the scores per bucket, drawn towards those of all scores; shape ``(buckets, quantiles)``."""
    run = max(1.0, CORRELATION_SECONDS / step_seconds)
    everything = scores[~np.isnan(scores)]
    if everything.size == 0:
        raise ValueError("no residual is observed")
    pooled = np.asarray([score_quantile(everything, q, everything.size / run) for q in quantiles])
    rows = []
    for number in range(int(bucket.max()) + 1):
        part = scores[:, bucket == number]
        own = part[~np.isnan(part)]
        if own.size == 0:
            rows.append(pooled)
            continue
        count = own.size / run
        share = count / (count + POOLING_COUNT)
        alone = np.asarray([score_quantile(own, q, count) for q in quantiles])
        rows.append(share * alone + (1 - share) * pooled)
    return np.stack(rows)


def score_quantile(scores: NDArray[np.float64], quantile: float, count: float) -> float:
    """Quantile of scores that holds for the next one, not just for these.

    With ``count`` independent scores the conformal rank is ``quantile · (count + 1)``. In the outer tenths
    an exponential tail is fitted to the excesses, and the wider of the two is taken, the less so the more
    scores lie beyond; where the rank itself lies beyond the scores only the tail can tell.

    Args:
        scores: shape ``(n,)``, no NaN, n ≥ 1.
        quantile: in (0, 1).
        count: how many independent observations the scores are worth, at most n.
    """
    if quantile < 0.5:
        return -score_quantile(-scores, 1 - quantile, count)
    count = max(1.0, count)
    level = 0.5 + (quantile - 0.5) * (count + 1) / count
    empirical = float(np.quantile(scores, min(level, 1.0)))
    if level <= TAIL_START:
        return empirical
    start = float(np.quantile(scores, TAIL_START))
    beyond = scores[scores > start]
    middle = float(np.median(scores))
    # An exponential tail that passes through median and start; what lies beyond start may stretch it.
    slope = (start - middle) / float(np.log(0.5 / (1 - TAIL_START)))
    excess = float((beyond - start).mean()) if beyond.size else 0.0
    outside = (1 - quantile) * count / (count + 1)
    tail = start + max(slope, excess) * float(np.log((1 - TAIL_START) / outside))
    trust = min(1.0, (1 - quantile) * count / TAIL_COUNT)
    return trust * empirical + (1 - trust) * max(empirical, tail)


def short_history_quantiles(
    centre: NDArray[np.float64], observed: NDArray[np.float64], quantiles: tuple[float, ...]
) -> NDArray[np.float64]:
    """Wide quantiles where history is too short for a season or a backtest.

    Args:
        centre: prediction, shape ``(steps,)``.
        observed: observed values, shape ``(n,)``, n ≥ 1.

    Returns:
        Shape ``(steps, quantiles)``, as :func:`quantiles_around`.
    """
    spread = float(observed.std())
    level = float(np.abs(observed).mean())
    width = max(SHORT_HISTORY_FACTOR * spread, SHORT_HISTORY_LEVEL_SHARE * level)
    normal = NormalDist()
    offsets = np.asarray([normal.inv_cdf(q) for q in quantiles])
    growth = np.sqrt(np.maximum(np.arange(centre.size) + 1, observed.size) / observed.size)
    return ordered(centre[:, None] + width * np.minimum(growth, SHORT_HISTORY_FACTOR)[:, None] * offsets)


def ordered(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clip at 0 and let no quantile cross the one below it."""
    return np.maximum.accumulate(np.maximum(values, 0.0), axis=-1)
