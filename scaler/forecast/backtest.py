"""Rolling-origin backtest: what a candidate would have predicted, and what that would have been worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.calibrate import Residuals, local_scale, quantiles_around
from scaler.forecast.impute import impute
from scaler.forecast.interface import CandidateScore, PointModel
from scaler.forecast.outliers import clipped
from scaler.forecast.seasons import DAY_SECONDS, wall_clock


@dataclass(frozen=True, eq=False)
class Series:
    """History of one workload from its first observation to the cutoff.

    Attributes:
        values: shape ``(t,)``, float64, NaN where missing; the first is observed.
        start_epoch: start of the first step, seconds since the epoch, UTC.
        timezone: IANA name.
    """

    values: NDArray[np.float64]
    start_epoch: int
    step_seconds: int
    timezone: str

    def clock(self, horizon_steps: int) -> NDArray[np.int64]:
        """Wall time of history and horizon, shape ``(t + horizon_steps,)``."""
        return wall_clock(self.start_epoch, self.step_seconds, self.values.size + horizon_steps, self.timezone)

    def seen_at(self, origin: int) -> NDArray[np.float64]:
        """The first ``origin`` steps, missing ones filled from these steps alone."""
        return impute(self.values[:origin], self.clock(0)[:origin], self.step_seconds)

    def fitted_at(self, origin: int) -> NDArray[np.float64]:
        """The same with outliers clipped: what a model is fitted on."""
        return clipped(self.seen_at(origin), self.clock(0)[:origin], self.step_seconds)


@dataclass(frozen=True)
class Origins:
    """Where the backtest stands.

    Attributes:
        steps: number of steps seen at each origin, ascending.
        horizon_steps: steps predicted at each; the last origin's end at the cutoff.
    """

    steps: tuple[int, ...]
    horizon_steps: int


def choose_origins(history_steps: int, horizon_steps: int, step_seconds: int, count: int) -> Origins:
    """At most ``count`` origins, a horizon apart where history allows, each with half of history before it.

    They stand whole days apart where they can, so that each step of the horizon is calibrated on its own
    time of day. No origin has less than two days before it.
    """
    day = DAY_SECONDS // step_seconds
    horizon = max(1, min(horizon_steps, history_steps // 4))
    room = history_steps - horizon - max(2 * day, history_steps // 2)
    if room < 0:
        return Origins((), horizon)
    spacing = min(max(horizon, day), room // max(count - 1, 1))
    if spacing >= day:
        spacing -= spacing % day
    last = history_steps - horizon
    steps = sorted({last - number * spacing for number in range(count)})
    return Origins(tuple(steps), horizon)


@dataclass(frozen=True, eq=False)
class PredictionTask:
    """One candidate on one workload: at every origin, and at the cutoff."""

    model: PointModel
    series: Series
    origins: Origins
    horizon_steps: int


@dataclass(frozen=True, eq=False)
class Predictions:
    """Centres of demand.

    Attributes:
        at_origins: shape ``(origins, backtest horizon)``.
        at_cutoff: shape ``(horizon,)``.
    """

    at_origins: NDArray[np.float64]
    at_cutoff: NDArray[np.float64]


def predict_task(task: PredictionTask) -> Predictions:
    """Run a candidate. It sees at each origin what lies before it, and nothing else.

    Raises:
        Exception: whatever the model raises; ``ValueError`` if it returned something unusable.
    """
    series, origins = task.series, task.origins
    rows = [_predict_at(task.model, series, origin, origins.horizon_steps) for origin in origins.steps]
    at_cutoff = _predict_at(task.model, series, series.values.size, task.horizon_steps)
    return Predictions(np.asarray(rows).reshape(len(rows), origins.horizon_steps), at_cutoff)


def _predict_at(model: PointModel, series: Series, origin: int, horizon_steps: int) -> NDArray[np.float64]:
    seen = series.seen_at(origin)
    predicted = model.predict(
        series.fitted_at(origin)[None, :].copy(),
        start_epoch=series.start_epoch,
        step_seconds=series.step_seconds,
        horizon_steps=horizon_steps,
        timezones=(series.timezone,),
    )
    if predicted.shape != (1, horizon_steps) or not np.isfinite(predicted).all():
        raise ValueError("the prediction is not finite, or not of the length asked for")
    # A trend that runs off is cut at half the range of history above and below it.
    low, high = float(seen.min()), float(seen.max())
    reach = (high - low) / 2
    bounded: NDArray[np.float64] = np.clip(predicted[0], low - reach, high + reach)
    return bounded


@dataclass(frozen=True, eq=False)
class Backtest:
    """What one workload's candidates are scored against: the same for all of them.

    Attributes:
        truth: shape ``(origins, backtest horizon)``, NaN where missing.
        scale: local scale at each origin, same shape.
        scale_at_cutoff: shape ``(horizon,)``.
    """

    truth: NDArray[np.float64]
    scale: NDArray[np.float64]
    scale_at_cutoff: NDArray[np.float64]
    step_seconds: int

    @classmethod
    def of(cls, series: Series, origins: Origins, horizon_steps: int) -> Backtest:
        """Gather truth and scales. The scale at an origin sees nothing after it."""
        ahead = origins.horizon_steps
        clock = series.clock(horizon_steps)
        truth = [series.values[origin : origin + ahead] for origin in origins.steps]
        scale = [local_scale(series.seen_at(origin), clock, series.step_seconds, ahead) for origin in origins.steps]
        at_cutoff = local_scale(series.seen_at(series.values.size), clock, series.step_seconds, horizon_steps)
        return cls(np.stack(truth), np.stack(scale), at_cutoff, series.step_seconds)

    def score(self, model: str, predictions: Predictions, quantiles: tuple[float, ...]) -> CandidateScore:
        """Mean pinball loss and coverage, each origin scored with quantiles calibrated on the others.

        With one origin there is nothing left to calibrate on, so it is not scored.
        """
        residuals = self.truth - predictions.at_origins
        losses, below = [], []
        for held_out in range(len(self.truth)):
            others = np.arange(len(self.truth)) != held_out
            seen = ~np.isnan(self.truth[held_out])
            if not seen.any() or np.isnan(residuals[others]).all():
                continue
            forecast = quantiles_around(
                predictions.at_origins[held_out],
                self.scale[held_out],
                Residuals(residuals[others], self.scale[others]),
                quantiles,
                self.step_seconds,
            )[seen]
            truth = self.truth[held_out][seen][:, None]
            losses.append(pinball(truth, forecast, quantiles))
            below.append(truth <= forecast)
        if not losses:
            return CandidateScore(model, None, failure="no held-out observation to score it on")
        coverage = np.concatenate(below).mean(axis=0)
        return CandidateScore(
            model,
            significant(float(np.concatenate(losses).mean())),
            {q: significant(float(share)) for q, share in zip(quantiles, coverage, strict=True)},
        )

    def quantiles_at_cutoff(self, predictions: Predictions, quantiles: tuple[float, ...]) -> NDArray[np.float64]:
        """The forecast, calibrated on all origins: shape ``(horizon, quantiles)``."""
        residuals = Residuals(self.truth - predictions.at_origins, self.scale)
        return quantiles_around(predictions.at_cutoff, self.scale_at_cutoff, residuals, quantiles, self.step_seconds)


def pinball(
    truth: NDArray[np.float64], forecast: NDArray[np.float64], quantiles: tuple[float, ...]
) -> NDArray[np.float64]:
    """Pinball loss per quantile: ``max(q·(y−f), (q−1)·(y−f))``, shape as ``forecast`` (Koenker & Bassett 1978)."""
    levels = np.asarray(quantiles)
    gap = truth - forecast
    loss: NDArray[np.float64] = np.maximum(levels * gap, (levels - 1) * gap)
    return loss


def significant(value: float) -> float:
    """Round to ten significant digits: what lies beyond differs between machines and means nothing."""
    return float(f"{value:.10g}")
