"""Gradient-boosted trees (LightGBM, an extra): one model for all rows it is given, on lags and calendar."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.extras import imported
from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS, wall_clock

TREES = 150


class LightGbm:
    """The median by boosted trees, direct over the whole horizon, on demand divided by its level.

    Features of a step are demand of the same time one day and one to two weeks before the last step that
    a horizon lets see, the level of the last day, hour, weekday and distance from the origin.
    """

    name = "lightgbm"

    def min_steps(self, step_seconds: int) -> int:
        """Two weeks: one of lags and one to learn on."""
        return 2 * WEEK_SECONDS // step_seconds

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
            ModelUnavailable: LightGBM is not installed.
            Exception: whatever LightGBM raises.
        """
        lightgbm = imported("lightgbm", extra="lightgbm")
        level = np.maximum(np.abs(values).mean(axis=1, keepdims=True), np.finfo(float).tiny)
        shares = values / level
        rows, steps = values.shape
        day, week = DAY_SECONDS // step_seconds, WEEK_SECONDS // step_seconds
        clocks = [wall_clock(start_epoch, step_seconds, steps + horizon_steps, zone) for zone in timezones]
        inputs, targets = [], []
        for origin in range(steps - horizon_steps, week, -day):
            for row in range(rows):
                ahead = min(horizon_steps, steps - origin)
                inputs.append(_features(shares[row, :origin], clocks[row], ahead, day, week))
                targets.append(shares[row, origin : origin + ahead])
        if not inputs:
            raise ValueError("history is too short for this horizon")
        settings = {
            "objective": "quantile",
            "alpha": 0.5,
            "num_leaves": 31,
            "learning_rate": 0.08,
            "min_data_in_leaf": 20,
            "verbosity": -1,
            "seed": 1,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = lightgbm.Dataset(np.concatenate(inputs), np.concatenate(targets))
            model = lightgbm.train(settings, data, num_boost_round=TREES)
            future = [_features(shares[row], clocks[row], horizon_steps, day, week) for row in range(rows)]
            made = [np.asarray(model.predict(features), dtype=np.float64) for features in future]
        predicted: NDArray[np.float64] = np.stack(made) * level
        return predicted


def _features(
    seen: NDArray[np.float64], clock: NDArray[np.int64], ahead: int, day: int, week: int
) -> NDArray[np.float64]:
    """Shape ``(ahead, 8)``; nothing at or after the origin is read."""
    origin = seen.size
    steps = origin + np.arange(ahead)

    def back(season: int, more: int) -> NDArray[np.float64]:
        lag = (np.arange(ahead) // season + 1 + more) * season
        found: NDArray[np.float64] = seen[np.maximum(steps - lag, 0)]
        return found

    time = clock[steps]
    constant = np.ones(ahead)
    return np.stack(
        [
            back(day, 0),
            back(week, 0),
            back(week, 1) if origin >= 2 * week else back(week, 0),
            constant * seen[-day:].mean(),
            constant * seen[-max(1, day // 24) :].mean(),
            (time % DAY_SECONDS).astype(float),
            ((time // DAY_SECONDS + 3) % 7).astype(float),
            np.arange(ahead).astype(float),
        ],
        axis=1,
    )
