"""Prophet: a trend with change points, daily and weekly seasons."""

from __future__ import annotations

import logging
import warnings

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS, wall_clock


class ProphetModel:
    """Prophet in local wall time, centre only: its samples are switched off, the shared calibration gives quantiles.

    The daily season needs two days of history, the weekly one two weeks.
    """

    name = "prophet"

    def min_steps(self, step_seconds: int) -> int:
        """Three days, so that a daily season can be told from a trend."""
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
            Exception: whatever prophet raises.
        """
        steps = values.shape[1] + horizon_steps
        rows = [
            _predict_one(row, wall_clock(start_epoch, step_seconds, steps, zone), step_seconds)
            for row, zone in zip(values, timezones, strict=True)
        ]
        return np.stack(rows)


def _predict_one(values: NDArray[np.float64], clock: NDArray[np.int64], step_seconds: int) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
        import pandas as pd
        from prophet import Prophet

        span_seconds = values.size * step_seconds
        model = Prophet(
            daily_seasonality=span_seconds >= 2 * DAY_SECONDS,
            weekly_seasonality=span_seconds >= 2 * WEEK_SECONDS,
            yearly_seasonality=False,
            uncertainty_samples=0,
        )
        logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)  # its import sets a level of its own
        times = pd.to_datetime(clock, unit="s")
        # The seed is named so that two runs cannot differ, though the optimiser starts from fixed values.
        model.fit(pd.DataFrame({"ds": times[: values.size], "y": values}), seed=1)
        future = model.predict(pd.DataFrame({"ds": times[values.size :]}))
    return np.asarray(_in_time_order(future, clock[values.size :]), dtype=np.float64)


def _in_time_order(future: object, clock: NDArray[np.int64]) -> NDArray[np.float64]:
    """Prophet sorts by wall time; put its rows back in the order of the steps."""
    order = np.argsort(clock, kind="stable")
    predicted = np.empty(clock.size)
    predicted[order] = future["yhat"].to_numpy()  # type: ignore[index]
    return predicted
