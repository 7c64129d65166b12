"""The near forecaster in two steps: fitted once a day, and applied to the newest observations.

An update gives what ``walk`` gives at the same decision, and costs a day's worth of errors instead of the whole past.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scaler.errors import Refused
from scaler.forecast.near.features import DAYS, LONGEST, RECENT_MINUTES, SMOOTH_MINUTES, WEEKS, features, recent
from scaler.forecast.near.grid import Array, Index, Near, Series, last_known
from scaler.forecast.near.regression import daily_ridge
from scaler.forecast.near.spread import (
    DAY_WEIGHT,
    half_lives,
    lateness,
    local_scales,
    scale_of,
    scale_regressors,
    score_quantiles,
)
from scaler.forecast.near.walk import HIGHEST_LOG

#: Days of history below which nothing is fitted: those that replay plans from before it judges.
LEAST_DAYS = 7


class NearRefused(Refused):
    """The near forecaster has too little history, or its fit is too old."""


@dataclass(frozen=True, eq=False)
class NearState:
    """What is kept of a fit until the next day's; ``late`` is the most decisions that an error becomes known after.

    Attributes:
        near: what is forecast.
        levels: quantiles, ascending.
        coefficients: of the regression, shape ``(windows, features)``.
        scale: of the local scale, shape ``(windows, features)``.
        scores: quantiles of the scaled errors, shape ``(windows, levels)``.
        fading: sums and weights of the recent sizes of errors, shape ``(windows, half-lives, 2)``.
        earlier: share of the usual size of an error that the days before the last one make, by decision of the day,
            shape ``(windows, decisions of a day)``.
        weight: of all those days.
        sizes: of the errors of the last day and an hour, 0 where unknown, shape ``(windows, decisions)``.
        pending: what was forecast where the truth was not known yet, logarithms, shape ``(windows, late)``.
        level: level that was known last, a logarithm.
    """

    near: Near
    levels: tuple[float, ...]
    coefficients: Array
    scale: Array
    scores: Array
    fading: Array
    earlier: Array
    weight: float
    sizes: Array
    pending: Array
    level: float

    def arrays(self) -> dict[str, Array]:
        """All of it as arrays, for a file; :meth:`of_arrays` takes them back."""
        near = self.near
        shape = [near.step_seconds, near.window, near.every, near.horizon, near.delay, self.weight, self.level]
        named = {name: getattr(self, name) for name in _ARRAYS}
        return {"shape": np.asarray(shape, float), "levels": np.asarray(self.levels, float), **named}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Any]) -> NearState:
        """What :meth:`arrays` gave.

        Raises:
            KeyError, ValueError: it is something else.
        """
        *steps, weight, level = arrays["shape"].tolist()
        near = Near(*(int(each) for each in steps))
        named = {name: arrays[name] for name in _ARRAYS}
        return cls(near=near, levels=tuple(arrays["levels"].tolist()), weight=weight, level=level, **named)


_ARRAYS = ("coefficients", "scale", "scores", "fading", "earlier", "sizes", "pending")


def fit(values: Array, near: Near, levels: Sequence[float]) -> NearState:
    """Fit to a history; decisions from its end on, for a day, can be made with it.

    Args:
        values: shape ``(steps,)``, in instances; NaN is missing. Its last ``near.delay`` steps are not looked at.
        levels: ascending, each in (0, 1).

    Raises:
        NearRefused: less than a week of history.
    """
    first = int(np.flatnonzero(np.isfinite(values))[0]) if np.isfinite(values).any() else values.size
    values = values[first:].copy()
    values[values.size - near.delay :] = np.nan
    if values.size < LEAST_DAYS * near.day:
        raise NearRefused(
            "the near forecaster has too little to learn from",
            why=f"{values.size / near.day:.1f} days of history; it takes {LEAST_DAYS}",
            next_step="wait until there is more history",
        )
    series, phase = Series.of(values), values.size % near.day
    decisions = np.arange(phase, values.size + 1, near.every)
    days = (decisions - phase) // near.day
    known = recent(series, near, decisions)
    wanted, late, per_day = np.asarray(levels, float), lateness(near, near.windows - 1), near.day // near.every
    made: dict[str, list[Array]] = {name: [] for name in _ARRAYS}
    for window in range(near.windows):
        regressors = features(series, near, decisions, window, known)
        truth = _truth(series, near, decisions, window)
        off_base = np.log1p(truth) - known[1]
        learnt = (decisions - phase + near.known_after(window)) // near.day == days
        fits = int(days[-1]) + 1
        coefficients = daily_ridge(regressors, np.where(learnt, off_base, np.nan), days, fits)
        centre = (regressors * coefficients[days]).sum(axis=1)
        errors, level = off_base - centre, centre + known[1]
        scale, of_scale = local_scales(errors, level, near, days=days, learnt=learnt, window=window)
        # What only becomes known after the fit is left to the updates.
        size = np.abs(errors[:-1])
        made["coefficients"].append(coefficients[-1])
        made["scale"].append(of_scale[-1])
        made["scores"].append(score_quantiles(errors / scale, days, learnt, wanted)[-1])
        made["fading"].append(_faded(size[: size.size - lateness(near, window)], near))
        made["earlier"].append(_earlier(size, near))
        made["sizes"].append(np.nan_to_num(size[-per_day - _hour(near) :]))
        made["pending"].append(level[-1 - late : -1])
    newest = last_known(np.log1p(series.mean(decisions - near.delay - near.steps(RECENT_MINUTES[LONGEST]),
                                             decisions - near.delay)))  # fmt: skip
    weight = sum(DAY_WEIGHT**day for day in range(1, 8) if day * per_day <= decisions.size - 1)
    stacked = {name: np.stack(each) for name, each in made.items()}
    return NearState(near=near, levels=tuple(levels), weight=weight, level=float(newest[-2]), **stacked)


def update(state: NearState, values: Array, *, passed: int) -> Array:
    """Quantiles of the windows ahead of a decision, shape ``(levels, windows)``, at least 0.

    Args:
        values: all that is known up to the decision, shape ``(steps,)``: the last is the step before it. Its last
            ``near.delay`` steps are not looked at; four weeks and a day are.
        passed: steps from the end of the history of the fit to the decision, a multiple of ``near.every``.

    Raises:
        NearRefused: a day has passed since the fit.
    """
    near = state.near
    if passed % near.every or not 0 <= passed < near.day:
        raise NearRefused(
            "the near forecaster has to be fitted anew",
            why=f"{passed} steps have passed since its fit; it is good for {near.day}",
            next_step="fit it once a day",
        )
    late, new = state.pending.shape[1], passed // near.every + 1
    back = passed + late * near.every + 7 * WEEKS * near.day + near.steps(RECENT_MINUTES[LONGEST]) + near.horizon
    values = values[max(0, values.size - back - 2 * near.steps(SMOOTH_MINUTES) - near.delay) :].copy()
    values[values.size - near.delay :] = np.nan
    series = Series.of(values)
    # Decisions since the fit, this one the last, and before them those whose errors are still to be known.
    decisions = values.size - near.every * np.arange(new + late - 1, -1, -1)
    known = recent(series, near, decisions[late:], before=state.level)
    made = np.empty((len(state.levels), near.windows))
    for window in range(near.windows):
        regressors = features(series, near, decisions[late:], window, known)
        level = (regressors * state.coefficients[window]).sum(axis=1) + known[1]
        levels = np.concatenate((state.pending[window], level))
        size = np.abs(np.log1p(_truth(series, near, decisions, window)) - levels)
        behind = lateness(near, window)
        just_known = size[late - behind : size.size - behind]
        means = _faded(just_known, near, state.fading[window])
        recents = [np.asarray([total / max(weight, 1e-9)]) for total, weight in means]
        usual = np.asarray([_usual(state, window, size[: size.size - 1], late, new - 1)])
        scale = scale_of(scale_regressors(recents, usual, level[-1:]), state.scale[window])
        made[:, window] = np.expm1(np.minimum(level[-1] + scale * state.scores[window], HIGHEST_LOG))
    return np.maximum(made, 0.0)


def _truth(series: Series, near: Near, decisions: Index, window: int) -> Array:
    """Highest step of the window of each decision; NaN where it has not passed, or nothing of it is known."""
    at, length = decisions + near.window * window, near.length(window)
    inside = (at >= 0) & (at + length <= series.values.size)
    first = int(max(0, at[0]))
    highest = Series.of(series.values[first:]).highest(length) if first < series.values.size else np.empty(0)
    found = np.full(at.size, np.nan)
    found[inside] = highest[at[inside] - first]
    return found


def _faded(size: Array, near: Near, before: Array | None = None) -> Array:
    """Fading sums and weights of what is known after the last of ``size``, shape ``(half-lives, 2)``."""
    known = np.isfinite(size)
    ages = np.arange(size.size - 1, -1, -1)
    rows = []
    for row, half_life in enumerate(half_lives(near)):
        keep = 0.5 ** (1.0 / half_life)
        weights = keep**ages
        total = np.array([(weights * np.where(known, size, 0.0)).sum(), (weights * known).sum()])
        rows.append(total if before is None else total + before[row] * keep**size.size)
    return np.stack(rows)


def _hour(near: Near) -> int:
    """Decisions of an hour."""
    return max(1, near.steps(60) // near.every)


def _smooth(size: Array, near: Near, at: Index) -> Array:
    """Mean size of the hour around each of the decisions ``at``, unknown ones and those outside as 0."""
    hour = _hour(near)
    sums = np.concatenate(([0.0], np.cumsum(np.nan_to_num(size))))
    end = np.clip(at + (hour - 1) // 2 + 1, 0, size.size)
    means: Array = (sums[end] - sums[np.clip(at + (hour - 1) // 2 + 1 - hour, 0, size.size)]) / hour
    return means


def _earlier(size: Array, near: Near) -> Array:
    """What two to seven days ago makes of the usual size, per decision of the day to come."""
    per_day = near.day // near.every
    at = size.size + np.arange(per_day)
    total = np.zeros(per_day)
    for day in range(2, DAYS + 1):
        if day * per_day <= size.size:
            total += DAY_WEIGHT**day * _smooth(size, near, at - day * per_day)
    return total


def _usual(state: NearState, window: int, fresh: Array, late: int, number: int) -> float:
    """Usual size of an error at this time of the day.

    Args:
        fresh: sizes of the errors that were pending at the fit, and of those since.
        number: decisions since the fit.
    """
    near = state.near
    sizes = np.concatenate((state.sizes[window][: state.sizes.shape[1] - late], fresh))
    at = np.array([state.sizes.shape[1] - near.day // near.every + number])
    yesterday = DAY_WEIGHT * float(_smooth(sizes, near, at)[0])
    return (float(state.earlier[window][number]) + yesterday) / state.weight
