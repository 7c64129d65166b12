"""Weights of the candidates per row: the best few by their loss at the rolling origins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scaler.forecast.panel.grid import Array

#: Candidates that share the weight.
MOST_CHOSEN = 6
#: How sharply weight falls with relative loss: a candidate 7 % worse than the best has 1/e of its weight.
TEMPERATURE = 0.07
#: Loss of an origin counts half at this age, in origins.
ORIGIN_HALF_LIFE = 3.0


def losses(predicted: Sequence[Array], truth: Sequence[Array], scratch: Array) -> Array:
    """Sums of absolute errors, shape ``(origins, candidates, n)``; missing steps count nothing.

    Args:
        predicted: per origin, shape ``(candidates, length, n)``.
        truth: per origin, shape ``(length, n)``.
        scratch: overwritten; at least as large as any of ``predicted``.
    """
    found = []
    for guess, actual in zip(predicted, truth, strict=True):
        error = scratch[:, : guess.shape[1], : guess.shape[2]]
        np.subtract(guess, actual, out=error)
        np.abs(error, out=error)
        if not np.isfinite(actual).all():
            np.copyto(error, 0.0, where=np.isnan(error))
        found.append(error.sum(axis=1))
    return np.stack(found)


def weights(loss: Array) -> tuple[Array, Array]:
    """Weights from all origins, and for each origin from the others.

    Args:
        loss: shape ``(origins, candidates, n)``, summed over steps.

    Returns:
        Shapes ``(candidates, n)`` and ``(origins, candidates, n)``; sum to one over the candidates.
    """
    age = np.arange(loss.shape[0])[::-1]
    recency = 0.5 ** (age / ORIGIN_HALF_LIFE)
    weighted = loss * recency[:, None, None]
    total = weighted.sum(axis=0)
    held = total[None] - weighted if loss.shape[0] > 1 else weighted
    return _softmax(total), np.stack([_softmax(one) for one in held])


def _softmax(loss: Array) -> Array:
    best = loss.min(axis=0)
    relative = loss / np.where(best > 0, best, 1.0) - np.where(best > 0, 1.0, 0.0)
    share = np.exp(-np.minimum(relative / TEMPERATURE, 50.0))
    if share.shape[0] > MOST_CHOSEN:
        least = np.partition(share, -MOST_CHOSEN, axis=0)[-MOST_CHOSEN]
        share = np.where(share >= least, share, 0.0)
    return np.asarray(share / share.sum(axis=0))
