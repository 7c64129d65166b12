"""Exponential smoothing (statsmodels), additive with a damped trend."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.hourly import HourlyModel


class Ets(HourlyModel):
    """Holt–Winters on hourly means in local wall time, over a fixed weekly profile.

    Additive error and season and a damped trend: the free forms explode on hourly demand. The weekly
    profile is the mean departure of each hour of the week from its hour of the day; smoothing itself
    sees only the daily season.
    """

    name = "ets"
    weekly = True

    def smooth(self, series: NDArray[np.float64], per_day: int, _first: int, horizon: int, /) -> NDArray[np.float64]:
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
