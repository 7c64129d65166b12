"""Whether the last day of demand is like the same phase of the weeks before it.

Demand is compared as logarithms: each step with the usual of its phase. The distance of a day is the root mean square
over its blocks of three hours, whichever way they lie: a later peak or another shape show in it. Its spread is how
single steps scatter, and its level their mean. The days of the weeks before are held against each other in the same
way, each against the usual of the *other* weeks: how their distances and spreads vary, and how far the level of any of
them went, is what "like" means. So one threshold serves all workloads, whatever their size, season and noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
#: A spread varies more from day to day than a distance does: so much of it counts.
SPREAD_WEIGHT = 0.8
#: A level that is two and a half times as far away as on any day before weighs as much as 4.5 deviations of a distance.
LEVEL_WEIGHT = 1.8
BLOCK_SECONDS = 3 * 3_600
# Days that differ less than this, in logarithms, are those of a metronome: anything would be an alarm.
_LEAST_SCATTER, _LEAST_LEVEL = 0.1, 0.05
# Clocks change at quarters of an hour.
_CLOCK_SECONDS = 900
# Added to demand before the logarithm, over its mean: what is that small has no level of its own.
_SMALL = 0.05
# What is that near the usual is at it.
_TINY = 1e-3


@dataclass(frozen=True, eq=False)
class InputDrift:
    """How unlike the last day is; shapes ``(names,)``; NaN where too little is known.

    Attributes:
        distance, spread: in standard deviations of those of the days before, on a scale of logarithms.
        level: how far the mean is from that of the days before, over the farthest of these.
        ratio: demand of the day over the usual of its phase.
        steady: share of the distance that is one and the same for the whole day: 1 is a mere level.
    """

    distance: Floats
    spread: Floats
    level: Floats
    ratio: Floats
    steady: Floats

    @property
    def statistic(self) -> Floats:
        """What the threshold is held against. A spread that shrinks is a drift, too."""
        others = np.fmax(SPREAD_WEIGHT * np.abs(self.spread), LEVEL_WEIGHT * self.level)
        worst: Floats = np.fmax(self.distance, others)
        return worst


def input_drift(values: Floats, step_seconds: int) -> InputDrift:
    """Hold the last day against the weeks before it.

    Args:
        values: demand in wall time, shape ``(names, steps)``; NaN is unknown. The last step ends the day.
        step_seconds: divides a day.
    """
    day = DAY_SECONDS // step_seconds
    weeks = min(MOST_WEEKS, (values.shape[1] - day) // (WEEK_DAYS * day))
    if weeks < LEAST_WEEKS:
        unknown = np.full(values.shape[0], np.nan)
        return InputDrift(unknown, unknown, unknown, unknown, unknown)
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

    def standardised(of: Callable[[Floats], Floats], least: float = _LEAST_SCATTER) -> Floats:
        now, then = np.log(of(mine) + _TINY), np.log(of(apart) + _TINY)
        scatter = np.maximum(_deviation(then), least)
        return np.where(enough, (now[:, 0] - _median(then, axis=1)) / scatter, np.nan)

    level, levels = _mean(mine)[:, 0], _mean(apart)
    usual_level = _median(levels, axis=1)
    farthest = np.nanmax(np.abs(levels - usual_level[:, None]), axis=1, initial=_LEAST_LEVEL)
    whole = _size(_blocks(mine, step_seconds))[:, 0]
    return InputDrift(
        standardised(lambda days: _size(_blocks(days, step_seconds))),
        # The logarithm of a deviation over n steps has by itself a scatter of 1/√(2n).
        standardised(_deviation, max(_LEAST_SCATTER, (2 * day) ** -0.5)),
        np.where(enough, np.abs(level - usual_level) / farthest, np.nan),
        np.where(enough, np.exp(level), np.nan),
        np.where(enough, np.abs(level) / np.maximum(whole, _TINY), np.nan),
    )


def in_wall_time(values: Floats, start: datetime, step_seconds: int, timezones: Sequence[str]) -> Floats:
    """Rows shifted so that a step before a change of the clock lies at the wall time of the last step's zone.

    Args:
        values: shape ``(names, steps)``.
        start: of the first step, UTC.
        timezones: of each row.
    """
    moved = values.copy()
    # Not by the day: the day on which clocks change would be an hour off as a whole.
    asked = np.arange(0, values.shape[1], max(1, _CLOCK_SECONDS // step_seconds))
    first = start.astimezone(UTC).timestamp()
    for zone in sorted(set(timezones)):
        offsets = np.array([_offset(first + float(at) * step_seconds, zone) for at in asked])
        shift = (offsets[-1] - offsets) // step_seconds
        if not shift.any():
            continue
        rows = np.flatnonzero(np.array(timezones) == zone)
        columns = np.arange(values.shape[1])
        source = columns + np.repeat(shift, np.diff([*asked, values.shape[1]]))
        inside = (source >= 0) & (source < values.shape[1])
        taken = values[np.ix_(rows, np.clip(source, 0, values.shape[1] - 1))]
        moved[rows] = np.where(inside, taken, np.nan)
    return moved


def _offset(seconds: float, zone: str) -> int:
    offset = datetime.fromtimestamp(seconds, ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _blocks(days: Floats, step_seconds: int) -> Floats:
    """Means over blocks of three hours, or of a step that is longer; over the last axis, of what is known."""
    size = max(1, BLOCK_SECONDS // step_seconds)
    return _mean(days.reshape(*days.shape[:-1], -1, size)) if days.shape[-1] % size == 0 else days


def _size(values: Floats) -> Floats:
    """Root mean square over the last axis, of what is known."""
    root: Floats = np.sqrt(_mean(values**2))
    return root


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
