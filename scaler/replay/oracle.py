"""What no policy can beat: perfect foresight, and perfect foresight of all but the noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scaler.replay.interface import Conditions

# What a plan can know at best: the level, not the minute's noise around it.
KNOWABLE_MINUTES = 30


def bounded(need: NDArray[np.int64], conditions: Conditions) -> NDArray[np.int64]:
    """``need`` within the bounds of the group; same shape."""
    return np.clip(need, conditions.min_size, conditions.max_size)


def oracle(need: NDArray[np.int64], conditions: Conditions) -> NDArray[np.int64]:
    """Instances billed by a policy that knows the future: ``b*_t = max(need_t … need_{t+lead})``.

    An instance serves minute s only if it has been billed from s - lead on, so every minute must bill what each of the
    ``lead`` minutes after it needs; this bills no more. Exact, for any demand.

    Args:
        need: shape ``(minutes,)`` or ``(rows, minutes)``, at least 1 everywhere.

    Returns:
        the same shape, within the bounds of the group.
    """
    return highest_ahead(bounded(need, conditions), conditions.lead_minutes)


def highest_ahead(values: NDArray[np.int64], minutes: int) -> NDArray[np.int64]:
    """The highest of each minute and so many after it, along the last axis; same shape."""
    padded = np.concatenate((values, np.repeat(values[..., -1:], minutes, axis=-1)), axis=-1)
    highest: NDArray[np.int64] = sliding_window_view(padded, minutes + 1, axis=-1).max(axis=-1)
    return highest


def noise_limited(
    load: NDArray[np.float64], conditions: Conditions, margins: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Wanted and ready instances of one who knows every 30-minute mean exactly, and nothing finer.

    Whoever cannot see the noise of a minute in advance stays above the best of these.

    Args:
        load: demand in instances, shape ``(minutes,)``; NaN is unknown and left out of the means.
        margins: constant shares on top of the mean, such as 0.2.

    Returns:
        two arrays of shape ``(len(margins), minutes)``.
    """
    minutes = load.shape[0]
    blocks = -(-minutes // KNOWABLE_MINUTES)
    padded = np.full(blocks * KNOWABLE_MINUTES, np.nan)
    padded[:minutes] = load
    parts = padded.reshape(blocks, KNOWABLE_MINUTES)
    known = np.isfinite(parts)
    means = np.where(known, parts, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    level = np.repeat(means, KNOWABLE_MINUTES)[:minutes]
    wanted = np.ceil(level * (1.0 + np.asarray(margins)[:, None]) - 1e-9).astype(np.int64)
    wanted = bounded(np.maximum(wanted, 1), conditions)
    return highest_ahead(wanted, conditions.lead_minutes), wanted
