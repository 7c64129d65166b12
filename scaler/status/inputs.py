"""Whether the last day of demand is like the same phase of the weeks before it.

Demand is compared as logarithms, so that a day's level is its mean distance from the usual of its phase, and its
spread is how the distances scatter within it. The days of the weeks before are held against each other in the same
way, each against the usual of the *other* weeks; how they scatter is what "like" means. So one threshold serves all
workloads, whatever their size, season and noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAY_SECONDS, WEEK_DAYS = 86_400, 7
#: Weeks before the day that it is held against: at most, and at least.
MOST_WEEKS, LEAST_WEEKS = 4, 2
#: Share of the day, and of the weeks, that must be known.
LEAST_KNOWN = 0.75
# A scatter of days below these is that of a metronome: a hundredth of it would be an alarm.
_LEAST_LEVEL, _LEAST_SPREAD = 0.02, 0.1
# Added to demand before the logarithm, over its mean: what is that small has no level of its own.
_SMALL = 0.05
_TINY = 1e-3


@dataclass(frozen=True, eq=False)
class InputDrift:
    """How far the last day is from the weeks before, in standard deviations of their days; shapes ``(names,)``.

    Attributes:
        level, spread: signed; NaN where too little is known.
        ratio: demand of the day over the usual of its phase.
    """

    level: Floats
    spread: Floats
    ratio: Floats

    @property
    def statistic(self) -> Floats:
        """What the threshold is held against: the larger of the two. A spread that shrinks is a drift, too."""
        worst: Floats = np.fmax(np.abs(self.level), np.abs(self.spread))
        return worst


def input_drift(values: Floats, step_seconds: int) -> InputDrift:
    """Hold the last day against the weeks before it.

    Args:
        values: demand in wall time, shape ``(names, steps)``; NaN is unknown. The last step ends the day.
    """
    day = DAY_SECONDS // step_seconds
    weeks = min(MOST_WEEKS, (values.shape[1] - day) // (WEEK_DAYS * day))
    if weeks < LEAST_WEEKS:
        unknown = np.full(values.shape[0], np.nan)
        return InputDrift(unknown, unknown, unknown)
    span = weeks * WEEK_DAYS * day
    recent, before = values[:, -day:], values[:, -day - span : -day]
    enough = (np.isfinite(recent).mean(axis=1) >= LEAST_KNOWN) & (np.isfinite(before).mean(axis=1) >= LEAST_KNOWN)
    small = np.maximum(_SMALL * _mean(before), np.finfo(float).tiny)[:, None]
    today, past = np.log(np.maximum(recent, 0) + small), np.log(np.maximum(before, 0) + small)
    # With two weeks, the median of the others would be one noisy week: then days stand for each other.
    rows = past.reshape(len(values), -1, (WEEK_DAYS if weeks > LEAST_WEEKS else 1) * day)
    usual = _median(rows, axis=1)[:, :day]
    others = np.stack([_median(np.delete(rows, index, axis=1), axis=1) for index in range(rows.shape[1])], axis=1)
    apart = (rows - others).reshape(len(values), -1, day)
    mine = (today - usual)[:, None]
    level, levels = _mean(mine), _mean(apart)
    spread, spreads = np.log(_deviation(mine) + _TINY), np.log(_deviation(apart) + _TINY)

    def standardised(now: Floats, then: Floats, least: float) -> Floats:
        scatter = np.maximum(_deviation(then), least)
        return np.where(enough, (now[:, 0] - _median(then, axis=1)) / scatter, np.nan)

    return InputDrift(
        standardised(level, levels, _LEAST_LEVEL),
        standardised(spread, spreads, _LEAST_SPREAD),
        np.where(enough, np.exp(level[:, 0]), np.nan),
    )


def in_wall_time(values: Floats, start: datetime, step_seconds: int, timezones: Sequence[str]) -> Floats:
    """Rows shifted so that a step before a change of the clock lies at the wall time of the last step's zone.

    Args:
        values: shape ``(names, steps)``.
        start: of the first step, UTC.
        timezones: of each row.
    """
    moved = values.copy()
    days = np.arange(0, values.shape[1], DAY_SECONDS // step_seconds)
    first = start.astimezone(UTC).timestamp()
    for zone in sorted(set(timezones)):
        offsets = np.array([_offset(first + float(day) * step_seconds, zone) for day in days])
        shift = (offsets[-1] - offsets) // step_seconds
        if not shift.any():
            continue
        rows = np.flatnonzero(np.array(timezones) == zone)
        columns = np.arange(values.shape[1])
        source = columns + np.repeat(shift, np.diff([*days, values.shape[1]]))
        inside = (source >= 0) & (source < values.shape[1])
        taken = values[np.ix_(rows, np.clip(source, 0, values.shape[1] - 1))]
        moved[rows] = np.where(inside, taken, np.nan)
    return moved


def _offset(seconds: float, zone: str) -> int:
    offset = datetime.fromtimestamp(seconds, ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _mean(values: Floats) -> Floats:
    """Over the last axis, of what is known."""
    known = np.isfinite(values)
    mean: Floats = np.where(known, values, 0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
    return np.where(known.any(axis=-1), mean, np.nan)


def _deviation(values: Floats) -> Floats:
    """Standard deviation over the last axis, of what is known."""
    spread: Floats = np.sqrt(_mean((values - _mean(values)[..., None]) ** 2))
    return spread


def _median(values: Floats, *, axis: int) -> Floats:
    """Of what is known; much faster than NumPy's own where NaN may be."""
    ordered = np.sort(values, axis=axis)  # NaN last
    count = np.isfinite(values).sum(axis=axis, keepdims=True)
    low, high = (np.maximum(count - 1, 0) // 2), count // 2
    high = np.minimum(high, np.maximum(count - 1, 0))
    both = np.take_along_axis(ordered, low, axis) + np.take_along_axis(ordered, high, axis)
    middle: Floats = np.squeeze(both / 2, axis=axis)
    return middle
