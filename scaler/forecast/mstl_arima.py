"""MSTL and AutoARIMA (statsforecast, an extra)."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.extras import imported
from scaler.forecast.hourly import predict_rows
from scaler.forecast.seasons import DAY_SECONDS


class MstlArima:
    """Seasons of the day and the week by MSTL, what remains by AutoARIMA, on hours in local wall time."""

    name = "mstl_arima"

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
            ModelUnavailable: statsforecast is not installed.
            Exception: whatever statsforecast raises.
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
    models = imported("statsforecast.models", extra="statsforecast")
    seasons = [per_day, 7 * per_day] if series.size >= 14 * per_day else [per_day]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = models.MSTL(season_length=seasons, trend_forecaster=models.AutoARIMA())
        return np.asarray(model.forecast(y=series, h=horizon)["mean"], dtype=np.float64)
