"""STL and exponential smoothing (statsmodels): the season taken out by local regression, the rest smoothed."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.hourly import HourlyModel


class StlEts(HourlyModel):
    """STL (Cleveland et al. 1990) on hourly means in local wall time, damped additive smoothing of what remains.

    The season is the week from two weeks on, the day below.
    """

    name = "stl_ets"

    def smooth(self, series: NDArray[np.float64], per_day: int, _first: int, horizon: int, /) -> NDArray[np.float64]:
        """Forecast of ``horizon`` hours: the smoothed rest, and the last season again."""
        from statsmodels.tsa.holtwinters import ExponentialSmoothing
        from statsmodels.tsa.seasonal import STL

        per_week = 7 * per_day
        season = per_week if series.size >= 2 * per_week else per_day
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that stopped early is judged by the backtest like any other
            parts = STL(series, period=season, robust=True).fit(inner_iter=1, outer_iter=3)
            rest = ExponentialSmoothing(
                series - parts.seasonal, trend="add", damped_trend=True, initialization_method="heuristic"
            ).fit(optimized=True)
            ahead = np.asarray(rest.forecast(horizon), dtype=np.float64)
        last = np.asarray(parts.seasonal[-season:], dtype=np.float64)
        return ahead + np.tile(last, -(-horizon // season))[:horizon]
