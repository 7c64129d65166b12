"""Series of a plan as lines that are short enough to be drawn, and the charts made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.plan.document import ForecastPart, WorkloadPart
from scaler.report.figures import rounded
from scaler.report.interface import Chart, Line
from scaler.report.trends import WEEK, Array

#: Most steps of a line: as many as a screen shows apart where the fleet is small enough, and never fewer than days
#: of a quarter.
MOST_STEPS, LEAST_STEPS = 336, 91
# Steps of all lines of a kind on one page.
_ON_A_PAGE = 18_200
_HOUR, _DAY = 3600, 86_400
# Of the past, half a year beside the quarter to come.
_OUTLOOK_DAYS = 182


def steps_for(workloads: int) -> int:
    """Most steps of a line on a page of so many workloads."""
    return max(LEAST_STEPS, min(MOST_STEPS, _ON_A_PAGE // max(1, workloads)))


def demand_chart(
    history: NDArray[np.float64], step_seconds: int, part: ForecastPart, unit: str, most: int = LEAST_STEPS
) -> Chart:
    """Demand up to the forecast's cutoff, and the fan after it.

    Args:
        history: shape ``(steps,)``, ends at the cutoff; NaN is unknown.
        most: steps that a line is drawn in.
    """
    width = width_of(history.size, step_seconds, most)
    past = Line(
        "demand",
        "history",
        part.cutoff - timedelta(seconds=step_seconds * width * -(-history.size // width)),
        step_seconds * width,
        tops(history, width, at_end=True),
    )
    values = np.array(part.values)
    # Three lines of a span that is short beside the history.
    wide = width_of(values.shape[0], part.step_seconds, max(24, most // 2))
    quantiles = [values[:, nearest(part.quantiles, q)] for q in (0.05, 0.5, 0.95)]
    low, middle, high = (tops(column, wide) for column in quantiles)
    step = part.step_seconds * wide
    lines = (
        past,
        Line("p5 to p95", "band", part.cutoff, step, high, low),
        Line("median", "median", part.cutoff, step, middle),
    )
    return chart("Demand", unit, lines)


def capacity_chart(part: WorkloadPart, most: int = LEAST_STEPS) -> Chart | None:
    """Requirement, planned floor, live minimum and maximum over the span of the plan; ``None`` without a plan."""
    if part.requirement is None or not part.steps:
        return None
    start, end = part.steps[0].start, part.steps[-1].end
    span = int((end - start).total_seconds())
    needed = np.array(part.requirement.per_step, dtype=float)
    step = span // needed.size
    width = width_of(needed.size, step, most)
    floor = np.zeros(needed.size)
    for level in part.steps:
        first, last = (int((time - start).total_seconds()) // step for time in (level.start, level.end))
        floor[first:last] = level.min_size
    lines = [
        Line("requirement", "required", start, step * width, tops(needed, width), stepped=True),
        Line("planned floor", "floor", start, step * width, tops(floor, width), stepped=True),
        Line("maximum", "limit", start, span, (part.steps[0].max_size,), stepped=True),
    ]
    if part.live is not None:
        lines.append(Line("live minimum", "live", start, span, (part.live.min_size,), stepped=True))
    return chart("Capacity", part.requirement.units, tuple(lines))


def chart(title: str, unit: str, lines: tuple[Line, ...]) -> Chart:
    """A chart with the marks of its axes."""
    known = [value for line in lines for value in line.values if value is not None]
    start = min(line.start for line in lines)
    end = max(line.start + timedelta(seconds=line.step_seconds * len(line.values)) for line in lines)
    return Chart(title, unit, start, end, lines, _ticks(max(known, default=0.0)), _days(start, end))


def outlook_chart(peaks: Array, paths: Array, end: datetime, unit: str) -> Chart:
    """Peaks by week: those that were, and the fan of those to come.

    Args:
        peaks: shape ``(days,)``, ends at ``end``; NaN is unknown.
        paths: shape ``(paths, days)``.
    """
    recent = peaks[np.argmax(~np.isnan(peaks)) :][-_OUTLOOK_DAYS:]
    weeks = recent[recent.size % WEEK :].reshape(-1, WEEK)
    known = ~np.isnan(weeks)
    past = np.where(known.any(axis=1), np.where(known, weeks, -np.inf).max(axis=1), np.nan)
    low, middle, high = np.quantile(paths.reshape(paths.shape[0], -1, WEEK).max(axis=2), (0.1, 0.5, 0.9), axis=0)
    step = WEEK * _DAY

    def values(of: Array) -> tuple[float | None, ...]:
        return tuple(rounded(float(value)) for value in of)

    lines = (
        Line("peak", "history", end - timedelta(seconds=step * past.size), step, values(past)),
        Line("p10 to p90", "band", end, step, values(high), values(low)),
        Line("median", "median", end, step, values(middle)),
    )
    return chart("Peaks by week, 13 weeks ahead", unit, lines)


def tops(values: NDArray[np.float64], width: int, *, at_end: bool = False) -> tuple[float | None, ...]:
    """The largest known value of each ``width`` steps; an odd rest is at the start if ``at_end``."""
    rest = -values.size % width
    padded = np.concatenate([np.full(rest if at_end else 0, np.nan), values, np.full(0 if at_end else rest, np.nan)])
    groups = padded.reshape(-1, width)
    known = ~np.isnan(groups)
    tops = np.where(known, groups, -np.inf).max(axis=1)
    return tuple(
        rounded(float(top)) if any_known else None for top, any_known in zip(tops, known.any(axis=1), strict=True)
    )


def width_of(steps: int, step_seconds: int, most: int) -> int:
    """Steps that are drawn as one: so few points that they fit, and whole hours where it is more than an hour."""
    width = max(1, -(-steps // most))
    per_hour = max(1, _HOUR // step_seconds)
    return width if width < per_hour else -(-width // per_hour) * per_hour


def nearest(quantiles: Sequence[float], wanted: float) -> int:
    """Index of the quantile next to the wanted one."""
    return min(range(len(quantiles)), key=lambda index: abs(quantiles[index] - wanted))


def _ticks(top: float) -> tuple[float, ...]:
    """0 and two to five round numbers up to at least ``top``."""
    if top <= 0:
        return (0.0, 1.0)
    power = 10.0 ** math.floor(math.log10(top / 4))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power * 4 >= top)
    count = max(1, math.ceil(top / step - 1e-9))
    return tuple(float(f"{step * index:.6g}") for index in range(count + 1))


def _days(start: datetime, end: datetime) -> tuple[datetime, ...]:
    """Up to six midnights within, evenly spaced."""
    first = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [first + timedelta(days=index) for index in range(int((end - first) / timedelta(days=1)) + 1)]
    days = [day for day in days if start <= day <= end]
    return tuple(days[:: max(1, -(-len(days) // 6))])
