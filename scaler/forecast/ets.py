"""Exponential smoothing (statsmodels), additive with a damped trend."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS, wall_clock

# Smoothing a season of 96 quarter-hours costs many times that of 24 hours and follows noise more
# than demand, so hours are smoothed and the shape within the hour is added back.
BIN_SECONDS = 3_600


class Ets:
    """Holt–Winters on hourly means in local wall time, over a fixed weekly profile.

    Additive error and season and a damped trend: the free forms explode on hourly demand. The weekly
    profile is the mean departure of each hour of the week from its hour of the day; smoothing itself
    sees only the daily season.
    """

    name = "ets"

    def min_steps(self, step_seconds: int) -> int:
        """Three days: two seasons to start from, and one to learn on."""
        return 3 * DAY_SECONDS // step_seconds

    def predict(
        self,
        values: NDArray[np.float64],
        *,
        start_epoch: int,
        step_seconds: int,
        horizon_steps: int,
        timezones: tuple[str, ...],
    ) -> NDArray[np.float64]:
        """Predict shape ``(n, horizon_steps)`` from ``values`` of shape ``(n, t)`` without NaN.

        Raises:
            Exception: whatever statsmodels raises.
        """
        steps = values.shape[1] + horizon_steps
        rows = [
            _predict_one(row, wall_clock(start_epoch, step_seconds, steps, zone), step_seconds)
            for row, zone in zip(values, timezones, strict=True)
        ]
        return np.stack(rows)


def _predict_one(values: NDArray[np.float64], clock: NDArray[np.int64], step_seconds: int) -> NDArray[np.float64]:
    level = float(np.mean(np.abs(values)))
    if level == 0.0:
        return np.zeros(clock.size - values.size)
    bin_seconds = max(BIN_SECONDS, step_seconds)
    past, future = clock[: values.size], clock[values.size :]
    bins = clock // bin_seconds - clock[0] // bin_seconds
    known = int(bins[values.size - 1]) + 1
    hourly = _means(values / level, bins[: values.size], known)
    within = _profile(values / level - hourly[bins[: values.size]], past % DAY_SECONDS // step_seconds)
    hours = clock[0] // bin_seconds + np.arange(max(known, int(bins.max()) + 1))
    weekly = _weekly_profile(hourly, hours, bin_seconds)
    smoothed = _smooth(hourly - weekly[:known], DAY_SECONDS // bin_seconds, hours.size - known)
    hourly_future = np.concatenate([hourly, smoothed + weekly[known:]])
    slots = future % DAY_SECONDS // step_seconds
    predicted: NDArray[np.float64] = level * (hourly_future[bins[values.size :]] + within[slots])
    return predicted


def _means(values: NDArray[np.float64], bins: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Mean per bin; the hour that spring skips is put between its neighbours."""
    weight = np.bincount(bins, minlength=count)
    total = np.bincount(bins, weights=values, minlength=count)
    seen = weight > 0
    means = total[seen] / weight[seen]
    return np.interp(np.arange(count), np.flatnonzero(seen), means)


def _profile(values: NDArray[np.float64], slots: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean per slot, 0 where a slot was never seen."""
    weight = np.bincount(slots)
    return np.bincount(slots, weights=values) / np.maximum(weight, 1)


def _weekly_profile(hourly: NDArray[np.float64], hours: NDArray[np.int64], bin_seconds: int) -> NDArray[np.float64]:
    """Departure of each hour of the week from its hour of the day, over ``hours``; 0 below two weeks of history."""
    per_day, per_week = DAY_SECONDS // bin_seconds, WEEK_SECONDS // bin_seconds
    if hourly.size < 2 * per_week:
        return np.zeros(hours.size)
    whole = slice(hourly.size % per_week, hourly.size)  # whole weeks, so that no weekday weighs more
    of_day = _profile(hourly[whole], hours[: hourly.size][whole] % per_day)
    of_week = _profile(hourly[whole], hours[: hourly.size][whole] % per_week)
    departure: NDArray[np.float64] = of_week[hours % per_week] - of_day[hours % per_day]
    return departure


def _smooth(series: NDArray[np.float64], season: int, horizon: int) -> NDArray[np.float64]:
    """Holt–Winters forecast of ``horizon`` hours."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    if horizon == 0:
        return np.zeros(0)
    with warnings.catch_warnings():
        # A fit that stopped early is judged by the backtest like any other.
        warnings.simplefilter("ignore")
        model = ExponentialSmoothing(
            series,
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=season,
            initialization_method="heuristic",
        )
        return np.asarray(model.fit(optimized=True, use_brute=False).forecast(horizon), dtype=np.float64)
