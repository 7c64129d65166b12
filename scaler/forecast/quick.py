"""Quick path: the next hours from the newest observations, without a new fit.

What a full forecast misses by at the moment, it will miss by a little later too. How much of that is left after each
lead is learnt once per full forecast (:func:`fit_quick`) and applied with each new observation
(:func:`update_quick`), at a cost of microseconds per workload.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.interface import ForecastRefused, QuantileForecast
from scaler.forecast.panel.clean import cleaned
from scaler.forecast.panel.grid import Season
from scaler.forecast.panel.rounding import significant_digits
from scaler.forecast.quick_features import features, lead_buckets, local_scale, past_centre, windows_of
from scaler.history.interface import Panel

Array = NDArray[np.float64]

#: Penalty of the regression, as a share of the mean square of a feature: little history moves little.
RIDGE = 0.02
#: Origins used for fitting at most, the newest.
MOST_ORIGINS = 2_000
#: Share by which the widths are stretched: fitted errors are smaller than those to come.
STRETCH = 1.05


@dataclass(frozen=True, eq=False)
class QuickState:
    """What updates need; made with a full forecast and good until the next one.

    Attributes:
        forecast: the full forecast that is updated.
        past: its centre over the last day before its cutoff, shape ``(n, steps of a day)``.
        leads: first lead of each bucket.
        coefficients: share of each recent error that is left, shape ``(n, buckets, features)``.
        scores: quantiles of the locally scaled errors, shape ``(n, buckets, quantiles)``.
        usual: usual size of an error, shape ``(n,)``, in units of demand.
    """

    forecast: QuantileForecast
    past: Array
    leads: NDArray[np.int64]
    coefficients: Array
    scores: Array
    usual: Array


def fit_quick(panel: Panel, forecast: QuantileForecast, *, near_steps: int) -> QuickState:
    """Learn how errors fade, from errors of the slots' recent means over the history.

    Args:
        panel: history up to the cutoff of ``forecast``, of the same workloads.
        near_steps: leads that updates will cover.

    Raises:
        ForecastRefused: less than two days of history.
    """
    season = Season.of(panel.step_seconds)
    if panel.steps < 2 * season.day + near_steps:
        raise ForecastRefused(
            "the quick path has nothing to learn from",
            why=f"the history has {panel.steps} steps; two days of {season.day} and {near_steps} more are needed",
            next_step="use full forecasts until there is more history",
        )
    filled = cleaned(panel.values.T, season)
    centre = past_centre(filled, season)
    errors = panel.values.T - centre  # NaN where missing, or before there was a centre
    known, usual = features(errors, windows_of(season)), _usual(errors)
    scale = local_scale(errors, usual, windows_of(season))
    levels = np.asarray(forecast.quantiles)
    leads = lead_buckets(near_steps)
    ends = np.append(leads[1:], near_steps + 1)
    coefficients, scores = [], []
    for first, end in zip(leads.tolist(), ends.tolist(), strict=True):
        lead = (first + end - 1) // 2
        begin = max(season.day, errors.shape[0] - lead - MOST_ORIGINS)
        origins = slice(begin, errors.shape[0] - lead)
        target = errors[begin + lead :]
        fitted = _regression(known[origins], target)
        missed = (target - np.einsum("tnf,nf->tn", known[origins], fitted)) / scale[origins]
        coefficients.append(fitted)
        scores.append(_quantiles(missed, levels))
    return QuickState(
        forecast,
        np.ascontiguousarray(centre[-season.day :].T),
        leads,
        np.stack(coefficients, axis=1),
        np.stack(scores, axis=1),
        usual,
    )


def update_quick(state: QuickState, recent: Panel, *, near_steps: int) -> QuantileForecast:
    """The next steps after the newest observation.

    Args:
        recent: the workloads of the state, in its order; its cutoff lies within the horizon of the state's
            forecast. A day of it is read. NaN is missing.
        near_steps: leads to forecast, at most what the state was fitted for and the full forecast still covers.

    Returns:
        A forecast that begins at ``recent``'s cutoff; its choices are those of the full forecast.

    Raises:
        ForecastRefused: other workloads or another step, or the full forecast does not reach that far.
    """
    full = state.forecast
    passed = round((recent.cutoff - full.cutoff).total_seconds() / full.step_seconds)
    if recent.names != full.names or recent.step_seconds != full.step_seconds:
        raise ForecastRefused(
            "the quick path got other workloads than the full forecast",
            why="names, order and step must be the same",
            next_step="make a full forecast",
        )
    if passed < 0 or passed + near_steps > full.values.shape[1]:
        raise ForecastRefused(
            "the full forecast does not cover the steps that are asked for",
            why=f"{passed} steps have passed and {near_steps} are asked for; it has {full.values.shape[1]}",
            next_step="make a full forecast",
        )
    season = Season.of(full.step_seconds)
    middle = _median(full)
    day = min(season.day, recent.steps)
    centre = np.concatenate([state.past, middle[:, :passed]], axis=1)[:, -day:]
    errors = (recent.values[:, recent.steps - day :] - centre[:, -day:]).T
    windows = windows_of(season)
    known = features(errors, windows, last=True)[-1]
    scale = local_scale(errors, state.usual, windows, last=True)[-1]
    bucket = np.searchsorted(state.leads, np.arange(1, near_steps + 1), side="right") - 1
    moved = np.einsum("nf,nbf->nb", known, state.coefficients)[:, bucket]
    spread = (scale[:, None, None] * state.scores)[:, bucket] * STRETCH
    values = (middle[:, passed : passed + near_steps] + moved)[..., None] + spread
    ceiling = full.values.max(axis=(1, 2)) * 3 + np.nanmax(np.where(np.isfinite(recent.values), recent.values, 0), 1)
    floor = np.where(full.values.min(axis=(1, 2)) >= 0, 0.0, -np.inf)
    values = np.clip(values, floor[:, None, None], np.maximum(ceiling, 0.0)[:, None, None])
    rounded = significant_digits(np.maximum.accumulate(values, axis=2))
    rounded.setflags(write=False)
    return replace(full, cutoff=recent.cutoff, values=rounded)


def _median(forecast: QuantileForecast) -> Array:
    """Demand at the level nearest to one half, shape ``(n, steps)``."""
    nearest = int(np.argmin(np.abs(np.asarray(forecast.quantiles) - 0.5)))
    return forecast.values[:, :, nearest]


def _usual(errors: Array) -> Array:
    seen = np.isfinite(errors)
    size: Array = np.where(seen, np.abs(errors), 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return size


def _regression(known: Array, target: Array) -> Array:
    """Ridge of the error at a lead on the features, each row by itself, shape ``(n, features)``."""
    seen = np.isfinite(target) & np.isfinite(known).all(axis=2)
    x = np.where(seen[..., None], known, 0.0)
    y = np.where(seen, target, 0.0)
    gram = np.einsum("tnf,tng->nfg", x, x)
    moment = np.einsum("tnf,tn->nf", x, y)
    mean_square = np.trace(gram, axis1=1, axis2=2) / gram.shape[1]
    penalty = np.where(mean_square > 0, RIDGE * mean_square, 1.0)
    regular = gram + penalty[:, None, None] * np.eye(gram.shape[1])
    return np.asarray(np.linalg.solve(regular, moment[..., None])[..., 0])


def _quantiles(scores: Array, levels: Array) -> Array:
    """Shape ``(n, levels)``, with room for one more score beyond the largest."""
    ordered = np.sort(scores, axis=0)  # NaN last
    count = np.isfinite(ordered).sum(axis=0)
    at = np.clip(np.ceil(levels[:, None] * (count + 1)).astype(np.int64) - 1, 0, np.maximum(count - 1, 0))
    return np.nan_to_num(np.take_along_axis(ordered, at, 0)).T
