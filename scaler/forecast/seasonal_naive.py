"""Seasonal naive: demand repeats that of one season ago. The baseline that every other model must beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS, season_before, wall_clock


class SeasonalNaive:
    """The value of the same wall-clock time one week ago; one day ago below two weeks of history.

    Below two days the last value is repeated. Seasons follow each workload's own time zone.
    """

    name = "seasonal_naive"

    def min_steps(self, step_seconds: int) -> int:  # noqa: ARG002 - part of the port
        """One observation is enough."""
        return 1

    def predict(
        self,
        values: NDArray[np.float64],
        *,
        start_epoch: int,
        step_seconds: int,
        horizon_steps: int,
        timezones: tuple[str, ...],
    ) -> NDArray[np.float64]:
        """Predict shape ``(n, horizon_steps)`` from ``values`` of shape ``(n, t)`` without NaN."""
        rows, steps = values.shape
        season = season_seconds(steps, step_seconds)
        if season is None:
            return np.repeat(values[:, -1:], horizon_steps, axis=1)
        predicted = np.empty((rows, horizon_steps))
        zones = np.asarray(timezones)
        for zone in sorted(set(timezones)):
            clock = wall_clock(start_epoch, step_seconds, steps + horizon_steps, zone)
            targets = np.arange(steps, steps + horizon_steps, dtype=np.int64)
            source = season_before(targets, clock, step_seconds=step_seconds, season_seconds=season, end=steps)
            chosen = zones == zone
            predicted[chosen] = values[chosen][:, source]
        return predicted


def season_seconds(steps: int, step_seconds: int) -> int | None:
    """The longest season that the history shows twice: a week, a day, or ``None``.

    Raises:
        ValueError: a day is not a whole number of steps.
    """
    if DAY_SECONDS % step_seconds:
        raise ValueError(f"a step of {step_seconds} s does not divide a day")
    for season in (WEEK_SECONDS, DAY_SECONDS):
        if steps * step_seconds >= 2 * season:
            return season
    return None
