"""MSTL and AutoARIMA (statsforecast, an extra)."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.extras import imported
from scaler.forecast.hourly import HourlyModel


class MstlArima(HourlyModel):
    """Seasons of the day and the week by MSTL, what remains by AutoARIMA, on hours in local wall time."""

    name = "mstl_arima"

    def smooth(self, series: NDArray[np.float64], per_day: int, _first: int, horizon: int, /) -> NDArray[np.float64]:
        """Forecast of ``horizon`` hours from decomposed seasons."""
        models = imported("statsforecast.models", extra="statsforecast")
        seasons = [per_day, 7 * per_day] if series.size >= 14 * per_day else [per_day]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = models.MSTL(season_length=seasons, trend_forecaster=models.AutoARIMA())
            return np.asarray(model.forecast(y=series, h=horizon)["mean"], dtype=np.float64)
