"""Prophet: a trend with change points, daily and weekly seasons, holidays, regressors and a cap."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.effects import share_of_steps
from scaler.forecast.events import Event
from scaler.forecast.knowledge import Knowledge
from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS, wall_clock


@dataclass(frozen=True)
class ProphetModel:
    """Prophet in local wall time, centre only: its samples are switched off, the shared calibration gives quantiles.

    The daily season needs two days of history, the weekly one two weeks.

    Attributes:
        holidays: names by local day; each name has an effect of its own.
        regressors: events whose effect is learned.
        cap: demand towards which the trend grows logistically; a straight trend if ``None``.
    """

    holidays: Mapping[date, str] = field(default_factory=dict)
    regressors: tuple[Event, ...] = ()
    cap: float | None = None
    name = "prophet"

    def min_steps(self, step_seconds: int) -> int:
        """Three days, so that a daily season can be told from a trend."""
        return 3 * DAY_SECONDS // step_seconds

    def informed(self, knowledge: Knowledge) -> ProphetModel:
        """The same model with what is known of a workload."""
        learned = tuple(event for event in knowledge.events if event.learned)
        return replace(self, holidays=dict(knowledge.holidays), regressors=learned, cap=knowledge.cap)

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
        times = start_epoch + step_seconds * np.arange(steps, dtype=np.int64)
        shares = [share_of_steps(event, times, step_seconds) for event in self.regressors]
        rows = [
            self._predict_one(row, wall_clock(start_epoch, step_seconds, steps, zone), step_seconds, shares)
            for row, zone in zip(values, timezones, strict=True)
        ]
        return np.stack(rows)

    def _predict_one(
        self,
        values: NDArray[np.float64],
        clock: NDArray[np.int64],
        step_seconds: int,
        shares: list[NDArray[np.float64]],
    ) -> NDArray[np.float64]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
            import pandas as pd
            from prophet import Prophet

            span_seconds = values.size * step_seconds
            model = Prophet(
                growth="linear" if self.cap is None else "logistic",
                holidays=self._holiday_frame(),
                daily_seasonality=span_seconds >= 2 * DAY_SECONDS,
                weekly_seasonality=span_seconds >= 2 * WEEK_SECONDS,
                yearly_seasonality=False,
                uncertainty_samples=0,
            )
            logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)  # its import sets a level of its own
            frame = pd.DataFrame({"ds": pd.to_datetime(clock, unit="s")})
            for number, share in enumerate(shares):
                if share[: values.size].any():  # an effect that was never seen cannot be fitted
                    model.add_regressor(f"event_{number}", standardize=False)
                    frame[f"event_{number}"] = share
            if self.cap is not None:
                frame["cap"], frame["floor"] = max(self.cap, float(values.max())), 0.0
            # The seed is named so that two runs cannot differ, though the optimiser starts from fixed values.
            model.fit(frame.iloc[: values.size].assign(y=values), seed=1)
            future = model.predict(frame.iloc[values.size :])
        return np.asarray(_in_time_order(future, clock[values.size :]), dtype=np.float64)

    def _holiday_frame(self) -> Any:
        import pandas as pd

        if not self.holidays:
            return None
        days = sorted(self.holidays)
        return pd.DataFrame({"ds": pd.to_datetime(days), "holiday": [self.holidays[day] for day in days]})


def _in_time_order(future: object, clock: NDArray[np.int64]) -> NDArray[np.float64]:
    """Prophet sorts by wall time; put its rows back in the order of the steps."""
    order = np.argsort(clock, kind="stable")
    predicted = np.empty(clock.size)
    predicted[order] = future["yhat"].to_numpy()  # type: ignore[index]
    return predicted
