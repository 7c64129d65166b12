"""Quantiles by split conformal prediction: errors at the origins, scaled by lead and slot, pooled per row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scaler.forecast.panel.grid import Array

#: Scores of an origin count half at this age, in origins.
SCORE_HALF_LIFE = 12.0
SLOT_SHRINK = 4.0
LEAD_SHRINK = 3.0
#: The scale of a slot or lead is at least this share of the row's.
SCALE_FLOOR = 0.15
EDGES_PER_DOUBLING = 2


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


def score_quantiles(residuals: Sequence[Array], scale: Array, levels: Array) -> Array:
    """Weighted quantiles of the standardised errors, shape ``(levels, n)``."""
    safe = np.where(scale > 0, scale, 1.0)
    parts, weight = [], []
    total = len(residuals)
    for number, one in enumerate(residuals):
        parts.append(one / safe[: one.shape[0]])
        weight.append(np.full(one.shape[0], 0.5 ** ((total - 1 - number) / SCORE_HALF_LIFE)))
    scores, weights = np.concatenate(parts), np.concatenate(weight)
    order = np.argsort(scores, axis=0)
    ordered = np.take_along_axis(scores, order, 0)
    seen = np.isfinite(ordered)
    mass = np.cumsum(np.where(seen, weights[order], 0.0), axis=0)
    last = np.maximum(seen.sum(axis=0) - 1, 0)
    out = np.empty((levels.size, scores.shape[1]))
    columns = np.arange(scores.shape[1])
    for k, level in enumerate(levels):
        at = np.minimum((mass < level * mass[-1]).sum(axis=0), last)
        out[k] = ordered[at, columns]
    return np.nan_to_num(out)


def calibrated(centre: Array, residuals: Sequence[Array], horizon: int, slots: int, levels: Array) -> Array:
    """Quantiles around a centre, shape ``(horizon, levels, n)``.

    Args:
        centre: shape ``(horizon, n)``.
        residuals: per origin, shape ``(length, n)``; see :func:`scales`.
    """
    scale = scales(residuals, horizon, slots)
    return np.asarray(centre[:, None] + scale[:, None] * score_quantiles(residuals, scale, levels)[None])
