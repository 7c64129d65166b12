"""A workload with minutes to days of history: what the rest of the fleet tells about it.

The hours of the week of a workload, divided by its level, are taken for a draw from a Gaussian whose
mean and covariance are those of the fleet. What was observed conditions the hours ahead (Rasmussen &
Williams, *Gaussian Processes for Machine Learning*, 2006, A.2), the level is estimated by generalised
least squares. Whether that beats the recent level, or the day before, is measured on the fleet itself:
each member is taken for young in turn, its own weeks left out. The errors made there give the quantiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.calibrate import Residuals, quantiles_around
from scaler.forecast.fleet import HOURS, Fleet

NAME = "fleet_profile"
# The share of the covariance that is taken for independent from hour to hour.
SHRINKAGE = 0.1
# Hours whose mean is the recent level.
RECENT_HOURS = 6
# Fewer members than this say little about one more.
LEAST_MEMBERS = 4

Floats = NDArray[np.float64]
Method = Callable[[Floats, int, "Prior"], Floats]


@dataclass(frozen=True, eq=False)
class Prior:
    """Mean and covariance of the hours of two weeks around the cutoff, in shares of the level: 336 hours."""

    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, weeks: Floats) -> Prior:
        """From weeks of shape ``(n, 336)``."""
        shares = weeks / np.maximum(weeks.mean(axis=1, keepdims=True), np.finfo(float).tiny)
        mean = shares.mean(axis=0)
        centred = shares - mean
        covariance = centred.T @ centred / max(1, shares.shape[0] - 1)
        variance = np.diag(covariance)
        floor = 1e-4 + 0.1 * float(variance.mean())
        return cls(mean, (1 - SHRINKAGE) * covariance + np.diag(SHRINKAGE * variance + floor))


@dataclass(frozen=True, eq=False)
class ColdForecast:
    """Quantiles of a young workload, shape ``(horizon, quantiles)``, and one line that says how."""

    values: Floats
    reason: str


def cold_forecast(
    observed: Floats, fleet: Fleet, *, step_seconds: int, horizon_steps: int, quantiles: tuple[float, ...], like: bool
) -> ColdForecast | None:
    """Forecast from the last days of a young workload, or ``None`` if the fleet is too small to tell.

    Args:
        observed: history, shape ``(t,)``, NaN where missing, the last observed step at most an hour old.
        fleet: weeks that end at the same time of the week.
        like: whether ``fleet`` is the one workload that the user named.
    """
    groups = np.arange(fleet.members.size) if like else fleet.members
    if np.unique(groups).size < (2 if like else LEAST_MEMBERS):
        return None
    hours = _hours(observed, fleet.per_hour)
    span = np.flatnonzero(np.isfinite(hours))
    if not span.size:
        return None
    young = hours[span[0] :]
    ahead = min(HOURS, -(-horizon_steps // fleet.per_hour))
    weeks = fleet.hourly()
    trials = _Trials(fleet, weeks, groups, young, ahead)
    names = _methods(like=like, hours=young.size)
    errors = {name: trials.errors(name) for name in names}
    best = min(names, key=lambda name: float(np.abs(errors[name]).mean()))
    centre = METHODS[best](young, ahead, Prior.of(weeks))
    level = _level(young)
    if level <= 0:
        centre, level = np.zeros(ahead), 0.0
    fine = _to_steps(centre, fleet.per_hour)
    repeats = -(-horizon_steps // fine.size)
    values = quantiles_around(
        np.tile(fine, repeats)[:horizon_steps],
        np.full(horizon_steps, level),
        Residuals(errors[best] * level, np.full_like(errors[best], level)),
        quantiles,
        step_seconds,
    )
    if level == 0:
        values = np.zeros_like(values)
    shown = ", ".join(f"{float(np.abs(errors[n]).mean()):.3g} for {n.replace('_', ' ')}" for n in names if n != best)
    source = f"the shape of {fleet.names[0]}" if like else f"{len(fleet.names)} workloads of the fleet"
    reason = f"{young.size} h of history: {best.replace('_', ' ')} by {source}"
    own = float(np.abs(errors[best]).mean())
    return ColdForecast(values, f"{reason}, relative error {own:.3g}" + (f" against {shown}" if shown else ""))


class _Trials:
    """Each group of weeks is taken for young in turn."""

    def __init__(self, fleet: Fleet, weeks: Floats, groups: NDArray[np.int64], young: Floats, ahead: int) -> None:
        self._fleet, self._weeks, self._groups, self._ahead = fleet, weeks, groups, ahead
        self._young = young
        numbers = np.unique(groups)
        self._priors: Mapping[int, Prior] = {int(n): Prior.of(weeks[groups != n]) for n in numbers}

    def errors(self, method: str) -> Floats:
        """Truth minus forecast in shares of the recent level, shape ``(weeks, steps)``."""
        rows = []
        for index, group in enumerate(self._groups):
            before = self._weeks[index, HOURS - self._young.size : HOURS].copy()
            before[~np.isfinite(self._young)] = np.nan
            centre = METHODS[method](before, self._ahead, self._priors[int(group)])
            per_hour = self._fleet.per_hour
            truth = self._fleet.windows[index, HOURS * per_hour : (HOURS + self._ahead) * per_hour]
            scale = max(_level(before), 0.05 * float(self._weeks[index].mean()))
            rows.append((truth - _to_steps(centre, per_hour)) / scale)
        return np.stack(rows)


def _methods(*, like: bool, hours: int) -> tuple[str, ...]:
    methods = ["fleet_profile", "recent_level"] if not like else ["fleet_profile"]
    return (*methods, "day_before") if hours >= 24 and not like else tuple(methods)


def _fleet_profile(young: Floats, ahead: int, prior: Prior) -> Floats:
    """Condition the hours ahead on those observed."""
    seen = HOURS - young.size + np.flatnonzero(np.isfinite(young))
    observed = young[np.isfinite(young)]
    target = HOURS + np.arange(ahead)
    covariance = prior.covariance[np.ix_(seen, seen)]
    mean = prior.mean[seen]
    solved = np.linalg.solve(covariance, np.stack([mean, observed], axis=1))
    level = float(mean @ solved[:, 1]) / max(float(mean @ solved[:, 0]), np.finfo(float).tiny)
    # A level far from what was observed is an accident of the covariance.
    level = float(np.clip(level, 0.0, 10 * max(float(observed.mean()), np.finfo(float).tiny)))
    residual = solved[:, 1] - level * solved[:, 0]
    return np.maximum(level * prior.mean[target] + prior.covariance[np.ix_(target, seen)] @ residual, 0.0)


def _recent_level(young: Floats, ahead: int, _prior: Prior) -> Floats:
    return np.full(ahead, _recent(young))


def _day_before(young: Floats, ahead: int, _prior: Prior) -> Floats:
    day = young[-24:]
    filled = np.where(np.isfinite(day), day, _recent(young))
    return np.tile(filled, -(-ahead // 24))[:ahead]


METHODS: Mapping[str, Method] = {
    "fleet_profile": _fleet_profile,
    "recent_level": _recent_level,
    "day_before": _day_before,
}


def _recent(young: Floats) -> float:
    return float(young[np.isfinite(young)][-RECENT_HOURS:].mean())


def _level(young: Floats) -> float:
    return float(young[np.isfinite(young)][-24:].mean())


def _hours(observed: Floats, per_hour: int) -> Floats:
    """Hourly means that end at the cutoff, at most a week of them; NaN where nothing was observed."""
    steps = observed[-HOURS * per_hour :]
    padded = np.concatenate([np.full(-steps.size % per_hour, np.nan), steps]).reshape(-1, per_hour)
    seen = np.isfinite(padded)
    count = seen.sum(axis=1)
    total = np.where(seen, padded, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _to_steps(hourly: Floats, per_hour: int) -> Floats:
    """Hours drawn as a line through their middles."""
    if per_hour == 1:
        return hourly
    at = (np.arange(hourly.size * per_hour) + 0.5) / per_hour - 0.5
    return np.interp(at, np.arange(hourly.size), hourly)
