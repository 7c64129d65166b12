"""Exponential smoothing (statsmodels), additive with a damped trend."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.hourly import predict_rows
from scaler.forecast.seasons import DAY_SECONDS


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
        return predict_rows(
            values,
            _smooth,
            start_epoch=start_epoch,
            step_seconds=step_seconds,
            horizon_steps=horizon_steps,
            timezones=timezones,
            weekly=True,
        )


def _smooth(series: NDArray[np.float64], per_day: int, _first: int, horizon: int) -> NDArray[np.float64]:
    """Holt–Winters forecast of ``horizon`` hours."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    with warnings.catch_warnings():
        # A fit that stopped early is judged by the backtest like any other.
        warnings.simplefilter("ignore")
        model = ExponentialSmoothing(
            series,
            trend="add",
            damped_trend=True,
            seasonal="add" if per_day > 1 else None,
            seasonal_periods=per_day if per_day > 1 else None,
            initialization_method="heuristic",
        )
        return np.asarray(model.fit(optimized=True, use_brute=False).forecast(horizon), dtype=np.float64)
