"""Thirteen weeks of daily peaks of a whole fleet: growth, shape of the week, events, and how sure that is."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.events import Event
from scaler.report.figures import percent
from scaler.report.trends import AHEAD, WEEK, Array, Trends, logarithms, trends

DAYS = AHEAD * WEEK
PATHS = 400
#: Three weeks tell a trend from a shape, and no fewer do.
LEAST_DAYS = 21
_DAY = 86_400
# Half the width again where nothing has been checked, which counts as much as so many checked weeks.
_UNTESTED, _UNTESTED_WEEKS = 1.5, 4.0
_NARROWEST, _WIDEST = 1.0, 4.0
_LEAST_CHECKED = 2
# A normal's half-width that holds four fifths, which the check on earlier weeks compares with.
_FOUR_FIFTHS = 1.2816
# No path grows beyond this many times the highest peak that was seen.
_BEYOND = 10.0
# Of the chance in growth and drift, the part that a fleet has in common: what carries one up, carries others.
_COMMON = 0.5
_BANKS = 64
# Of the spread of days, what is added where the fan is too narrow: the days themselves are drawn already.
_REST_ADDED = 0.6
# How far a record rises in a week at least, as a logarithm.
_LEAST_RISE = 0.03
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Outlooks:
    """Possible courses of the daily peaks of several workloads.

    Path ``p`` of one workload is of the same draw as path ``p`` of another, so that they can be added up.

    Attributes:
        paths: shape ``(n, paths, 91)``, in units of demand.
        growth_percent: per week, as it was carried on; ``(n,)``.
        checked: earlier weeks that the fan was checked on; ``(n,)``.
    """

    names: tuple[str, ...]
    paths: NDArray[np.float64]
    growth_percent: tuple[float, ...]
    checked: tuple[int, ...]

    def how(self, row: int) -> str:
        """How the courses of a workload were made, in one line."""
        checked = self.checked[row]
        how = f"checked on {checked} earlier weeks" if checked else "too short to be checked, so half as wide again"
        return f"growth {self.growth_percent[row]} % a week, {how}"


def daily_peaks(demand: Array, step_seconds: int) -> Array:
    """Highest demand of each 24 hours back from the end, shape ``(n, days)``; NaN where less than half is known.

    Args:
        demand: shape ``(n, steps)``; NaN is unknown.
    """
    per_day = _DAY // step_seconds
    whole = demand[:, demand.shape[1] % per_day :].reshape(demand.shape[0], -1, per_day)
    known = ~np.isnan(whole)
    tops = np.where(known, whole, -np.inf).max(axis=2, initial=-np.inf)
    return np.where(known.mean(axis=2) >= 0.5, tops, np.nan)


def outlooks(
    names: Sequence[str], peaks: Array, end: datetime, events: Mapping[str, Sequence[Event]] | None = None
) -> Outlooks:
    """Courses of the daily peaks to come; the same name and peaks give the same ones, whoever else is asked about.

    Args:
        peaks: shape ``(n, days)``, ends at ``end``; NaN is unknown. At least :data:`LEAST_DAYS` are known of each.
        events: by name; those with a multiplier or a floor change the days that they touch.
    """
    logs = logarithms(peaks)
    made = trends(logs)
    narrow, wide, checked = widths(logs)
    courses = _courses(names, made, (narrow, wide))
    top = np.log(np.maximum(np.nanmax(peaks, axis=1) * _BEYOND, _TINY))
    paths = np.exp(np.minimum(courses, top[:, None, None]))
    for row, name in enumerate(names):
        with_events(paths[row], (events or {}).get(name, ()), end)
    growth = tuple(percent(float(each)) or 0.0 for each in np.expm1(made.slope))
    return Outlooks(tuple(names), paths, growth, tuple(int(each) for each in checked))


def widths(logs: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """How many times wider than thought the fan has to be below and above its middle, and the weeks that say so.

    The same forecast is made from earlier weeks, and compared with those that followed.
    """
    weeks = logs.shape[1] // WEEK
    known = (~np.isnan(logs)).cumsum(axis=1)
    found, checked = [], np.zeros(logs.shape[0], dtype=np.int64)
    for ahead in range(1, min(AHEAD, weeks - LEAST_DAYS // WEEK) + 1):
        cut = -ahead * WEEK
        enough = known[:, cut - 1] >= LEAST_DAYS
        earlier = trends(logs[:, :cut])
        error = logs[:, cut:].reshape(logs.shape[0], ahead, WEEK) - earlier.middle(ahead)
        above, below = (earlier.spread(ahead, sd)[..., None] for sd in (earlier.above_sd, earlier.below_sd))
        error /= np.where(error > 0, above, below)
        found.append(np.where(enough[:, None], error.reshape(logs.shape[0], -1), np.nan))
        checked += enough
    errors = np.concatenate(found, axis=1) if found else np.full((logs.shape[0], 1), np.nan)
    checked = np.where(checked >= _LEAST_CHECKED, checked, 0)
    narrow, wide = (_blended(sign * _quantile(sign * errors, 0.9), checked) for sign in (-1, 1))
    return narrow, wide, checked


def _blended(quantile: Array, checked: NDArray[np.int64]) -> Array:
    """The width that the errors tell, and what is taken without any, by how much there is of each."""
    told = np.clip(np.abs(np.nan_to_num(quantile)) / _FOUR_FIFTHS, _NARROWEST, _WIDEST)
    found: Array = (told * checked + _UNTESTED * _UNTESTED_WEEKS) / (checked + _UNTESTED_WEEKS)
    return found


def _quantile(values: Array, share: float) -> Array:
    """Of each row, over what is known; NaN where nothing is."""
    count = (~np.isnan(values)).sum(axis=1)
    at = np.clip(np.ceil(share * count) - 1, 0, None).astype(int)
    found: Array = np.take_along_axis(np.sort(values, axis=1), at[:, None], axis=1)[:, 0]
    return found


def _courses(names: Sequence[str], made: Trends, widths: tuple[Array, Array]) -> Array:
    """Logarithms of what may come, shape ``(n, paths, 91)``: weeks as they were, drift, and growth that is off.

    What the check found missing is added as chance of its own, and not by stretching the weeks that were. No course
    is far above the highest day that was, but by growth and by how fast records have been broken: a burst is as high
    as bursts have been, and what is saturated stays so.
    """
    random = np.random.default_rng(1998)
    which = random.random((PATHS, AHEAD))
    common = random.standard_normal((1, PATHS, AHEAD + 2))
    bank = random.standard_normal((_BANKS, PATHS, AHEAD + 2))
    mine = [zlib.crc32(name.encode()) % _BANKS for name in names]
    chance = np.sqrt(_COMMON) * common + np.sqrt(1 - _COMMON) * bank[mine]
    ahead = np.arange(1.0, AHEAD + 1)
    low, high = (np.sqrt(width**2 - 1)[:, None, None] for width in widths)
    steepness, missing = chance[..., AHEAD : AHEAD + 1], chance[..., AHEAD + 1 :]
    missing = missing * np.where(missing > 0, high, low)
    above, below = (made.spread(AHEAD, _REST_ADDED * sd)[:, None, :] for sd in (made.above_sd, made.below_sd))
    steeper = steepness * made.slope_sd[:, None, None] * ahead
    moved = np.cumsum(chance[..., :AHEAD], axis=2) * made.drift_sd[:, None, None] + steeper
    moved += missing * np.where(missing > 0, above, below)
    # The same past week for all: what the fleet had in common on it stays in common.
    back = np.floor(which[None] * np.maximum(made.weeks, 1)[:, None, None]).astype(int)
    rest = np.nan_to_num(made.rest)[np.arange(len(names))[:, None, None], made.rest.shape[1] - 1 - back]
    record = made.record[:, None, None] + np.maximum(made.slope[:, None, None] * ahead + steeper, 0)
    broken = np.maximum(made.record_sd, _LEAST_RISE)[:, None, None] * np.sqrt(ahead)
    record = record + _LEAST_RISE + np.maximum(missing, 0) * broken
    drawn = made.middle(AHEAD)[:, None] + rest + moved[..., None]
    courses: Array = np.minimum(drawn, record[..., None]).reshape(len(names), PATHS, DAYS)
    return courses


def with_events(paths: Array, events: Sequence[Event], end: datetime) -> None:
    """Put configured effects on the days that they touch, in place; learned ones need their own past, and are not."""
    first = int(end.timestamp())
    for event in events:
        for start in event.starts:
            days = slice(max(0, (start - first) // _DAY), max(0, -(-(start + event.duration_seconds - first) // _DAY)))
            if event.multiplier is not None:
                paths[:, days] *= event.multiplier
            if event.floor is not None:
                paths[:, days] = np.maximum(paths[:, days], event.floor)
