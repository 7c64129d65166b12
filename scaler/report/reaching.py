"""When the courses of the daily peaks pass the limits: max size, quotas, budget. Arrays over the whole fleet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.report.figures import percent, rounded, safe
from scaler.report.interface import Reach
from scaler.report.trends import Array

#: Levels that a cost or a number of vCPUs is worked out at; between them it is drawn straight.
_LEVELS = 24


@dataclass(frozen=True)
class Limit:
    """A limit of one workload, or of several together.

    Attributes:
        name: max size, quota or budget, and of a quota which.
        bound: on the scale of the courses.
        shared_by: workloads that draw on it.
        note: what it leaves out.
    """

    name: str
    unit: str
    bound: float
    shared_by: int = 1
    note: str | None = None


def reaches(limits: Sequence[Limit], courses: Array, now: Array, as_of: datetime) -> tuple[Reach, ...]:
    """When each limit is passed.

    Args:
        courses: shape ``(limits, paths, days)``: what is used of each limit.
        now: shape ``(limits,)``, highest of the last week; NaN is unknown.
    """
    if not limits:
        return ()
    days = courses.shape[2]
    over = courses > np.array([limit.bound for limit in limits])[:, None, None] * (1 + 1e-9)
    ever = over.any(axis=2)
    first = np.sort(np.where(ever, over.argmax(axis=2) + 1, days + 1), axis=1)
    at = np.ceil(np.array([0.1, 0.5, 0.9]) * first.shape[1]).astype(int) - 1
    by, shares = first[:, at], ever.mean(axis=1)
    return tuple(
        _reach(limit, by[row], float(shares[row]), float(now[row]), as_of, days) for row, limit in enumerate(limits)
    )


def unknown(name: str, unit: str, days: int, why: str, bound: float | None = None) -> Reach:
    """A limit of which nobody knows when it is reached, and why."""
    return Reach(safe(name), unit, bound, None, None, None, None, None, days, note=safe(why))


def levelled(value: Callable[[int], float | None], units: NDArray[np.int64]) -> Array | None:
    """``value`` of each number of units, worked out at a few levels and drawn straight between them.

    Returns:
        The shape of ``units``; ``None`` where a value is unknown.
    """
    low, high = int(units.min()), int(units.max())
    levels = np.unique(np.linspace(low, high, min(_LEVELS, high - low + 1)).round().astype(int))
    values = [value(int(level)) for level in levels]
    if any(each is None for each in values):
        return None
    found: Array = np.interp(units, levels, np.array(values, dtype=float))
    return found


def _reach(  # noqa: PLR0917 - one call
    limit: Limit, by: NDArray[np.int64], share: float, now: float, as_of: datetime, days: int
) -> Reach:
    p10, p50, p90 = (int(day) if day <= days else None for day in by)
    dates = [None if day is None else as_of + timedelta(days=day) for day in (p10, p50, p90)]
    return Reach(
        safe(limit.name),
        limit.unit,
        rounded(limit.bound),
        rounded(now),
        p10,
        p50,
        p90,
        percent(share),
        days,
        dates[0],
        dates[1],
        dates[2],
        shared_by=limit.shared_by,
        note=limit.note,
    )
