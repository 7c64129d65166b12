"""Thirteen weeks of daily peaks: robust trend, shape of the week, events; and when they pass a limit."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import UnitCapacity
from scaler.forecast.events import Event
from scaler.report.figures import percent, rounded
from scaler.report.interface import Chart, Line, Reach
from scaler.report.series import chart

DAYS = 91
#: Three weeks tell a trend from a shape, and no fewer do.
LEAST_DAYS = 21
_PATHS = 400
_WEEK, _DAY = 7, 86_400
_TINY = 1e-9
# Half the width again where the history is too short to test the forecast on itself.
_UNTESTED = 1.5
_WIDEST = 4.0
# A normal's half-width that holds four fifths, which the back-test compares with.
_FOUR_FIFTHS = 1.2816
# No path grows beyond this many times the highest peak that was seen, or below its inverse of the last level.
_BEYOND = 10.0


@dataclass(frozen=True, eq=False)
class Trend:
    """Daily peaks as logarithms: a line of weekly levels, the shape of the week and what is left.

    Attributes:
        level: at the end of the history; ``slope`` is per day, ``slope_sd`` how far it may be off.
        shape: shape ``(7,)``, of the days before the end, the first of a week of the history first.
        rest: shape ``(weeks, 7)``.
    """

    level: float
    slope: float
    slope_sd: float
    shape: NDArray[np.float64]
    rest: NDArray[np.float64]

    def ahead(self, days: int) -> NDArray[np.float64]:
        """The middle of each of the coming days."""
        found: NDArray[np.float64] = self.level + self.slope * np.arange(1.0, days + 1) + np.resize(self.shape, days)
        return found

    def spread(self, days: int) -> NDArray[np.float64]:
        """Standard deviation around it."""
        drift = self.slope_sd * np.arange(1.0, days + 1)
        found: NDArray[np.float64] = np.hypot(max(float(np.nanstd(self.rest)), _TINY), drift)
        return found


def daily_peaks(demand: NDArray[np.float64], step_seconds: int) -> NDArray[np.float64]:
    """Highest demand of each 24 hours back from the end; NaN where less than half of them is known."""
    per_day = _DAY // step_seconds
    whole = demand[demand.size % per_day :].reshape(-1, per_day)
    known = ~np.isnan(whole)
    tops = np.where(known, whole, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(known.mean(axis=1) >= 0.5, tops, np.nan)


def outlook(
    name: str, peaks: NDArray[np.float64], end: datetime, events: Sequence[Event] = ()
) -> tuple[NDArray[np.float64], str]:
    """Possible courses of the daily peaks, shape ``(paths, 91)``, and how they were made, in one line.

    The same name and peaks give the same paths.

    Args:
        peaks: shape ``(days,)``, ends at ``end``; NaN is unknown.

    Raises:
        ValueError: fewer than three weeks are known.
    """
    if int((~np.isnan(peaks)).sum()) < LEAST_DAYS or peaks.size < LEAST_DAYS:
        raise ValueError(f"{int((~np.isnan(peaks)).sum())} days of peaks are known, and three weeks are needed")
    logs = np.log(np.maximum(peaks, _TINY))
    made = trend(logs)
    wider, tested = _calibration(logs)
    random = np.random.default_rng(zlib.crc32(name.encode()))
    weeks = DAYS // _WEEK
    rest = made.rest[random.integers(0, made.rest.shape[0], (_PATHS, weeks))].reshape(_PATHS, DAYS)
    slopes = random.standard_normal((_PATHS, 1)) * made.slope_sd
    drawn = made.ahead(DAYS) + wider * (rest + slopes * np.arange(1, DAYS + 1))
    top = np.log(max(float(np.nanmax(peaks)) * _BEYOND, _TINY))
    paths = _with_events(np.exp(np.minimum(drawn, top)), events, end)
    how = f"checked on {tested} earlier weeks" if tested else "too short a history to be checked, so half as wide again"
    return paths, f"trend {percent(float(np.expm1(made.slope * _WEEK)))} % a week, {how}"


def trend(logs: NDArray[np.float64]) -> Trend:
    """The trend of daily logarithms, shape ``(days,)``, by Theil and Sen; whole weeks back from the end."""
    from scipy.stats import theilslopes

    weeks = logs[logs.size % _WEEK :].reshape(-1, _WEEK)
    weeks = weeks[np.argmax((~np.isnan(weeks)).any(axis=1)) :]
    middles = np.array([np.median(week[~np.isnan(week)]) if (~np.isnan(week)).any() else np.nan for week in weeks])
    shape = np.nan_to_num(_medians(weeks - middles[:, None]))
    levels = _medians((weeks - shape).T)
    days = np.arange(levels.size) * _WEEK + (_WEEK - 1) / 2
    known = ~np.isnan(levels)
    slope, intercept, low, high = theilslopes(levels[known], days[known], alpha=0.6827)
    line = intercept + slope * np.arange(weeks.size).reshape(weeks.shape)
    rest = np.nan_to_num(weeks - shape - line)
    return Trend(float(intercept + slope * (weeks.size - 1)), float(slope), float(high - low) / 2, shape, rest)


def reach(limit: str, bound: int, paths: NDArray[np.float64], capacity: UnitCapacity) -> Reach:
    """When the paths need more than ``bound`` units."""
    over = capacity.units(np.maximum(paths, 0.0)) > bound
    first = np.sort(np.where(over.any(axis=1), over.argmax(axis=1) + 1, DAYS + 1))

    def by(share: float) -> int | None:
        day = int(first[min(first.size - 1, int(np.ceil(share * first.size)) - 1)])
        return day if day <= DAYS else None

    ever = percent(float(over.any(axis=1).mean()))
    return Reach(limit, bound, by(0.1), by(0.5), by(0.9), 0.0 if ever is None else ever, DAYS)


def outlook_chart(peaks: NDArray[np.float64], paths: NDArray[np.float64], end: datetime, unit: str) -> Chart:
    """Peaks by week: those that were, and the fan of those to come."""
    weeks = peaks[peaks.size % _WEEK :].reshape(-1, _WEEK)
    past = np.where((~np.isnan(weeks)).any(axis=1), np.where(np.isnan(weeks), -np.inf, weeks).max(axis=1), np.nan)
    low, middle, high = np.quantile(paths.reshape(_PATHS, -1, _WEEK).max(axis=2), (0.1, 0.5, 0.9), axis=0)
    step = _WEEK * _DAY

    def values(of: NDArray[np.float64]) -> tuple[float | None, ...]:
        return tuple(rounded(float(value)) for value in of)

    lines = (
        Line("peak", "history", end - timedelta(seconds=step * past.size), step, values(past)),
        Line("p10 to p90", "band", end, step, values(high), values(low)),
        Line("median", "median", end, step, values(middle)),
    )
    return chart("Peaks by week", unit, lines)


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each column over what is known; NaN where nothing is."""
    columns = [column[~np.isnan(column)] for column in values.T]
    return np.array([np.median(column) if column.size else np.nan for column in columns])


def _calibration(logs: NDArray[np.float64]) -> tuple[float, int]:
    """How many times wider than it thought the forecast should have been, and the earlier weeks that say so."""
    ratios, tested = [], 0
    for weeks in range(1, logs.size // _WEEK - 2):
        before, after = logs[: -weeks * _WEEK], logs[-weeks * _WEEK :]
        if int((~np.isnan(before)).sum()) < LEAST_DAYS:
            break
        earlier = trend(before)
        error = np.abs(after - earlier.ahead(after.size)) / earlier.spread(after.size)
        ratios.append(error[~np.isnan(error)])
        tested += 1
    if tested < 2:
        return _UNTESTED, 0
    return float(np.clip(np.quantile(np.concatenate(ratios), 0.8) / _FOUR_FIFTHS, 1.0, _WIDEST)), tested


def _with_events(paths: NDArray[np.float64], events: Sequence[Event], end: datetime) -> NDArray[np.float64]:
    """Configured effects on the days that they touch; learned ones need their own past and are left out."""
    first = int(end.timestamp())
    for event in events:
        for start in event.starts:
            days = slice(max(0, (start - first) // _DAY), max(0, -(-(start + event.duration_seconds - first) // _DAY)))
            if event.multiplier is not None:
                paths[:, days] *= event.multiplier
            if event.floor is not None:
                paths[:, days] = np.maximum(paths[:, days], event.floor)
    return paths
