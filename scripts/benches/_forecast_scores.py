"""Scores of quantile forecasts in the field's terms, and ratios of them with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.benches._forecast_sets import DAY, Case, EvaluationSet

Array = NDArray[np.float64]

QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
#: SQL is taken over .1 to .9.
SQL_COLUMNS = slice(1, 10)
MIDDLE = QUANTILES.index(0.5)


@dataclass(frozen=True, eq=False)
class Scores:
    """Per case of a set.

    Attributes:
        sql: mean pinball loss over the quantiles .1 to .9, over the day-naive's mean absolute error in the history.
        mase: mean absolute error of the median over the same.
        pinball_sum, truth_sum: whose ratio, summed over cases and doubled, is wQL.
        coverage: share of the truth at or below each quantile, shape ``(cases, quantiles)``.
    """

    sql: Array
    mase: Array
    pinball_sum: Array
    truth_sum: Array
    coverage: Array

    @property
    def wql(self) -> float:
        """Weighted quantile loss of the set."""
        return float(2 * np.nansum(self.pinball_sum) / np.nansum(self.truth_sum))


def score(given: EvaluationSet, values: Array, cases: list[Case]) -> Scores:
    """Score quantiles of shape ``(cases, horizon, quantiles)``; a failed case (NaN) scores NaN."""
    rows = [_score_case(case, made, DAY // given.step_seconds) for case, made in zip(cases, values, strict=True)]
    columns = [np.asarray(column) for column in zip(*rows, strict=True)]
    return Scores(*columns)


def _score_case(case: Case, made: Array, day: int) -> tuple[float, float, float, float, Array]:
    levels = np.asarray(QUANTILES)
    seen = np.isfinite(case.truth)
    truth, made = case.truth[seen], made[seen]
    if np.nanmin(case.history) >= 0:
        made = np.maximum(made, 0.0)
    highest = float(np.nanmax(np.abs(case.history)))
    naive = float(np.nanmean(np.abs(case.history[day:] - case.history[:-day])))
    scale = max(naive, 1e-9 * highest, 1e-12)
    miss = truth[:, None] - made
    pinball = np.maximum(levels * miss, (levels - 1) * miss)[:, SQL_COLUMNS]
    return (
        float(pinball.mean() / scale),
        float(np.abs(miss[:, MIDDLE]).mean() / scale),
        float(pinball.mean(axis=1).sum()),
        float(np.abs(truth).sum()),
        np.where(np.isfinite(made).all(), (miss <= 0).mean(axis=0), np.nan),
    )


def seasonal_naive(case: Case, step_seconds: int, horizon: int) -> Array:
    """The last week, or the last day with less than three weeks; quantiles of its own errors in the history."""
    day = DAY // step_seconds
    season = 7 * day if case.history.size >= 21 * day else day
    values = np.where(np.isfinite(case.history), case.history, np.nanmedian(case.history))
    for step in np.flatnonzero(~np.isfinite(case.history)).tolist():
        if step >= season:
            values[step] = values[step - season]
    errors = values[season:] - values[:-season]
    centre = np.resize(values[-season:], horizon)
    return np.asarray(centre[:, None] + np.quantile(errors, QUANTILES)[None])


def log_ratios(ours: Array, peer: Array, cases: list[Case]) -> dict[str, float]:
    """Mean over its origins of the logarithm of ours over the peer's, per series; a loss of 0 says nothing."""
    found: dict[str, list[float]] = {}
    for own, other, case in zip(ours, peer, cases, strict=True):
        if np.isfinite(own) and np.isfinite(other) and own > 0 and other > 0:
            found.setdefault(case.series, []).append(float(np.log(own / other)))
    return {series: float(np.mean(values)) for series, values in found.items()}


def geometric_mean(logs: list[float], *, resamples: int = 2_000) -> tuple[float, float, float]:
    """Geometric mean and its 95 % interval, by bootstrap over the series."""
    values = np.asarray(logs)
    rng = np.random.default_rng(7)
    drawn = values[rng.integers(values.size, size=(resamples, values.size))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(np.exp(values.mean())), float(np.exp(low)), float(np.exp(high))
