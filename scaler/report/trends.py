"""Trends of daily peaks, of a whole fleet at once: level, growth, shape of the week, and how far each may be off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WEEK = 7
#: Weeks that a trend is of: growth of half a year tells the next quarter, that of years ago does not.
MOST_WEEKS = 26
#: Weeks that are forecast, and that the check on earlier weeks reaches ahead.
AHEAD = 13
# Levels of so many weeks, in the middle, are where the forecast sets out from.
_LAST = 4
# Bounds of a week's change, as a logarithm: what grows by more has started anew rather than grown.
_STEEPEST, _WILDEST = 0.2, 0.15
# Of the change from week to week, the part that is taken to stay, before the weeks themselves have told.
_STAYS = 0.3
# Evidence that growth needs before half of it is believed, as the square of slope over its uncertainty.
_BELIEVED = 4.0
_TINY = 1e-12
_MAD_TO_SD = 1.4826
# A day below this part of the middle one is as good as closed, and no measure of growth.
_CLOSED = 0.01
# No demand is so steady that its peaks differ by less than this part.
_LEAST_SPREAD = 1e-3

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trends:
    """Logarithms of daily peaks, a row for each workload.

    Attributes:
        level: shape ``(n,)``, of the last weeks, ``behind`` weeks before the end in the middle.
        slope: per week, as far as it is believed.
        slope_sd, drift_sd: how far the slope may be off, and how far a level moves within a week; ``(n,)``.
        shape: ``(n, 7)``, of the days of a week, the day after the end first.
        rest: ``(n, weeks, 7)``, what level and shape leave; NaN is unknown.
        above_sd, below_sd: how far rests are above and below 0; ``(n,)`` each.
        record: highest day, ``(n,)``; ``record_sd``: how far the record rises within a week.
        weeks: whole weeks with a level, ``(n,)``.
    """

    level: Array
    behind: Array
    slope: Array
    slope_sd: Array
    drift_sd: Array
    shape: Array
    rest: Array
    above_sd: Array
    below_sd: Array
    record: Array
    record_sd: Array
    weeks: NDArray[np.int64]

    def middle(self, weeks: int) -> Array:
        """Shape ``(n, weeks, 7)``: what is expected of the days to come."""
        ahead = np.arange(weeks)[:, None] + (np.arange(WEEK)[None] + 0.5) / WEEK + self.behind[:, None, None]
        grown = self.level[:, None, None] + self.slope[:, None, None] * ahead
        found: Array = grown + self.shape[:, None, :]
        return found

    def spread(self, weeks: int, rest_sd: Array) -> Array:
        """Shape ``(n, weeks)``: standard deviation around it, where days differ by ``rest_sd``, shape ``(n,)``."""
        ahead = np.arange(1.0, weeks + 1)[None]
        drift = self.drift_sd[:, None] ** 2 * ahead + (self.slope_sd[:, None] * ahead) ** 2
        found: Array = np.sqrt(rest_sd[:, None] ** 2 + drift)
        return found


def logarithms(peaks: Array) -> Array:
    """Peaks, shape ``(n, days)``, NaN unknown, as logarithms over the last :data:`MOST_WEEKS`, whole weeks each."""
    days = min(peaks.shape[1] // WEEK, MOST_WEEKS) * WEEK
    recent = peaks[:, peaks.shape[1] - days :]
    least = np.nan_to_num(np.maximum(median(recent) * _CLOSED, _TINY), nan=_TINY)
    found: Array = np.log(np.maximum(recent, least[:, None]))
    return found


def trends(logs: Array) -> Trends:
    """The trends of ``logs``, shape ``(n, weeks * 7)``; rows may begin with what is not known."""
    weeks = logs.reshape(logs.shape[0], -1, WEEK)
    shape = _shape(weeks)
    flat = weeks - shape[:, None, :]
    levels = median(flat)
    known = ~np.isnan(levels)
    slope, slope_sd = _slopes(levels, known)
    drift = _drift(levels)
    span = np.maximum(known.sum(axis=1), 2)
    # A level that wanders looks as if it grew: by how much, over so many weeks, is no evidence of growth.
    doubt = slope_sd**2 + drift**2 / span
    evidence = slope**2 / np.maximum(doubt, _TINY)
    belief = evidence / (evidence + _BELIEVED)
    rest = flat - levels[..., None]
    last, behind = _last(levels, known)
    highest = np.maximum.accumulate(np.where(np.isnan(weeks), -np.inf, weeks).max(axis=2), axis=1)
    records = np.where(np.isfinite(highest), highest, np.nan)
    # The first weeks break every record.
    rises = np.where(np.cumsum(known, axis=1)[:, :-1] >= _LAST, np.diff(records, axis=1), np.nan)
    return Trends(
        level=last,
        behind=behind,
        slope=np.clip(slope * belief, -_STEEPEST, _STEEPEST),
        slope_sd=np.minimum(slope_sd * belief, _STEEPEST),
        drift_sd=drift,
        shape=shape,
        rest=rest,
        above_sd=_one_sided(rest, 1),
        below_sd=_one_sided(rest, -1),
        record=np.nan_to_num(records[:, -1]),
        record_sd=np.sqrt(np.nan_to_num(_mean(rises**2))),
        weeks=known.sum(axis=1),
    )


def median(values: Array) -> Array:
    """Over the last axis, of what is known; NaN where nothing is."""
    count = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    ordered = np.sort(values, axis=-1)
    low, high = (np.take_along_axis(ordered, np.maximum(count + odd, 0) // 2, axis=-1) for odd in (-1, 0))
    high = np.where(count % 2 == 1, low, high)
    found: Array = ((low + high) / 2)[..., 0]
    return found


def _shape(weeks: Array) -> Array:
    """What each day of the week is above or below the middle of its week, as far as the weeks agree on it."""
    days = np.swapaxes(weeks - median(weeks)[..., None], 1, 2)
    found = median(days)
    apart = median(np.abs(days - found[..., None])) * _MAD_TO_SD
    doubt = apart**2 / np.maximum((~np.isnan(days)).sum(axis=2), 1)
    agreed = found**2 / np.maximum(found**2 + _BELIEVED * doubt, _TINY)
    shape: Array = np.nan_to_num(found * agreed)
    return shape


def _slopes(levels: Array, known: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Slope per week by Theil and Sen, and half the width of its 68 % interval (Sen 1968)."""
    first, second = np.triu_indices(levels.shape[1], 1)
    slopes = np.sort((levels[:, second] - levels[:, first]) / (second - first), axis=1)
    pairs = (~np.isnan(slopes)).sum(axis=1)
    weeks = known.sum(axis=1)
    half = np.sqrt(weeks * (weeks - 1) * (2 * weeks + 5) / 18) / 2
    last = np.maximum(pairs - 1, 0)
    low, high = (
        np.take_along_axis(
            slopes, np.clip(np.rint(pairs / 2 + sign * half - (sign < 0)), 0, last).astype(int)[:, None], 1
        )
        for sign in (-1, 1)
    )
    return np.nan_to_num(median(slopes)), np.nan_to_num((high - low)[:, 0] / 2)


def _drift(levels: Array) -> Array:
    """How far a level moves within a week for good: what is left of its changes when what swings back is taken off."""
    steps = np.diff(levels, axis=1)
    off = steps - np.nan_to_num(median(steps))[:, None]
    variance = np.nan_to_num(_mean(off**2))
    swings = np.nan_to_num(_mean(off[:, 1:] * off[:, :-1])) if off.shape[1] > 1 else np.zeros_like(variance)
    stays = np.clip(variance + 2 * swings, 0, variance)
    found: Array = np.minimum(np.sqrt((stays + _STAYS * variance) / 2), _WILDEST)
    return found


def _one_sided(rest: Array, sign: int) -> Array:
    """Standard deviation as if the other side were a mirror of this one: bursts and quiet days are not alike."""
    away = sign * rest.reshape(rest.shape[0], -1)
    squares = np.where(away >= 0, away, np.nan) ** 2
    found: Array = np.maximum(np.sqrt(np.nan_to_num(_mean(squares))), _LEAST_SPREAD)
    return found


def _last(levels: Array, known: NDArray[np.bool_]) -> tuple[Array, Array]:
    """The middle of the last levels that are known, and how many weeks before the end it is of."""
    from_end = np.cumsum(known[:, ::-1], axis=1)[:, ::-1]
    recent = known & (from_end <= _LAST)
    age = np.where(recent, np.arange(levels.shape[1])[::-1] + 0.5, np.nan)
    return np.nan_to_num(median(np.where(recent, levels, np.nan))), np.nan_to_num(median(age))


def _mean(values: Array) -> Array:
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    found: Array = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found
