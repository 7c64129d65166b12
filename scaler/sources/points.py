"""Raw times and values of one series → points that keep the promises of :class:`Points`, or the reason why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from scaler.sources.interface import InvalidPoints, MetricQuery, Points

if TYPE_CHECKING:
    from numpy.typing import NDArray

Place = Callable[[int], str]
"""Where the value at an index was read, e.g. ``line 17``."""


def assemble(
    query: MetricQuery, times: NDArray[np.int64], values: NDArray[np.float64], *, place: Place | None = None
) -> Points:
    """Sort by time, merge equal duplicates, refuse what cannot be right. Negative values are history's to judge.

    Args:
        times: shape ``(n,)``, seconds since the epoch, any order.
        values: shape ``(n,)``, any values.

    Raises:
        InvalidPoints: a value is NaN or infinite, or one time has two different values.
    """
    _refuse_non_finite(query, times, values, place)
    notes: list[str] = []
    if times.size and np.any(np.diff(times) < 0):
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
        notes.append("points were out of order and have been sorted")
    else:
        order = np.arange(times.size)
    repeats = np.flatnonzero(np.diff(times) == 0)
    if repeats.size:
        _refuse_conflict(query, times, values, repeats=repeats, order=order, place=place)
        keep = np.ones(times.size, dtype=bool)
        keep[repeats + 1] = False
        times, values = times[keep], values[keep]
        notes.append(f"{repeats.size} duplicate point{'s' if repeats.size > 1 else ''} with equal values merged")
    return Points(times=times.astype(np.int64), values=values.astype(np.float64), notes=tuple(notes))


def invalid(query: MetricQuery, what: str, *, why: str) -> InvalidPoints:
    """The refusal of a series because of its points."""
    return InvalidPoints(
        f"{query.workload}: {what}",
        why=f"{query.metric.describe()}: {why}",
        next_step="Correct the point at its source, or leave it out: an absent point counts as a gap, never as zero.",
    )


def _refuse_non_finite(
    query: MetricQuery, times: NDArray[np.int64], values: NDArray[np.float64], place: Place | None
) -> None:
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        first = int(wrong[0])
        name = "NaN" if np.isnan(values[first]) else "infinity"
        more = f", and {wrong.size - 1} more" if wrong.size > 1 else ""
        raise invalid(
            query, f"a value is {name}", why=f"{name} at {format_time(int(times[first]))}{_at(place, first)}{more}"
        )


def _refuse_conflict(
    query: MetricQuery,
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    *,
    repeats: NDArray[np.intp],
    order: NDArray[np.intp],
    place: Place | None,
) -> None:
    conflicts = repeats[values[repeats] != values[repeats + 1]]
    if conflicts.size:
        first = int(conflicts[0])
        raise invalid(
            query,
            "one time has two values",
            why=f"{format_time(int(times[first]))} has {values[first]:g}{_at(place, int(order[first]))} "
            f"and {values[first + 1]:g}{_at(place, int(order[first + 1]))}",
        )


def _at(place: Place | None, index: int) -> str:
    return f" ({place(index)})" if place else ""


def format_time(seconds: int) -> str:
    """A time as ``2026-11-21T10:00:00Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
