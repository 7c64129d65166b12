"""Joint behaviour of a fleet: sample paths of all workloads, for sums, quotas and budgets.

Quantiles of a sum are not sums of quantiles: peaks that fall together add up, others do not. Here whole windows of the
past are drawn, the same for all workloads. What they lend is the order only: how high each step of each workload lay
among its like (the empirical copula of Schefzik et al. 2013). The values come from the forecast's quantiles, so that
the paths of one workload are distributed as its forecast says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.interface import ForecastRefused, QuantileForecast
from scaler.forecast.panel.clean import cleaned
from scaler.forecast.panel.grid import Season
from scaler.history.interface import Panel

Array = NDArray[np.float64]

#: Windows of the past below which a path is put together from days instead of being drawn whole.
LEAST_WINDOWS = 20


@dataclass(frozen=True, eq=False)
class SamplePaths:
    """Equally likely futures of a fleet.

    Attributes:
        names: workloads, one per row.
        values: shape ``(paths, names, steps)``, in units of demand, non-negative where the quantiles are.
    """

    names: tuple[str, ...]
    values: Array

    def sum_quantiles(self, levels: tuple[float, ...], names: tuple[str, ...] | None = None) -> Array:
        """Quantiles of the summed demand per step, shape ``(steps, levels)``; of all workloads unless named."""
        rows = [self.names.index(name) for name in (self.names if names is None else names)]
        return np.asarray(np.quantile(self.values[:, rows].sum(axis=1), levels, axis=0).T)

    def total_quantiles(self, levels: tuple[float, ...]) -> Array:
        """Quantiles of the demand summed over workloads and steps, shape ``(levels,)``: for a budget."""
        return np.asarray(np.quantile(self.values.sum(axis=(1, 2)), levels))


def sample_paths(forecast: QuantileForecast, panel: Panel, *, paths: int, rng: np.random.Generator) -> SamplePaths:
    """Draw paths.

    Args:
        forecast: of the workloads of ``panel``, made at its cutoff.
        rng: source of randomness; the same state gives the same paths.

    Raises:
        ForecastRefused: less than two days of history, which say nothing about what moves together.
    """
    season = Season.of(panel.step_seconds)
    steps = forecast.values.shape[1]
    if panel.steps < 2 * season.day:
        raise ForecastRefused(
            "no joint behaviour can be learnt from this history",
            why=f"it has {panel.steps} steps; two days of {season.day} are needed",
            next_step="wait until there are two days of history, or plan each workload by itself",
        )
    errors = _season_errors(panel.values, season)
    drawn = _drawn(errors, steps, season.day, paths, rng)
    # Rank among the draws, each in its own cell: every part of the distribution is drawn equally often.
    order = drawn + 1e-9 * np.abs(drawn).max(initial=1.0) * rng.standard_normal(drawn.shape)
    rank = np.argsort(np.argsort(order, axis=0, kind="stable"), axis=0, kind="stable")
    level = (rank + 0.5) / paths
    return SamplePaths(forecast.names, _values_at(forecast, level))


def _season_errors(values: Array, season: Season) -> Array:
    """Deviation from the slot's mean over all history, shape ``(n, steps)``, in units of the row's own spread."""
    filled = cleaned(values.T, season)
    filled = np.where(np.isfinite(values.T), values.T, filled)
    length = season.week if filled.shape[0] >= 2 * season.week else season.day
    padding = -filled.shape[0] % length
    stacked = np.concatenate([np.full((padding, filled.shape[1]), np.nan), filled]).reshape(-1, length, filled.shape[1])
    seen = np.isfinite(stacked)
    mean = np.where(seen, stacked, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    errors = (stacked - mean).reshape(-1, filled.shape[1])[padding:]
    spread = np.abs(errors).mean(axis=0)
    return np.asarray((errors / np.where(spread > 0, spread, 1.0)).T)


def _drawn(errors: Array, steps: int, day: int, paths: int, rng: np.random.Generator) -> Array:
    """Shape ``(paths, n, steps)``: windows that end whole days before the cutoff, or days of them one by one."""
    history = errors.shape[1]
    starts = np.arange(history % day, history - steps + 1, day)
    length = steps if starts.size >= LEAST_WINDOWS else day
    starts = np.arange(history % day, history - length + 1, day)
    parts = [
        errors[:, start[:, None] + np.arange(min(length, steps - begin))].transpose(1, 0, 2)
        for begin in range(0, steps, length)
        for start in [rng.choice(starts, size=paths)]
    ]
    return np.concatenate(parts, axis=2)


def _values_at(forecast: QuantileForecast, level: Array) -> Array:
    """Demand at the given levels, linear between quantiles; beyond them as steep as the last two."""
    known = np.asarray(forecast.quantiles)
    if known.size == 1:
        return np.broadcast_to(forecast.values[None, :, :, 0], level.shape).copy()
    right = np.clip(np.searchsorted(known, level), 1, known.size - 1)
    left_level, right_level = known[right - 1], known[right]
    share = (level - left_level) / (right_level - left_level)
    values = np.broadcast_to(forecast.values[None], (level.shape[0], *forecast.values.shape))
    low = np.take_along_axis(values, (right - 1)[..., None], 3)[..., 0]
    high = np.take_along_axis(values, right[..., None], 3)[..., 0]
    found = low + share * (high - low)
    return np.asarray(np.maximum(found, np.minimum(forecast.values[None, :, :, 0], 0.0)))
