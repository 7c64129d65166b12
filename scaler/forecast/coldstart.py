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

from scaler.forecast.calibrate import Residuals, quantiles_around, short_history_quantiles
from scaler.forecast.fleet import HOURS, Fleet
from scaler.forecast.guard import MOST_TIMES_THE_PEAK
from scaler.forecast.seasons import DAY_SECONDS

NAME = "fleet_profile"
# The share of the covariance that is taken for independent from hour to hour.
SHRINKAGE = 0.1
# Hours whose mean is the recent level.
RECENT_HOURS = 6
# Fewer members than this say little about one more.
LEAST_MEMBERS = 4
# Of a day that is repeated, this share must have been seen.
LEAST_OF_A_DAY = 0.75
# What a young workload without a fleet is called; it has no model to speak of.
ALONE = "recent_past"

Floats = NDArray[np.float64]
Method = Callable[[Floats, int, "Prior"], Floats]


@dataclass(frozen=True, eq=False)
class Prior:
    """Mean and covariance of the hours observed and those ahead, in shares of the level."""

    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, shares: Floats) -> Prior:
        """From weeks of shape ``(n, hours)``, each in shares of its level."""
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
    losses = {name: trials.loss(errors[name]) for name in names}
    best = min(names, key=lambda name: losses[name])
    centre = METHODS[best](young[None], ahead, Prior.of(trials.shares))[0]
    level = float(_level(young[None])[0])
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
    shown = ", ".join(f"{losses[name]:.3g} for {name.replace('_', ' ')}" for name in names if name != best)
    source = f"the shape of {fleet.names[0]}" if like else f"{len(fleet.names)} workloads of the fleet"
    reason = f"{young.size} h of history: {best.replace('_', ' ')} by {source}"
    # Members that burst from almost nothing give errors without measure; a young workload's bound is low.
    peak = float(np.nanmax(observed))
    values = np.minimum(values, MOST_TIMES_THE_PEAK * peak)
    return ColdForecast(values, f"{reason}, error {losses[best]:.3g}" + (f" against {shown}" if shown else ""))


def alone(observed: Floats, *, step_seconds: int, horizon_steps: int, quantiles: tuple[float, ...]) -> ColdForecast:
    """Without a fleet: the day before if it was seen, else the median of what was; wide quantiles."""
    seen = observed[np.isfinite(observed)]
    day = DAY_SECONDS // step_seconds
    if observed.size >= day and np.isfinite(observed[-day:]).mean() >= LEAST_OF_A_DAY:
        last = np.where(np.isfinite(observed[-day:]), observed[-day:], np.median(seen))
        centre, how = np.tile(last, -(-horizon_steps // day))[:horizon_steps], "the day before"
    else:
        centre, how = np.full(horizon_steps, float(np.median(seen[-day:]))), "their median"
    hours = observed.size * step_seconds / 3_600
    return ColdForecast(
        short_history_quantiles(centre, seen, quantiles),
        f"{hours:.3g} h of history, and no fleet to compare with: {how}, with wide quantiles",
    )


class _Trials:
    """Each group of weeks is taken for young in turn."""

    def __init__(self, fleet: Fleet, weeks: Floats, groups: NDArray[np.int64], young: Floats, ahead: int) -> None:
        self._fleet, self._weeks, self._groups, self._ahead = fleet, weeks, groups, ahead
        self._young = young
        level = np.maximum(weeks.mean(axis=1, keepdims=True), np.finfo(float).tiny)
        self.shares: Floats = weeks[:, HOURS - young.size : HOURS + ahead] / level
        self._priors: Mapping[int, Prior] = {int(n): Prior.of(self.shares[groups != n]) for n in np.unique(groups)}

    def errors(self, method: str) -> Floats:
        """Truth minus forecast in shares of the recent level, shape ``(weeks, steps)``."""
        per_hour = self._fleet.per_hour
        before = self._weeks[:, HOURS - self._young.size : HOURS].copy()
        before[:, ~np.isfinite(self._young)] = np.nan
        truth = self._fleet.windows[:, HOURS * per_hour : (HOURS + self._ahead) * per_hour]
        errors = np.empty(truth.shape)
        for group, prior in self._priors.items():
            rows = self._groups == group
            centre = METHODS[method](before[rows], self._ahead, prior)
            errors[rows] = (truth[rows] - _to_steps(centre, per_hour)) / self._scale(before[rows], rows)[:, None]
        return errors

    def _scale(self, before: Floats, rows: NDArray[np.bool_]) -> Floats:
        scale: Floats = np.maximum(_level(before), 0.05 * self._weeks[rows].mean(axis=1))
        return scale

    def loss(self, errors: Floats) -> float:
        """Mean over the trials of the absolute error, in differences of a workload from day to day (MASE).

        Each trial counts for at most ten, so that one that bursts does not decide for all.
        """
        before = self._weeks[:, HOURS - self._young.size : HOURS].copy()
        before[:, ~np.isfinite(self._young)] = np.nan
        scale = self._scale(before, np.ones(len(before), dtype=bool))
        usual = np.abs(self._weeks[:, 24:] - self._weeks[:, :-24]).mean(axis=1)
        share = np.abs(errors).mean(axis=1) * scale / np.maximum(usual, np.finfo(float).tiny)
        return float(np.minimum(share, 10.0).mean())


def _methods(*, like: bool, hours: int) -> tuple[str, ...]:
    if like:
        return (NAME,)
    simple = ("recent_level", "last_value", "median")
    return (NAME, *simple, "day_before") if hours >= 24 else (NAME, *simple)


def _fleet_profile(young: Floats, ahead: int, prior: Prior) -> Floats:
    """Condition the hours ahead on those observed."""
    known = np.isfinite(young[0])
    seen = np.flatnonzero(known)
    observed = young[:, known].T
    target = young.shape[1] + np.arange(ahead)
    mean, tiny = prior.mean[seen], np.finfo(float).tiny
    solved = np.linalg.solve(prior.covariance[np.ix_(seen, seen)], np.column_stack([mean, observed]))
    level = (mean @ solved[:, 1:]) / max(float(mean @ solved[:, 0]), tiny)
    # A level far from what was observed is an accident of the covariance.
    level = np.clip(level, 0.0, 10 * np.maximum(observed.mean(axis=0), tiny))
    residual = solved[:, 1:] - level * solved[:, :1]
    centre = np.outer(prior.mean[target], level) + prior.covariance[np.ix_(target, seen)] @ residual
    found: Floats = np.maximum(centre.T, 0.0)
    return found


def _recent_level(young: Floats, ahead: int, _prior: Prior) -> Floats:
    return np.repeat(_recent(young)[:, None], ahead, axis=1)


def _last_value(young: Floats, ahead: int, _prior: Prior) -> Floats:
    return np.repeat(young[:, np.isfinite(young[0])][:, -1:], ahead, axis=1)


def _median(young: Floats, ahead: int, _prior: Prior) -> Floats:
    middle: Floats = np.median(young[:, np.isfinite(young[0])], axis=1)
    return np.repeat(middle[:, None], ahead, axis=1)


def _day_before(young: Floats, ahead: int, _prior: Prior) -> Floats:
    day = young[:, -24:]
    filled = np.where(np.isfinite(day), day, _recent(young)[:, None])
    return np.tile(filled, (1, -(-ahead // 24)))[:, :ahead]


METHODS: Mapping[str, Method] = {
    NAME: _fleet_profile,
    "recent_level": _recent_level,
    "last_value": _last_value,
    "median": _median,
    "day_before": _day_before,
}


def _recent(young: Floats) -> Floats:
    found: Floats = young[:, np.isfinite(young[0])][:, -RECENT_HOURS:].mean(axis=1)
    return found


def _level(young: Floats) -> Floats:
    found: Floats = young[:, np.isfinite(young[0])][:, -24:].mean(axis=1)
    return found


def _hours(observed: Floats, per_hour: int) -> Floats:
    """Hourly means that end at the cutoff, at most a week of them; NaN where nothing was observed."""
    steps = observed[-HOURS * per_hour :]
    padded = np.concatenate([np.full(-steps.size % per_hour, np.nan), steps]).reshape(-1, per_hour)
    seen = np.isfinite(padded)
    count = seen.sum(axis=1)
    total = np.where(seen, padded, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _to_steps(hourly: Floats, per_hour: int) -> Floats:
    """Hours, along the last axis, drawn as a line through their middles."""
    if per_hour == 1:
        return hourly
    hours = hourly.shape[-1]
    at = np.clip((np.arange(hours * per_hour) + 0.5) / per_hour - 0.5, 0.0, hours - 1.0)
    left = np.minimum(at.astype(np.int64), max(hours - 2, 0))
    share = at - left
    drawn: Floats = (1 - share) * hourly[..., left] + share * hourly[..., np.minimum(left + 1, hours - 1)]
    return drawn
