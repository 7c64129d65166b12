"""Weeks of a fleet on one grid: what a young workload's days are likely to look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import WEEK_SECONDS, wall_clock
from scaler.history.interface import Panel

HOURS = 168
# Weeks that are read of each workload, and those it must have: one to condition on, one to forecast.
MOST_WEEKS, LEAST_WEEKS = 6, 2
# More workloads than this change a covariance of 168 hours little.
MOST_MEMBERS = 64
# A week with more gaps than this is left out.
LEAST_OBSERVED = 0.8

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fleet:
    """Weeks that end at the time of the week at which the young workload's history ends.

    Attributes:
        windows: shape ``(weeks, 2 · 168 · per_hour)``: the week before that time and the one after it.
        members: which workload each week belongs to, shape ``(weeks,)``.
        names: workloads, in the order of their numbers in ``members``.
        per_hour: steps in an hour.
    """

    windows: Floats
    members: NDArray[np.int64]
    names: tuple[str, ...]
    per_hour: int

    def hourly(self) -> Floats:
        """Hourly means, shape ``(weeks, 336)``."""
        means: Floats = self.windows.reshape(self.windows.shape[0], 2 * HOURS, self.per_hour).mean(axis=2)
        return means


def fleet_of(
    panel: Panel, *, timezones: tuple[str, ...], timezone: str, without: str, only: str | None = None
) -> Fleet | None:
    """The weeks of the other workloads of a panel, at the same wall time each in its own zone.

    Workloads that stood still are left out, so that an idle one beside them changes nothing; their order
    means nothing.

    Args:
        timezones: one per workload of the panel.
        timezone: of the young workload, named ``without``.
        only: read no other workload than this one.
    """
    step = panel.step_seconds
    if step > 3_600 or 3_600 % step:
        return None
    per_hour, week = 3_600 // step, WEEK_SECONDS // step
    start = int(panel.start.timestamp())
    here = _wall_offset(start, step, panel.steps, timezone)
    windows: list[Floats] = []
    members: list[int] = []
    names: list[str] = []
    for name, row, zone in sorted(zip(panel.names, panel.values, timezones, strict=True), key=lambda each: each[0]):
        if name == without or (only is not None and name != only) or len(names) >= MOST_MEMBERS:
            continue
        shift = (here - _wall_offset(start, step, panel.steps, zone)) // step
        found = _weeks(row, shift, week)
        if found:
            windows += found
            members += [len(names)] * len(found)
            names.append(name)
    if not windows:
        return None
    return Fleet(np.stack(windows), np.asarray(members), tuple(names), per_hour)


def _wall_offset(start: int, step: int, steps: int, timezone: str) -> int:
    """How far the wall clock runs ahead of UTC at the cutoff."""
    return int(wall_clock(start, step, steps + 1, timezone)[-1]) - (start + step * steps)


def _weeks(row: Floats, shift: int, week: int) -> list[Floats]:
    """Pairs of weeks around the same time of the week, newest first; gaps filled from the neighbouring weeks."""
    found = []
    for number in range(1, MOST_WEEKS + 1):
        # The second week of a pair ends at or before the cutoff: nothing of the future is read.
        middle = row.size + shift - number * week
        if shift > 0 and number == 1:
            continue
        if middle - week < 0 or middle + week > row.size:
            continue
        window = row[middle - week : middle + week]
        seen = np.isfinite(window)
        if seen.mean() < LEAST_OBSERVED or not window[seen].max() > window[seen].min():
            continue
        other = np.roll(window, week)
        filled = np.where(seen, window, np.where(np.isfinite(other), other, np.median(window[seen])))
        found.append(filled)
    return found if len(found) >= LEAST_WEEKS - 1 else []


#: Below this much history a workload is young: until every weekday has been seen, others know better.
YOUNG_SECONDS = WEEK_SECONDS
