"""Demand as the near forecaster sees it: means and maxima of any stretch of a series in a few operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Near:
    """What is asked for: windows ahead of decisions, in steps of the series.

    The window ``j`` of a decision at ``t`` is the steps ``t + j · window`` up to and without ``t + (j + 1) · window``,
    the last one up to ``t + horizon``; its demand is the highest step in it.

    Attributes:
        step_seconds: of the series.
        window: steps of a window.
        every: steps between two decisions.
        horizon: steps ahead of each decision that the windows cover.
        delay: newest steps that a decision does not see yet.
    """

    step_seconds: int
    window: int
    every: int
    horizon: int
    delay: int = 0

    @property
    def day(self) -> int:
        """Steps of a day."""
        return DAY_SECONDS // self.step_seconds

    @property
    def windows(self) -> int:
        """Windows ahead of each decision."""
        return -(-self.horizon // self.window)

    def length(self, window: int) -> int:
        """Steps of a window; the last may be shorter."""
        return min(self.window, self.horizon - self.window * window)

    def steps(self, minutes: float) -> int:
        """So many minutes in steps, at least one."""
        return max(1, round(minutes * 60 / self.step_seconds))

    def known_after(self, window: int) -> int:
        """Steps after a decision until the demand of its window is seen."""
        return self.window * (window + 1) + self.delay


@dataclass(frozen=True, eq=False)
class Series:
    """One series with running sums.

    Attributes:
        values: shape ``(steps,)``, in instances or another unit of which few is little; NaN is missing.
    """

    values: Array
    _sums: Array
    _counts: Array

    @staticmethod
    def of(values: Array) -> Series:
        """With running sums of what is known."""
        known = np.isfinite(values)
        sums = np.concatenate(([0.0], np.cumsum(np.where(known, values, 0.0))))
        counts = np.concatenate(([0.0], np.cumsum(known.astype(float))))
        return Series(values, sums, counts)

    def mean(self, begin: Index, end: Index) -> Array:
        """Mean of the known steps from ``begin`` up to ``end``, NaN where there is none; same shape."""
        first, last = np.clip(begin, 0, self.values.size), np.clip(end, 0, self.values.size)
        count = self._counts[last] - self._counts[first]
        sums = self._sums[last] - self._sums[first]
        return np.where(count > 0, sums / np.maximum(count, 1.0), np.nan)

    def highest(self, steps: int) -> Array:
        """Highest known step of so many from each on, shape ``(steps,)``; NaN where none is known."""
        filled = np.where(np.isfinite(self.values), self.values, -np.inf)
        padded = np.concatenate((filled, np.full(steps - 1, -np.inf)))
        best = sliding_window_view(padded, steps).max(axis=1)
        return np.where(np.isfinite(best), best, np.nan)


def or_else(values: Array, other: Array) -> Array:
    """``values`` where they are known, else ``other``."""
    return np.where(np.isfinite(values), values, other)


def last_known(values: Array, default: float = 0.0) -> Array:
    """Each value, or the last known one before it."""
    at = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(values.size), -1))
    return np.where(at >= 0, values[np.maximum(at, 0)], default)
