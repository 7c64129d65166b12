"""Level shifts: the day from which demand is another one, so that what lies before it is no guide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS

# A shift must be this large, as a share, and stand out this far from the days around it.
LEAST_CHANGE = 0.3
LEAST_DEVIATIONS = 6.0
# Days on each side that it must hold for: shorter ones are events or outages.
LEAST_DAYS = 4
# History is cut off at the shift only if this much remains, two weeks to tell a weekly season.
LEAST_REMAINING_SECONDS = 2 * WEEK_SECONDS


@dataclass(frozen=True)
class Shift:
    """The last level shift of a series.

    Attributes:
        step: first step after it.
        factor: level after it over the level before.
    """

    step: int
    factor: float


def last_shift(values: NDArray[np.float64], step_seconds: int) -> Shift | None:
    """The most recent lasting change of level, or ``None``.

    Days are compared with the same weekday, in logarithms, so that weekends and growth of a few percent
    a week are none. The day of the largest difference between the medians of the days after and before
    is the shift, if that difference stands out.

    Args:
        values: shape ``(t,)``, NaN where missing; read in whole days that end at the cutoff.
    """
    per_day = DAY_SECONDS // step_seconds
    days = values.size // per_day if per_day else 0
    if days < 2 * 7:
        return None
    offset = values.size - days * per_day
    daily = _daily_log(values[offset:].reshape(days, per_day))
    if np.isnan(daily).mean() > 0.3:
        return None
    daily = np.where(np.isnan(daily), np.nanmedian(daily), daily)
    found = None
    end = days
    first = 0
    while end - first >= 2 * LEAST_DAYS:
        best = _largest(daily[first:end])
        if best is None:
            break
        at, change = best
        found = Shift(offset + (first + at) * per_day, float(np.exp(change)))
        first += at  # a later shift counts more
    return found


def _daily_log(days: NDArray[np.float64]) -> NDArray[np.float64]:
    seen = np.isfinite(days).sum(axis=1)
    total = np.where(np.isfinite(days), days, 0.0).sum(axis=1)
    mean = np.where(seen >= days.shape[1] // 2, total / np.maximum(seen, 1), np.nan)
    positive = mean[np.isfinite(mean) & (mean > 0)]
    if positive.size == 0:
        return np.full(days.shape[0], np.nan)
    # A day of nothing is an outage or a closed day, not minus infinity.
    logs: NDArray[np.float64] = np.log(np.maximum(mean, 0.01 * float(np.median(positive))))
    weekday = np.arange(days.shape[0]) % 7
    if days.shape[0] >= 21:
        overall = np.nanmedian(logs)
        # The departure of a weekday, taken from differences within its own week, is free of the level.
        weeks = logs[: logs.size // 7 * 7].reshape(-1, 7)
        middle = np.asarray([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else overall for row in weeks])
        inside = weeks - middle[:, None]
        departure = np.asarray([np.median(c[np.isfinite(c)]) if np.isfinite(c).any() else 0.0 for c in inside.T])
        logs = logs - departure[weekday]
    return logs


def _largest(daily: NDArray[np.float64]) -> tuple[int, float] | None:
    """The split with the largest change of the median, if it stands out."""
    best: tuple[float, int, float] | None = None
    for at in range(LEAST_DAYS, daily.size - LEAST_DAYS + 1):
        before, after = daily[:at], daily[at:]
        change = float(np.median(after[:14]) - np.median(before[-14:]))
        cost = float(np.abs(before - np.median(before)).sum() + np.abs(after - np.median(after)).sum())
        if best is None or cost < best[0]:
            best = (cost, at, change)
    if best is None:
        return None
    _, at, change = best
    before, after = daily[:at], daily[at:]
    noise = np.concatenate([before - np.median(before), after - np.median(after)])
    spread = 1.4826 * float(np.median(np.abs(noise)))
    drift = float(np.median(np.abs(np.diff(daily))))
    if abs(change) < np.log1p(LEAST_CHANGE) or abs(change) < LEAST_DEVIATIONS * max(spread, drift) / np.sqrt(2):
        return None
    return at, change


def without_the_time_before(values: NDArray[np.float64], step_seconds: int) -> tuple[NDArray[np.float64], str | None]:
    """The series from its last shift on (NaN before), and what to say of it.

    History stays whole where too little would remain; models with a short memory follow the shift then.
    """
    shift = last_shift(values, step_seconds)
    if shift is None:
        return values, None
    days_ago = (values.size - shift.step) * step_seconds // DAY_SECONDS
    said = f"level changed ×{shift.factor:.3g} {days_ago} days before the cutoff"
    if (values.size - shift.step) * step_seconds < LEAST_REMAINING_SECONDS:
        return values, said
    shortened = values.copy()
    shortened[: shift.step] = np.nan
    return shortened, f"{said}: trained on what came after"
