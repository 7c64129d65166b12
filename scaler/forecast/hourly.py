"""Hours in local wall time for models that are slow on finer steps; the shape within the hour is added back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS, wall_clock

# Smoothing a season of 96 quarter-hours costs many times that of 24 hours and follows noise more
# than demand, so hours are smoothed and the shape within the hour is added back.
BIN_SECONDS = 3_600

#: History of hours → the hours ahead: ``(series, steps per day, first hour on the wall clock, horizon)``.
Smooth = Callable[[NDArray[np.float64], int, int, int], NDArray[np.float64]]


class HourlyModel(ABC):
    """Base of the models that forecast hours in local wall time.

    Attributes:
        name: of the model.
        min_days: history below which the model is not tried.
        weekly: take the weekly profile out before, for a model that knows the daily season only.
    """

    name: ClassVar[str]
    min_days: ClassVar[int] = 3
    weekly: ClassVar[bool] = False

    def min_steps(self, step_seconds: int) -> int:
        """Steps of history below which the model is not tried."""
        return self.min_days * DAY_SECONDS // step_seconds

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
            ModelUnavailable: the library is an extra that is not installed.
            Exception: whatever the library raises.
        """
        return predict_rows(
            values,
            self.smooth,
            start_epoch=start_epoch,
            step_seconds=step_seconds,
            horizon_steps=horizon_steps,
            timezones=timezones,
            weekly=self.weekly,
        )

    @abstractmethod
    def smooth(self, series: NDArray[np.float64], per_day: int, first: int, horizon: int, /) -> NDArray[np.float64]:
        """The hours after ``series``, shape ``(horizon,)``.

        Args:
            series: shape ``(t,)``, one value per hour.
            per_day: hours of a day.
            first: first hour, counted on the wall clock.
        """


def predict_rows(
    values: NDArray[np.float64],
    smooth: Smooth,
    *,
    start_epoch: int,
    step_seconds: int,
    horizon_steps: int,
    timezones: tuple[str, ...],
    weekly: bool,
) -> NDArray[np.float64]:
    """Predict shape ``(n, horizon_steps)`` from ``values`` of shape ``(n, t)`` without NaN.

    Args:
        weekly: take the weekly profile out before, for a ``smooth`` that knows the daily season only.
    """
    steps = values.shape[1] + horizon_steps
    rows = [
        _predict_one(row, wall_clock(start_epoch, step_seconds, steps, zone), step_seconds, smooth, weekly)
        for row, zone in zip(values, timezones, strict=True)
    ]
    return np.stack(rows)


def _predict_one(
    values: NDArray[np.float64], clock: NDArray[np.int64], step_seconds: int, smooth: Smooth, weekly: bool
) -> NDArray[np.float64]:
    level = float(np.mean(np.abs(values)))
    if level == 0.0:
        return np.zeros(clock.size - values.size)
    bin_seconds = max(BIN_SECONDS, step_seconds)
    past, future = clock[: values.size], clock[values.size :]
    bins = clock // bin_seconds - clock[0] // bin_seconds
    known = int(bins[values.size - 1]) + 1
    hourly = _means(values / level, bins[: values.size], known)
    within = profile(values / level - hourly[bins[: values.size]], past % DAY_SECONDS // step_seconds)
    first = int(clock[0] // bin_seconds)
    hours = first + np.arange(max(known, int(bins.max()) + 1))
    departure = _weekly_profile(hourly, hours, bin_seconds) if weekly else np.zeros(hours.size)
    ahead = hours.size - known
    smoothed = np.zeros(0)
    if ahead:
        smoothed = smooth(hourly - departure[:known], DAY_SECONDS // bin_seconds, first, ahead)
    hourly_future = np.concatenate([hourly, smoothed + departure[known:]])
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


def profile(values: NDArray[np.float64], slots: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean per slot, 0 where a slot was never seen."""
    weight = np.bincount(slots)
    return np.bincount(slots, weights=values) / np.maximum(weight, 1)


def _weekly_profile(hourly: NDArray[np.float64], hours: NDArray[np.int64], bin_seconds: int) -> NDArray[np.float64]:
    """Departure of each hour of the week from its hour of the day, over ``hours``; 0 below two weeks of history."""
    per_day, per_week = DAY_SECONDS // bin_seconds, WEEK_SECONDS // bin_seconds
    if hourly.size < 2 * per_week:
        return np.zeros(hours.size)
    whole = slice(hourly.size % per_week, hourly.size)  # whole weeks, so that no weekday weighs more
    of_day = profile(hourly[whole], hours[: hourly.size][whole] % per_day)
    of_week = profile(hourly[whole], hours[: hourly.size][whole] % per_week)
    departure: NDArray[np.float64] = of_week[hours % per_week] - of_day[hours % per_day]
    return departure
