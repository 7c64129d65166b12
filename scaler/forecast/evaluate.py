"""How good a forecaster was on a panel: earlier cutoffs, judged by what then happened, in the field's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.errors import ScalerError
from scaler.forecast.backtest import pinball
from scaler.forecast.informed import InformedForecaster
from scaler.forecast.seasons import DAY_SECONDS
from scaler.history.interface import Panel

# Edges of the lead times that coverage is told for: what autoscaling, a shift, and a plan look at.
LEADS = (("0-6 h", 0, 6 * 3_600), ("6-24 h", 6 * 3_600, 24 * 3_600), ("beyond 24 h", 24 * 3_600, None))
ORIGINS = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LeadCoverage:
    """Share of the truth at or below each quantile, for a range of lead times.

    Attributes:
        points: held-out steps behind it.
    """

    lead: str
    points: int
    coverage: Mapping[float, float]


@dataclass(frozen=True)
class Evaluation:
    """Scores of one workload over rolling origins; each forecast saw nothing after its own cutoff.

    Attributes:
        origins: cutoffs.
        mase: mean absolute error of the median over that of yesterday's value within the history
            (Hyndman & Koehler 2006); ``None`` if the history does not vary from day to day.
        pinball: mean over steps and quantiles, in units of demand (Koenker & Bassett 1978).
        wql: twice the summed pinball loss of a quantile over the summed demand, mean over quantiles;
            ``None`` without demand.
        coverage: over all lead times.
        by_lead: by lead time; empty ranges are left out.
    """

    origins: int
    mase: float | None
    pinball: float
    wql: float | None
    coverage: Mapping[float, float]
    by_lead: tuple[LeadCoverage, ...]


def evaluate(
    forecaster: InformedForecaster,
    panel: Panel,
    *,
    horizon_steps: int,
    quantiles: tuple[float, ...],
    timezones: tuple[str, ...],
    models: tuple[str, ...],
    origins: int = ORIGINS,
) -> dict[str, Evaluation]:
    """Scores by workload; one that is too young to be held against anything is left out."""
    day = max(1, DAY_SECONDS // panel.step_seconds)
    ahead = max(1, min(horizon_steps, panel.steps // 4))
    spacing = max(day, ahead)
    truth: dict[str, list[tuple[Floats, Floats]]] = {name: [] for name in panel.names}
    for number in range(origins):
        end = panel.steps - ahead - number * spacing
        if end < 2 * day:
            break
        past = Panel(panel.names, panel.start, panel.step_seconds, panel.values[:, :end], panel.marks[:, :end])
        asked = [row for row in range(len(panel.names)) if np.isfinite(past.values[row]).sum() >= 2 * day]
        if not asked:
            break
        try:
            outcome = forecaster.attempt(
                past.select([panel.names[row] for row in asked]),
                horizon_steps=ahead,
                quantiles=quantiles,
                timezones=tuple(timezones[row] for row in asked),
                models=tuple(models[row] for row in asked),
            )
        except ScalerError:
            continue
        if outcome.forecast is None:
            continue
        for name, values in zip(outcome.forecast.names, outcome.forecast.values, strict=True):
            row = panel.names.index(name)
            truth[name].append((panel.values[row, end : end + ahead], values))
    return {
        name: _scored(panel.values[panel.names.index(name)], trials, quantiles, panel.step_seconds)
        for name, trials in truth.items()
        if any(np.isfinite(known).any() for known, _ in trials)
    }


def _scored(
    history: Floats, trials: list[tuple[Floats, Floats]], quantiles: tuple[float, ...], step_seconds: int
) -> Evaluation:
    known = np.concatenate([truth for truth, _ in trials])
    made = np.concatenate([values for _, values in trials])
    lead = np.concatenate([np.arange(truth.size) * step_seconds for truth, _ in trials])
    seen = np.isfinite(known)
    known, made, lead = known[seen], made[seen], lead[seen]
    loss = pinball(known[:, None], made, quantiles)
    median = np.asarray([np.interp(0.5, quantiles, row) for row in made])
    day = max(1, DAY_SECONDS // step_seconds)
    naive = np.abs(history[day:] - history[:-day])
    naive_error = float(naive[np.isfinite(naive)].mean()) if np.isfinite(naive).any() else 0.0
    total = float(np.abs(known).sum())
    below = known[:, None] <= made
    return Evaluation(
        origins=len(trials),
        mase=float(np.abs(known - median).mean()) / naive_error if naive_error > 0 else None,
        pinball=float(loss.mean()),
        wql=float(2 * loss.sum(axis=0).mean() / total) if total > 0 else None,
        coverage=_shares(below, quantiles),
        by_lead=tuple(
            LeadCoverage(name, int(part.sum()), _shares(below[part], quantiles))
            for name, first, end in LEADS
            if (part := (lead >= first) & (lead < (np.inf if end is None else end))).any()
        ),
    )


def _shares(below: NDArray[np.bool_], quantiles: tuple[float, ...]) -> dict[float, float]:
    return {q: round(float(share), 4) for q, share in zip(quantiles, below.mean(axis=0), strict=True)}
