"""Rows of a panel on a regular grid of local wall time, in groups that share one design.

Seasons follow the wall clock, so each row is laid onto the grid of its own wall time: the hour that spring skips is
missing, the hour that autumn repeats is averaged. Rows with the same grid are solved together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import DAY_SECONDS, wall_clock

Array = NDArray[np.float64]
Index = NDArray[np.int64]

#: Histories up to this length are used to the step; longer ones from the first whole day, so that rows share a grid.
EXACT_DAYS = 2


@dataclass(frozen=True)
class Season:
    """Steps of a day and of a week; at a step of a day the day has one step."""

    day: int
    week: int

    @staticmethod
    def of(step_seconds: int) -> Season:
        """Seasons of a step; one that does not divide a day gets the nearest whole number of steps."""
        return Season(max(1, round(DAY_SECONDS / step_seconds)), max(1, round(7 * DAY_SECONDS / step_seconds)))

    @property
    def slots(self) -> int:
        """Length of the season whose slots have a scale of their own: the day, or the week for daily steps."""
        return self.day if self.day > 1 else self.week


@dataclass(frozen=True, eq=False)
class LocalGroup:
    """Rows on one grid of wall time.

    Attributes:
        rows: indices into the panel.
        values: shape ``(rows, steps)``, NaN is missing.
        slot_of_week: shape ``(steps + horizon,)``: slot within the local week of each step, horizon included.
        horizon_index: shape ``(horizon_steps,)``: the local step, counted from the cutoff, of each step asked for.
    """

    rows: Index
    values: Array
    slot_of_week: Index
    horizon_index: Index

    @property
    def steps(self) -> int:
        """Local steps of history."""
        return int(self.values.shape[1])

    @property
    def horizon(self) -> int:
        """Local steps to forecast."""
        return int(self.horizon_index[-1]) + 1


def local_groups(
    values: Array, *, start_epoch: int, step_seconds: int, horizon_steps: int, timezones: Sequence[str]
) -> list[LocalGroup]:
    """Group the rows by wall clock and by the day of their first observation.

    Args:
        values: shape ``(n, t)``; every row has an observation.
        timezones: IANA name per row.
    """
    season = Season.of(step_seconds)
    first = np.argmax(np.isfinite(values), axis=1)
    steps = values.shape[1]
    exact = steps - first <= EXACT_DAYS * season.day
    whole_days = steps - (steps - first) // season.day * season.day
    first = np.where(exact, first, whole_days)
    clocks: dict[bytes, Index] = {}
    members: dict[tuple[bytes, int], list[int]] = {}
    for row, (begin, zone) in enumerate(zip(first.tolist(), timezones, strict=True)):
        clock = wall_clock(start_epoch, step_seconds, steps + horizon_steps, zone)
        shift = (clock - start_epoch - step_seconds * np.arange(clock.size)).tobytes()
        clocks.setdefault(shift, clock)
        members.setdefault((shift, begin), []).append(row)
    return [
        _laid_out(values[rows, begin:], np.asarray(rows), clocks[shift][begin:], step_seconds, season)
        for (shift, begin), rows in sorted(members.items(), key=lambda item: item[1][0])
    ]


def _laid_out(values: Array, rows: Index, clock: Index, step_seconds: int, season: Season) -> LocalGroup:
    history = values.shape[1]
    position = np.rint((clock - clock[0]) / step_seconds).astype(np.int64)
    # The grid ends where the history does: the first step of the horizon is local step ``steps``.
    steps = int(position[:history].max()) + 1
    ahead = np.maximum(position[history:] - steps, 0)
    if np.array_equal(position, np.arange(position.size)):
        local = values
    else:
        local = np.full((rows.size, steps), np.nan)
        local[:, position[:history]] = values
        twice = np.flatnonzero(np.bincount(position[:history], minlength=steps) > 1)
        for step in twice.tolist():
            both = values[:, position[:history] == step]
            seen = np.isfinite(both)
            total = np.where(seen, both, 0.0).sum(axis=1)
            local[:, step] = np.where(seen.any(axis=1), total / np.maximum(seen.sum(axis=1), 1), np.nan)
    first_slot = round(int(clock[0]) / step_seconds)
    slots = (first_slot + np.arange(steps + int(ahead[-1]) + 1)) % season.week
    return LocalGroup(rows, local, slots, ahead)
