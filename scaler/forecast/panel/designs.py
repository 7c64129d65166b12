"""Design matrices that all rows of a group share: columns of wall time, with a ridge penalty each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.panel.grid import Array, Index, Season

#: Slots of a week that get a column of their own: half hours. Finer steps share the column of their hour.
MOST_WEEK_SLOTS = 336
HOURS_OF_WEEK = 168
#: Harmonics of the day and of the week in the smooth design.
DAY_HARMONICS = 8
WEEK_HARMONICS = 24
#: Penalties as a number of observations: what a slot must have been seen to count half.
DAY_SLOT_PENALTY = 0.3
WEEKDAY_PENALTY = 1.0
WEEK_SLOT_PENALTY = 2.0
TREND_PENALTY = 0.05


@dataclass(frozen=True, eq=False)
class Design:
    """Columns over history and horizon.

    Attributes:
        name: how the plan calls it.
        columns: shape ``(steps + horizon, p)``.
        penalty: shape ``(p,)``, in squared units of the columns; the intercept is free.
    """

    name: str
    columns: Array
    penalty: Array


def designs(slot_of_week: Index, season: Season, history: int) -> tuple[Design, ...]:
    """The smooth and the stepped design for a grid; without a week of history only what a day can tell."""
    weekly = history >= season.week + season.day
    return (_smooth(slot_of_week, season, weekly), _stepped(slot_of_week, season, weekly))


def _smooth(slots: Index, season: Season, weekly: bool) -> Design:
    """Fourier terms of the day and the week."""
    frequencies = [7 * k for k in range(1, min(DAY_HARMONICS, season.day // 2) + 1)]
    if weekly:
        frequencies += [k for k in range(1, min(WEEK_HARMONICS, season.week // 2) + 1) if k % 7]
    angle = 2 * np.pi * np.outer(slots, np.asarray(sorted(frequencies), dtype=float)) / season.week
    columns = np.concatenate([np.ones((slots.size, 1)), np.cos(angle), np.sin(angle)], axis=1)
    penalty = np.concatenate([[0.0], np.full(2 * len(frequencies), 0.5)])
    return Design("fourier", columns, penalty)


def _stepped(slots: Index, season: Season, weekly: bool) -> Design:
    """A level per slot of the day, per weekday and per slot of the week, each shrunk to the one before."""
    blocks, penalties = [np.ones((slots.size, 1))], [np.zeros(1)]
    if season.day > 1:
        blocks.append(_one_hot(slots % season.day, season.day))
        penalties.append(np.full(season.day, DAY_SLOT_PENALTY))
    if weekly:
        blocks.append(_one_hot(slots // season.day, 7))
        penalties.append(np.full(7, WEEKDAY_PENALTY))
        if season.day > 1:
            width = 1 if season.week <= MOST_WEEK_SLOTS else season.week // HOURS_OF_WEEK
            count = -(-season.week // width)
            blocks.append(_one_hot(slots // width, count))
            penalties.append(np.full(count, WEEK_SLOT_PENALTY * width))
    return Design("slots", np.concatenate(blocks, axis=1), np.concatenate(penalties))


def _one_hot(slots: NDArray[np.int64], count: int) -> Array:
    hot: Array = (slots[:, None] == np.arange(count)[None, :]).astype(np.float64)
    return hot
