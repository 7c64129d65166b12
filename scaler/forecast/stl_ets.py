"""STL and exponential smoothing (statsmodels): the season taken out by local regression, the rest smoothed."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.hourly import predict_rows
from scaler.forecast.seasons import DAY_SECONDS


class StlEts:
    """STL (Cleveland et al. 1990) on hourly means in local wall time, damped additive smoothing of what remains.

    The season is the week from two weeks on, the day below.
    """

    name = "stl_ets"

    def min_steps(self, step_seconds: int) -> int:
        """Three days: a daily season seen more than twice."""
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
            weekly=False,
        )


def _smooth(series: NDArray[np.float64], per_day: int, _first: int, horizon: int) -> NDArray[np.float64]:
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
