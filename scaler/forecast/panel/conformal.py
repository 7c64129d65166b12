"""Quantiles by split conformal prediction: errors at the origins, scaled by lead and slot, pooled per row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scaler.forecast.panel.grid import Array

#: Scores of an origin count half at this age, in origins: the size of errors drifts.
SCORE_HALF_LIFE = 2.0
#: Observations at which a slot's, or a lead's, own scale counts as much as the row's.
SLOT_SHRINK = 20.0
LEAD_SHRINK = 20.0
#: The scale of a slot or lead is at least this share of the row's.
SCALE_FLOOR = 0.15
#: Less than half a horizon of errors counts as half: the widening stays finite.
LEAST_WINDOWS = 0.5
#: Errors of steps that follow each other are alike: what a calibration is worth counts in whole horizons. With
#: ``k`` of them quantiles are ``1 + WIDENING / k`` times as far from the median, and the upper levels are raised
#: as if ``LEVEL_COUNT`` of a further horizon had gone beyond them.
WIDENING = 0.4
LEVEL_COUNT = 0.2
#: Above this level too few scores are left to count. With ``b`` the logarithm of how much rarer a level is than this
#: one, what quantiles exceed it by grows by ``TAIL_GROWTH * b``, and is at least that of a tail which grows by
#: ``TAIL_STRETCH * b + TAIL_CURVE * b**2`` times the step between the median and this level.
TAIL_START = 0.9
TAIL_GROWTH = 0.2
TAIL_STRETCH = 0.7
TAIL_CURVE = 0.2


def lead_buckets(horizon: int) -> Array:
    """Bucket of each lead, doubling in length."""
    return np.floor(np.log2(np.arange(1, horizon + 1)) + 1e-9).astype(np.int64)


def scales(residuals: Sequence[Array], horizon: int, slots: int) -> Array:
    """Typical absolute error by lead, shape ``(horizon, n)``: row × lead bucket × slot of the season.

    Args:
        residuals: per origin, shape ``(length, n)``, NaN is missing. Origins lie whole slots-seasons before the cutoff.
    """
    n = residuals[0].shape[1]
    buckets = lead_buckets(horizon)
    count = buckets[-1] + 1
    slot_sum, slot_seen = np.zeros((slots, n)), np.zeros((slots, n))
    lead_sum, lead_seen = np.zeros((count, n)), np.zeros((count, n))
    for one in residuals:
        length = one.shape[0]
        size = np.abs(one)
        seen = np.isfinite(size)
        size = np.where(seen, size, 0.0)
        pad = -length % slots
        slot_sum += np.pad(size, ((0, pad), (0, 0))).reshape(-1, slots, n).sum(axis=0)
        slot_seen += np.pad(seen, ((0, pad), (0, 0))).reshape(-1, slots, n).sum(axis=0)
        starts = np.searchsorted(buckets[:length], np.arange(buckets[length - 1] + 1))
        lead_sum[: starts.size] += np.add.reduceat(size, starts, axis=0)
        lead_seen[: starts.size] += np.add.reduceat(seen.astype(float), starts, axis=0)
    overall = slot_sum.sum(axis=0) / np.maximum(slot_seen.sum(axis=0), 1)
    if slots > 2:  # neighbours share
        slot_sum = slot_sum + 0.5 * (np.roll(slot_sum, 1, axis=0) + np.roll(slot_sum, -1, axis=0))
        slot_seen = slot_seen + 0.5 * (np.roll(slot_seen, 1, axis=0) + np.roll(slot_seen, -1, axis=0))
    by_slot = (slot_sum + SLOT_SHRINK * overall) / (slot_seen + SLOT_SHRINK)
    per_bucket = np.bincount(buckets)[:, None] * LEAD_SHRINK
    by_lead = (lead_sum + per_bucket * overall) / (lead_seen + per_bucket)
    safe = np.where(overall > 0, overall, 1.0)
    slot_factor = np.maximum(by_slot / safe, SCALE_FLOOR)
    lead_factor = np.maximum(by_lead / safe, SCALE_FLOOR)
    lead_factor = lead_factor[buckets]
    repeated = np.tile(slot_factor, (-(-horizon // slots), 1))[:horizon]
    return np.asarray(np.where(overall > 0, overall, 0.0) * lead_factor * repeated)


def calibrated(centre: Array, residuals: Sequence[Array], *, windows: float, slots: int, levels: Array) -> Array:
    """Quantiles around a centre, shape ``(horizon, levels, n)``.

    Args:
        centre: shape ``(horizon, n)``.
        residuals: per origin, shape ``(length, n)``; see :func:`scales`.
        windows: how many whole horizons the origins span.
    """
    scale = scales(residuals, centre.shape[0], slots)
    scores = _score_quantiles(residuals, scale, levels, max(windows, LEAST_WINDOWS))
    return np.asarray(centre[:, None] + scale[:, None] * scores[None])


def _score_quantiles(residuals: Sequence[Array], scale: Array, levels: Array, windows: float) -> Array:
    """Quantiles of the standardised errors, widened for how few they are, shape ``(levels, n)``."""
    safe = np.where(scale > 0, scale, 1.0)
    scores = np.concatenate([one / safe[: one.shape[0]] for one in residuals])
    age = np.arange(len(residuals))[::-1]
    recency = 0.5 ** (age / SCORE_HALF_LIFE)
    weights = np.concatenate([np.full(one.shape[0], share) for one, share in zip(residuals, recency, strict=True)])
    wanted = np.concatenate([levels, [0.5, TAIL_START]])
    raised = np.where(wanted > 0.5, 1 - (1 - wanted) * windows / (windows + LEVEL_COUNT), wanted)
    found = _weighted_quantiles(scores, weights, raised)
    median, start = found[-2], found[-1]
    found = found[:-2]
    mean_excess = (start - median) / np.log(0.5 / (1 - TAIL_START))
    rarer = np.log((1 - TAIL_START) / np.minimum(1 - levels, 1 - TAIL_START))[:, None]
    least = mean_excess * (TAIL_STRETCH * rarer + TAIL_CURVE * rarer**2)
    tail = start + np.maximum((found - start) * (1 + TAIL_GROWTH * rarer), least)
    found = np.where((levels > TAIL_START)[:, None], tail, found)
    return np.asarray(median + (found - median) * (1 + WIDENING / windows))


def _weighted_quantiles(scores: Array, weights: Array, levels: Array) -> Array:
    """Shape ``(levels, n)``; NaN scores weigh nothing, a column of nothing else has quantile 0."""
    order = np.argsort(scores, axis=0)  # NaN last
    ordered = np.take_along_axis(scores, order, 0)
    seen = np.isfinite(ordered)
    mass = np.cumsum(np.where(seen, weights[order], 0.0), axis=0)
    last = np.maximum(seen.sum(axis=0) - 1, 0)
    columns = np.arange(scores.shape[1])
    at = [np.minimum((mass < level * mass[-1]).sum(axis=0), last) for level in levels]
    return np.asarray(np.nan_to_num(np.stack([ordered[one, columns] for one in at])))


def held_out_coverage(residuals: Sequence[Array], *, horizon: int, windows: float, slots: int, levels: Array) -> Array:
    """Share of errors at or below each quantile when calibrated on every other origin, shape ``(levels, n)``.

    NaN for a row without an error to count.
    """
    below = np.zeros((levels.size, residuals[0].shape[1]))
    count = np.zeros(residuals[0].shape[1])
    for part in (0, 1):
        known, unknown = residuals[part::2], residuals[1 - part :: 2]
        scale = scales(known, horizon, slots)
        bounds = _score_quantiles(known, scale, levels, max(windows / 2, LEAST_WINDOWS))
        for one in unknown:
            widths = scale[: one.shape[0]]
            below += np.stack([(one <= widths * bound).sum(axis=0) for bound in bounds])
            count += np.isfinite(one).sum(axis=0)
    return np.asarray(np.where(count > 0, below / np.maximum(count, 1), np.nan))
