"""SARIMAX (statsmodels) with Fourier terms of the day and the week as regressors."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.hourly import HourlyModel

# Pairs of sine and cosine: sharper daily shapes need more of them than they repay.
DAILY_PAIRS, WEEKLY_PAIRS = 5, 4
ORDER = (2, 0, 1)
MOST_ITERATIONS = 50
# Errors below this share of the level are rounding.
NOTHING_LEFT = 1e-6


class Sarimax(HourlyModel):
    """ARMA(2, 1) errors around a regression on daily and weekly harmonics, on hours in local wall time."""

    name = "sarimax"
    min_days = 7  # the weekly harmonics have to be seen once

    def smooth(self, series: NDArray[np.float64], per_day: int, first: int, horizon: int, /) -> NDArray[np.float64]:
        """Forecast of ``horizon`` hours from the regression and its errors."""
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        terms = _harmonics(first + np.arange(series.size + horizon), per_day)
        regression = np.column_stack([np.ones(terms.shape[0]), terms])
        weights, *_ = np.linalg.lstsq(regression[: series.size], series, rcond=None)
        fit = regression @ weights
        if float(np.abs(series - fit[: series.size]).max()) < NOTHING_LEFT:
            # Without errors there is nothing to fit their correlation on, and the likelihood has no maximum.
            ahead: NDArray[np.float64] = fit[series.size :]
            return ahead
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that stopped early is judged by the backtest like any other
            model = SARIMAX(
                series,
                exog=terms[: series.size],
                order=ORDER,
                trend="c",
                enforce_stationarity=True,
                concentrate_scale=True,
            )
            fitted = model.fit(disp=False, maxiter=MOST_ITERATIONS)
            return np.asarray(fitted.forecast(horizon, exog=terms[series.size :]), dtype=np.float64)


def _harmonics(hours: NDArray[np.int64], per_day: int) -> NDArray[np.float64]:
    """Shape ``(hours, 2 · pairs)``. Harmonics of the week that are harmonics of the day stand once."""
    columns = []
    for period, pairs in ((per_day, DAILY_PAIRS), (7 * per_day, WEEKLY_PAIRS)):
        for number in range(1, pairs + 1):
            if 2 * number < period and not (period != per_day and number % 7 == 0):
                angle = 2 * np.pi * number * hours / period
                columns += [np.sin(angle), np.cos(angle)]
    return np.stack(columns, axis=1)
